"""The gateway's HTTP API: the same commands by GET and POST, answered in plain text."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl

from clicksoap.codes import ERRORS
from clicksoap.contract import MAX_HTTP_RECIPIENTS
from clicksoap.simulator.front.calls import MAX_BODY, Answer, Call, Incoming, UnreadableError
from clicksoap.simulator.front.parameters import canonical, normalised
from clicksoap.simulator.masking import masked_form

"""Recipients of one request, by its method; these are also the methods there are."""

COVERAGE_FOLDER: Final = "/utils/"
"""Where coverage is asked for; of all paths, these alone are written in any case."""

_FOLDERS: Final = {
    "/http": ("auth", "ping", "sendmsg", "querymsg", "delmsg", "getbalance", "getmsgcharge", "token_pay"),
    "/mms": ("si_push", "ind_push"),
    "/http_batch": ("startbatch", "senditem", "quicksend", "endbatch"),
}
PATHS: Final = {
    f"{folder}/{name}{ending}": name for folder, names in _FOLDERS.items() for name in names for ending in ("", ".php")
}
"""The command of every path but those of coverage."""

_COVERAGE: Final = "routecoverage"
_RECIPIENTS: Final = "to"
# Only here are names told apart by their case: sending takes cliMsgId as well, asking does not.
_ASKING: Final = frozenset({"querymsg", "delmsg"})
_NOT_FOR_ASKING: Final = "cliMsgId"

_ENCODING: Final = "iso-8859-1"
_PLAIN: Final = {"content-type": "text/plain; charset=ISO-8859-1"}
_FORM: Final = "application/x-www-form-urlencoded"
_NOT_FOUND: Final = "NotFound"
_TOO_LARGE: Final = "TooLarge"
_WORDS: Final = {_NOT_FOUND: (404, "Not Found"), _TOO_LARGE: (413, "Content Too Large")}


class HttpApi:
    """The HTTP API."""

    @property
    def name(self) -> str:
        """What the exchanges call it."""
        return "http"

    def max_recipients(self, incoming: Incoming) -> int:
        """The most recipients of a request."""
        return MAX_HTTP_RECIPIENTS[incoming.method]

    def read(self, incoming: Incoming) -> Call:
        """Read a request.

        Raises:
            UnreadableError: The path is none of the API's, or the body too large.
        """
        command = _command(incoming.path)
        if command is None:
            raise UnreadableError("there is no such path", _NOT_FOUND)
        if len(incoming.body) > MAX_BODY:
            raise UnreadableError("the request is too large", _TOO_LARGE)
        given = _given(command, (*_pairs(incoming.query), *_pairs(_form(incoming))))
        to = given.pop(_RECIPIENTS, "")
        return Call(command, normalised(given.items()), tuple(to.split(",")))

    def write(self, incoming: Incoming, call: Call, lines: list[str]) -> Answer:  # noqa: ARG002 - SOAP needs them
        """The answer that holds the lines of a reply."""
        return Answer(200, _PLAIN, "\n".join(lines).encode(_ENCODING, "replace"))

    def refuse(self, incoming: Incoming, error: UnreadableError) -> Answer:  # noqa: ARG002 - likewise
        """The answer to what could not be read, or not be carried out."""
        if error.code in _WORDS:
            status, text = _WORDS[error.code]
            return Answer(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())
        return Answer(200, _PLAIN, f"ERR: 901, {ERRORS['901']}".encode())

    def masked(self, incoming: Incoming) -> str:
        """The query, and the form on a line of its own, without their secrets."""
        return "\n".join(masked_form(part) for part in (incoming.query, incoming.body) if part)


def _command(path: str) -> str | None:
    word = path.removeprefix(COVERAGE_FOLDER).removesuffix(".php").lower()
    return _COVERAGE if word == _COVERAGE and path.startswith(COVERAGE_FOLDER) else PATHS.get(path)


def _form(incoming: Incoming) -> bytes:
    kind = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
    return incoming.body if incoming.method == "POST" and kind in {"", _FORM} else b""


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    """The pairs of a query or a form. Every byte is a character, so what was encoded as UTF-8 comes out mangled."""
    return parse_qsl(encoded.decode(_ENCODING), encoding=_ENCODING)


def _given(command: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters that carry a value; of one that is given twice, the last."""
    skipped = {_NOT_FOR_ASKING} if command in _ASKING else set[str]()
    return {canonical(name): value for name, value in pairs if name not in skipped}
