"""The gateway's HTTP API: the commands by GET and POST, answered in plain text."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import chain
from typing import Final
from urllib.parse import parse_qsl

from clicksoap.codes import ERRORS
from clicksoap.contract import MAX_HTTP_RECIPIENTS, SERVICE_PATHS
from clicksoap.simulator.front.command import Command, UnreadableError
from clicksoap.simulator.front.http_values import MAX_BODY, HttpAnswer, HttpRequest
from clicksoap.simulator.front.parameters import canonical, normalised
from clicksoap.simulator.front.reasons import Refusal, refusal
from clicksoap.simulator.front.warnings import bounded, form_warnings, value_warnings
from clicksoap.simulator.masking import masked_form

COVERAGE_FOLDER: Final = "/utils/"
"""The folder of the coverage command; the case of letters does not matter in its paths, unlike in all others."""

_FOLDERS: Final = {
    "/http": ("auth", "ping", "sendmsg", "querymsg", "delmsg", "getbalance", "getmsgcharge", "token_pay"),
    "/mms": ("si_push", "ind_push"),
    "/http_batch": ("startbatch", "senditem", "quicksend", "endbatch"),
}
PATHS: Final = {
    f"{folder}/{name}{ending}": name for folder, names in _FOLDERS.items() for name in names for ending in ("", ".php")
}
"""The command of every path, except the paths of the coverage command."""

_COVERAGE: Final = "routecoverage"
_RECIPIENTS: Final = "to"
# The case of a name matters here only: the sending commands take cliMsgId as well, these two take climsgid alone.
_LOOKUP_COMMANDS: Final = frozenset({"querymsg", "delmsg"})
_NOT_FOR_LOOKUPS: Final = "cliMsgId"

_ENCODING: Final = "iso-8859-1"
_PLAIN: Final = {"content-type": "text/plain; charset=ISO-8859-1"}
_FORM: Final = "application/x-www-form-urlencoded"
_NOT_FOUND: Final = "NotFound"
_TOO_LARGE: Final = "TooLarge"
_MAX_PATH: Final = 100  # characters of a path that is compared with those of the gateway
_STATUSES: Final = {_NOT_FOUND: (404, "Not Found"), _TOO_LARGE: (413, "Content Too Large")}


class HttpApiService:
    """The HTTP API as a service."""

    @property
    def name(self) -> str:
        """The service's name in the recorded exchanges."""
        return "http"

    @property
    def has_faults(self) -> bool:
        """True if it can refuse a request as a whole by a SOAP Fault."""
        return False

    def read(self, request: HttpRequest) -> Command:
        """Read the command of a request.

        Raises:
            UnreadableError: The path is not one of the API's, or the body is too large.
        """
        name = _command(request.path)
        if name is None:
            raise UnreadableError("there is no such path", _NOT_FOUND, path_refusal(request.path))
        if len(request.body) > MAX_BODY:
            why = refusal("413", "", f"more than {MAX_BODY} bytes", "send fewer recipients in a request")
            raise UnreadableError("the request is too large", _TOO_LARGE, why)
        pairs = (*_pairs(request.query), *_pairs(_form(request)))
        given = _given(name, pairs)
        to = tuple(number.strip() for number in given.pop(_RECIPIENTS, "").split(","))
        values = normalised(given.items())
        noticed = chain(form_warnings(name, request, (name for name, _ in pairs)), value_warnings(values))
        limit = MAX_HTTP_RECIPIENTS[request.method]
        return Command(name, values, to, limit, request.peer, warnings=bounded(noticed))

    def write(self, command: Command, lines: list[str]) -> HttpAnswer:  # noqa: ARG002 - SOAP needs the command
        """The answer that holds the lines of a reply."""
        return HttpAnswer(200, _PLAIN, "\n".join(lines).encode(_ENCODING, "replace"))

    def refuse(self, error: UnreadableError) -> HttpAnswer:
        """The answer to a request that could not be read or executed."""
        if error.code in _STATUSES:
            status, text = _STATUSES[error.code]
            return HttpAnswer(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())
        return HttpAnswer(200, _PLAIN, f"ERR: 901, {ERRORS['901']}".encode())

    def masked(self, request: HttpRequest) -> str:
        """The query, and the form on a line of its own, without their secrets."""
        return "\n".join(masked_form(part) for part in (request.query, request.body) if part)


def path_refusal(path: str) -> Refusal:
    """The reason of a request for a path that the gateway does not have, with the nearest path that it has."""
    known = (*SERVICE_PATHS, *PATHS, f"{COVERAGE_FOLDER}{_COVERAGE}")
    same = next((each for each in known if each.lower() == path.lower()), None)
    if same is not None:
        return refusal("404", "", "the case of letters counts in paths", f"send to {same}", value=path)
    close = get_close_matches(path[:_MAX_PATH].lower(), known, n=1)
    mend = f"send to {close[0]}" if close else f"send to {', '.join(SERVICE_PATHS)}, or to the HTTP API under /http/"
    return refusal("404", "", "the gateway has no such path", mend, value=path)


def _command(path: str) -> str | None:
    word = path.removeprefix(COVERAGE_FOLDER).removesuffix(".php").lower()
    return _COVERAGE if word == _COVERAGE and path.startswith(COVERAGE_FOLDER) else PATHS.get(path)


def _form(request: HttpRequest) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.body if request.method == "POST" and kind in {"", _FORM} else b""


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    """The pairs of a query or a form. Every byte is one character, so UTF-8 comes out mangled."""
    return parse_qsl(encoded.decode(_ENCODING), encoding=_ENCODING)


def _given(command: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The parameters that carry a value; the last value of a parameter that is given twice."""
    skipped = {_NOT_FOR_LOOKUPS} if command in _LOOKUP_COMMANDS else set[str]()
    return {canonical(name): value for name, value in pairs if name not in skipped}
