"""The gateway's HTTP API: the same commands as forms, the same lines as plain text."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from clicksoap.checks import check_text, iterable, plain_str
from clicksoap.codes import ERRORS
from clicksoap.contract import BATCH_FIELDS, CLIENT_ID_COMMANDS, COMMANDS, MAX_HTTP_RECIPIENTS, Dialect
from clicksoap.errors import InvalidInput, NotExpressible, ProtocolError
from clicksoap.protocol.bindings import Capabilities
from clicksoap.protocol.bindings.http_status import is_success, status_error
from clicksoap.protocol.endpoint import HttpMethod
from clicksoap.protocol.operations import Parameters, Value
from clicksoap.protocol.replies import Failure, Identified, Line, read
from clicksoap.protocol.wire import MAX_REPLY_BYTES, WireReply, WireRequest
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


_BOMS: Final = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_LINE_END: Final = re.compile(r"(?i)[\r\n]+|<br ?/?>")
_LENGTH_DIGITS: Final = len(str(MAX_REPLY_BYTES))
# An id or a session of the gateway has 32 hexadecimal digits.
_GATEWAY_ID: Final = re.compile(r"(?i)[0-9a-f]{32}", re.ASCII)
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
        parameters: Parameters,
        secrets: Sequence[str] = (),
    ) -> list[str]:
        """The lines of the body; see `clicksoap.protocol.bindings.Binding`."""
        text = _text(reply.body)
        content = text.strip()
        lines = [] if not content or content.startswith("<") else [line.strip() for line in _LINE_END.split(content)]
        if not is_success(reply):
            # A page of a proxy may hold a line that looks like one of the gateway's.
            if lines and _is_whole(text, reply) and all(_is_sure(line, parameters) for line in lines if line):
                return lines
            raise status_error(reply, secrets)
        if not _is_whole(text, reply):
            raise ProtocolError(
                f"HTTP {reply.status} with a body of no stated length that may be cut off", status=reply.status
            )
        if not content:
            raise ProtocolError(f"HTTP {reply.status} with an empty body", status=reply.status)
        if not lines:
            raise ProtocolError(
                f"HTTP {reply.status} with a document instead of the gateway's lines", status=reply.status
            )
        return lines


def _text(body: bytes) -> str:
    """The body's text: in the encoding of its byte order mark, else in ISO-8859-1, which the HTTP API speaks."""
    for mark, encoding in _BOMS.items():
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    return body.decode("latin-1")


def _is_sure(line: str, parameters: Parameters) -> bool:
    """Whether a line is the gateway's own beyond doubt: its kind of id, an asked recipient, or a documented number."""
    (read_line,) = read([line])
    if isinstance(read_line, Failure):
        return read_line.code in ERRORS
    if not isinstance(read_line, Identified):
        return type(read_line) is not Line
    return _GATEWAY_ID.fullmatch(read_line.message_id) is not None or read_line.to in _asked(parameters)


def _asked(parameters: Parameters) -> Sequence[str]:
    to = parameters.get("to", ())
    return to if isinstance(to, Sequence) and not isinstance(to, str) else [plain_str(to)]


def _is_whole(text: str, reply: WireReply) -> bool:
    """Whether a reply can be trusted to have come to its end.

    Plain text has no end of its own: a body that ends with the connection might be a cut id or a cut amount. A line
    break or a complete id at its end shows that it is not; so does a stated length that is the body's.
    """
    length = reply.headers.get("content-length", "")
    is_stated = length.isascii() and length.isdigit() and len(length) <= _LENGTH_DIGITS
    if is_stated and "content-encoding" not in reply.headers:
        is_stated = int(length) == len(reply.body)
    chunked = reply.headers.get("transfer-encoding", "").strip().lower() == "chunked"
    return chunked or is_stated or text.endswith("\n") or _ENDS_IN_ID.search(text) is not None


def _written(name: str, value: Value) -> str:
    if isinstance(value, bool):
        raise InvalidInput(f"{name} is bool: give an int")
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise InvalidInput(f"{name} is not finite: give a finite number")
        return f"{value:f}"
    if isinstance(value, int):
        return plain_str(value)
    if isinstance(value, str):
        return _latin(name, check_text(value, name))
    items: Sequence[Any] = list(iterable(value, name))
    if not items:
        raise InvalidInput(f"{name} is empty: give at least one")
    try:
        joined = check_text(",".join(items), name)
    except TypeError:  # not all are strs
        joined = ",".join([_item(f"{name}[{index}]", item) for index, item in enumerate(items)])
    return _latin(name, joined)


def _item(name: str, item: object) -> str:
    if isinstance(item, bool) or not isinstance(item, str | int):
        raise InvalidInput(f"{name} is {type(item).__name__}: give a str or an int")
    return check_text(plain_str(item), name)


def _latin(name: str, text: str) -> str:
    if not text.isascii() and not all(char <= "\xff" for char in text):
        raise NotExpressible(
            f"{name} holds characters outside ISO-8859-1, which is all that http carries here: use document_literal"
        )
    return text
