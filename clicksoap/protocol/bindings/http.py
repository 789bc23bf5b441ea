"""The gateway's HTTP API: the same commands as forms, the same lines as plain text."""

import re
from collections.abc import Sequence
from decimal import Decimal
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from clicksoap.checks import check_text, iterable, plain_str
from clicksoap.contract import BATCH_FIELDS, CLIENT_ID_COMMANDS, COMMANDS, MAX_HTTP_RECIPIENTS, Dialect
from clicksoap.errors import InvalidInput, NotExpressible, ProtocolError
from clicksoap.protocol.bindings import Capabilities
from clicksoap.protocol.bindings.http_status import check_status
from clicksoap.protocol.endpoint import HttpMethod
from clicksoap.protocol.operations import Parameters, Value
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.text import Charset

# Vendor's HTTP API specification 2.3.8; the caps are those of its later pages.
_PATHS: Final = {
    "auth": "/http/auth",
    "ping": "/http/ping",
    "sendmsg": "/http/sendmsg",
    "querymsg": "/http/querymsg",
    "delmsg": "/http/delmsg",
    "getbalance": "/http/getbalance",
    "getmsgcharge": "/http/getmsgcharge",
    "token_pay": "/http/token_pay",
    "routecoverage": "/utils/routeCoverage.php",
    "si_push": "/mms/si_push",
    "ind_push": "/mms/ind_push.php",
    "startbatch": "/http_batch/startbatch",
    "senditem": "/http_batch/senditem",
    "quicksend": "/http_batch/quicksend",
    "endbatch": "/http_batch/endbatch",
}

_RENAMED: Final = {"msg_callback": "callback"}
# querymsg and delmsg spell it climsgid, as SOAP does.
_SPELLS_CLI_MSG_ID: Final = frozenset({"sendmsg", "si_push", "ind_push", "startbatch"})


# An id or a session of the gateway has 32 hexadecimal digits.
_ENDS_IN_ID: Final = re.compile(r"(?i):\s*[0-9a-f]{32}\Z", re.ASCII)


class HttpApi:
    """The HTTP API at an origin.

    Args:
        origin: Scheme, host and any prefix, without a trailing slash.
        method: POST, with everything in the body; or GET, with everything, credentials too, in the URL.
    """

    name = "http"

    def __init__(self, origin: str, method: HttpMethod = "POST") -> None:
        self._origin = origin
        self._method = method
        self.capabilities = Capabilities(
            commands=COMMANDS,
            client_id_commands=CLIENT_ID_COMMANDS,
            max_recipients=MAX_HTTP_RECIPIENTS[method],
            batch_fields=BATCH_FIELDS[Dialect.DOCUMENT_LITERAL],
            charset=Charset.LATIN1,
        )

    def prepare(self) -> None:
        """Do nothing: the HTTP API has no description to read."""

    def encode(self, operation: str, parameters: Parameters) -> WireRequest:
        """The request of one command; see `clicksoap.protocol.bindings.Binding`."""
        fields: dict[str, str] = {}
        for name, value in parameters.items():
            wire_name = _RENAMED.get(name, name)
            if name == "climsgid" and operation in _SPELLS_CLI_MSG_ID:
                wire_name = "cliMsgId"
            fields[wire_name] = _written(name, value)
        if "data" in fields and "udh" not in fields:
            # Octets without a header have to be announced.
            fields["binary"] = "1"
        form = urlencode(fields, encoding="latin-1")
        url = f"{self._origin}{_PATHS[operation]}"
        accepting = {"Accept": "text/plain", "Accept-Encoding": "gzip"}
        if self._method == "GET":
            return WireRequest("GET", f"{url}?{form}", accepting, b"")
        typed = {**accepting, "Content-Type": "application/x-www-form-urlencoded"}
        return WireRequest("POST", url, typed, form.encode("ascii"))

    def decode(
        self,
        reply: WireReply,
        operation: str,  # noqa: ARG002 - the lines are the same for every command
        parameters: Parameters,  # noqa: ARG002
        secrets: Sequence[str] = (),
    ) -> list[str]:
        """The lines of the body; see `clicksoap.protocol.bindings.Binding`."""
        check_status(reply, HTTPStatus.OK, secrets=secrets)
        raw = reply.body.decode("latin-1")
        if not _is_whole(raw, reply):
            raise ProtocolError("HTTP 200 with a body of no stated length that may be cut off", status=reply.status)
        text = raw.strip()
        if not text:
            raise ProtocolError("HTTP 200 with an empty body", status=reply.status)
        if text.startswith("<"):
            raise ProtocolError("HTTP 200 with a document instead of the gateway's lines", status=reply.status)
        return [line.strip() for line in text.split("\n")]


def _is_whole(text: str, reply: WireReply) -> bool:
    """Whether a reply can be trusted to have come to its end.

    Plain text has no end of its own: a body that ends with the connection might be a cut id or a cut amount. A line
    break or a complete id at its end shows that it is not.
    """
    length = reply.headers.get("content-length", "")
    chunked = reply.headers.get("transfer-encoding", "").strip().lower() == "chunked"
    return (
        chunked
        or (length.isascii() and length.isdigit())
        or text.endswith("\n")
        or _ENDS_IN_ID.search(text) is not None
    )


def _written(name: str, value: Value) -> str:
    if isinstance(value, bool):
        raise InvalidInput(f"{name} is bool: give an int")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return plain_str(value)
    if isinstance(value, str):
        return _latin(name, check_text(value, name))
    items = [plain_str(item) for item in iterable(value, name)]
    if not items:
        raise InvalidInput(f"{name} is empty: give at least one")
    return _latin(name, ",".join(items))


def _latin(name: str, text: str) -> str:
    if not text.isascii() and not all(char <= "\xff" for char in text):
        raise NotExpressible(
            f"{name} holds characters outside ISO-8859-1, which is all that http carries here: use document_literal"
        )
    return text
