"""The gateway's contract as data: the two bundled WSDLs, the service addresses, the caps."""

import importlib.resources
import sys
from enum import StrEnum
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

VENDOR_ORIGIN: Final = "https://api.clickatell.com"
"""The vendor's host; it answers on 443 for SOAP and the HTTP API alike."""

SOAP_ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
"""The namespace of SOAP 1.1 section 5 encoding, which ``rpc_encoded.wsdl`` imports without a location."""


class Dialect(StrEnum):
    """A SOAP dialect of the gateway; the value is the name of its WSDL file and of ``Client(binding=...)``."""

    DOCUMENT_LITERAL = "document_literal"
    RPC_ENCODED = "rpc_encoded"


SERVICE_PATHS: Final[dict[str, Dialect]] = {
    "/soap/document_literal/webservice": Dialect.DOCUMENT_LITERAL,
    "/soap/rpc_encoded/webservice": Dialect.RPC_ENCODED,
    "/soap/webservice_vs.php": Dialect.RPC_ENCODED,
    "/soap/webservice.php": Dialect.RPC_ENCODED,
}
"""Every documented service address and the dialect spoken there. RPC/Encoded has three: its later name, the
Visual Studio variant (the one that its WSDL names) and the original."""

DEFAULT_PATHS: Final[dict[Dialect, str]] = {
    Dialect.DOCUMENT_LITERAL: "/soap/document_literal/webservice",
    Dialect.RPC_ENCODED: "/soap/webservice_vs.php",
}
"""The address inside each WSDL."""

ORIGINAL_RPC_PATH: Final = "/soap/webservice.php"
"""The one service that calls the status-callback part ``callback``; every other says ``msg_callback``, because
``callback`` collided with a built-in name of some Visual Studio versions."""


MAX_SOAP_RECIPIENTS: Final = 300
"""Recipients of one SOAP request (vendor's overview of the SOAP API)."""

MAX_HTTP_RECIPIENTS: Final = {"POST": 600, "GET": 300}
"""Recipients of one request of the HTTP API, by HTTP method (later pages of the vendor's HTTP API specification)."""


COMMANDS: Final = frozenset(
    {
        *("auth", "ping", "sendmsg", "querymsg", "delmsg", "getbalance", "routecoverage", "getmsgcharge", "token_pay"),
        *("si_push", "ind_push", "startbatch", "senditem", "quicksend", "endbatch"),
    }
)
"""The gateway's commands, by Document/Literal's names; both WSDLs and the HTTP API have all of them."""

CLIENT_ID_COMMANDS: Final = frozenset({"sendmsg", "si_push", "ind_push", "startbatch", "querymsg", "delmsg"})
"""The commands that take a client message id (``climsgid``)."""

BATCH_FIELDS: Final[dict[Dialect, int]] = {Dialect.DOCUMENT_LITERAL: 10, Dialect.RPC_ENCODED: 4}
"""How many ``fieldN`` parameters ``senditem`` has in each WSDL; the HTTP API has ten."""


@cache
def wsdl(dialect: Dialect) -> bytes:
    """The bundled WSDL of a dialect, as bytes.

    Raises:
        FileNotFoundError: The file is not there; the text says why, and what to do.
    """
    return _content(f"{dialect}.wsdl")


@cache
def soap_encoding_schema() -> bytes:
    """A minimal schema of the SOAP encoding namespace, for zeep's loader alone.

    Raises:
        FileNotFoundError: As of `wsdl`.
    """
    return _content("soap-encoding.xsd")


def _content(name: str) -> bytes:
    try:
        return _folder().joinpath(name).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(_cause_of_missing_files()) from None


def _folder() -> Traversable:
    package = importlib.resources.files("clicksoap")
    installed = package.joinpath("wsdl")
    if installed.joinpath("document_literal.wsdl").is_file():
        return installed
    # A checkout or an editable install keeps wsdl/ beside the package. Both marks are asked for, so that a broken
    # wheel can never pick up a stranger's folder of that name from site-packages.
    root = Path(__file__).resolve().parent.parent
    beside = root / "wsdl"
    if (beside / "document_literal.wsdl").is_file() and (root / "pyproject.toml").is_file():
        return beside
    raise FileNotFoundError(_cause_of_missing_files())


def _cause_of_missing_files() -> str:
    if getattr(sys, "frozen", False):
        return (
            "this frozen application was built without the WSDLs of clicksoap: add its data files to the build "
            "(PyInstaller: --collect-data clicksoap)"
        )
    return "clicksoap was installed without its WSDLs: install it again from a complete wheel"
