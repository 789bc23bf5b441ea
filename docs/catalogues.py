"""Generator of the catalogues among the reference pages, from the WSDLs and the program.

``python docs/catalogues.py`` writes commands.md, codes.md, defaults.md, proofs.md and simulator-reasons.md into
docs/reference.
"""

import ast
import dataclasses
import inspect
import itertools
import re
import sys
import tomllib
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Any, Final, NamedTuple

from lxml import etree

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from clicksoap import Client, Retry, Timeout, codes, contract, errors, options  # noqa: E402 - the sources beside
from clicksoap.callbacks import Callbacks  # noqa: E402
from clicksoap.config import _ALL as SETTINGS  # noqa: E402
from clicksoap.outbox import CampaignState, Happening, MessageState, Outbox, RequestState, states  # noqa: E402
from clicksoap.outbox.campaigns import problems  # noqa: E402
from clicksoap.protocol import operations  # noqa: E402
from clicksoap.protocol.bindings.http import _PATHS, _RENAMED, _SPELLS_CLI_MSG_ID  # noqa: E402
from clicksoap.protocol.reconciling import BELIEVE_AFTER  # noqa: E402
from clicksoap.protocol.wire import MAX_REPLY_BYTES  # noqa: E402
from clicksoap.results import State  # noqa: E402
from clicksoap.text import MAX_PARTS  # noqa: E402
from clicksoap.transports import connection_limits  # noqa: E402
from tests.proofs import table as proofs  # noqa: E402

REFERENCE: Final = ROOT / "docs/reference"
REFUSALS: Final = ROOT / "tests/samples/refusals"
GENERATED: Final = "This page is generated from the program: `python docs/catalogues.py`.\n"

METHODS: Final = {
    "auth": "authenticate()",
    "ping": "ping()",
    "sendmsg": "send(to, message)",
    "querymsg": "status(message_id)",
    "delmsg": "stop(message_id)",
    "getbalance": "balance()",
    "routecoverage": "coverage(number)",
    "getmsgcharge": "charge(message_id)",
    "token_pay": "redeem(voucher)",
    "si_push": "send(to, WapPush(...))",
    "ind_push": "send(to, MmsNotification(...))",
    "startbatch": "batch(template)",
    "senditem": "Batch.send(to, *fields)",
    "quicksend": "Batch.quicksend(to)",
    "endbatch": "the end of the `with` block",
}
"""The method behind each command, by Document/Literal's names."""

_SERVICE: Final = "`service` alone"
ARGUMENTS: Final[dict[str | tuple[str, str], str]] = {
    "session_id": "the client's own session",
    "api_id": "`Client(api_id=)`",
    "user": "`Client(user=)`",
    "password": "`Client(password=)`",
    "to": "`to`",
    "text": "`message`; hexadecimal if `unicode` is 1",
    "from": "`sender=`",
    "concat": "counted from the text; `max_parts=` limits it",
    "msg_callback": "`callback=`",
    "deliv_ack": "`delivery_receipt=`",
    "deliv_time": "`deliver_after=` or `deliver_at=`",
    "max_credits": "`max_credits=`",
    "req_feat": "`features=`, and what the message needs",
    "queue": "`queue=`",
    "escalate": "`escalate=`",
    "mo": "`two_way=`",
    "climsgid": "`client_message_id=`; made up if left out",
    "unicode": "`Text(unicode=)`; found from the text",
    "msg_type": "`Text(flash=)` or `Binary(type=)`",
    "udh": "`Binary(udh=)`",
    "data": "`Binary(data=)`",
    "validity": "`validity=`",
    "apimsgid": "`message_id`",
    "msisdn": "`number`",
    "token": "`voucher`",
    "template": "`template`",
    "batch_id": "the id of the `Batch`",
    "si_id": "`WapPush(id=)`; made up if left out",
    "si_url": "`WapPush(url=)`",
    "si_text": "`WapPush(text=)`",
    "si_created": "`WapPush(created=)`",
    "si_expires": "`WapPush(expires=)`",
    "si_action": "`WapPush(action=)`",
    "mms_subject": "`MmsNotification(subject=)`",
    "mms_class": "`MmsNotification(class_=)`",
    "mms_expire": "`MmsNotification(expires=)`",
    "mms_from": "`MmsNotification(sender=)`",
    "mms_url": "`MmsNotification(url=)`",
    **{f"field{number}": "`*fields`" for number in range(1, 11)},
    ("si_push", "unicode"): _SERVICE,
    ("si_push", "concat"): _SERVICE,
    ("ind_push", "concat"): _SERVICE,
    ("startbatch", "unicode"): "found from the template",
    ("startbatch", "msg_type"): _SERVICE,
    ("startbatch", "udh"): _SERVICE,
    ("startbatch", "data"): _SERVICE,
    ("startbatch", "climsgid"): "`client_message_id=`",
    ("querymsg", "climsgid"): "`client_message_id=`",
    ("delmsg", "climsgid"): "`client_message_id=`",
}
"""The argument behind each parameter; with a command before it where that command differs."""

_IDENTITY: Final = ("session_id", "api_id", "user", "password")
_SOAP: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"


class Part(NamedTuple):
    """A parameter of a command in one WSDL."""

    name: str
    type: str
    is_required: bool


# The WSDLs


def parts(dialect: contract.Dialect) -> dict[str, list[Part]]:
    """The parameters of each operation of a WSDL, in its order."""
    root = etree.fromstring(contract.wsdl(dialect))
    if dialect is contract.Dialect.RPC_ENCODED:
        messages = {each.get("name"): each for each in root.iter(f"{_SOAP}message")}
        return {
            operation.get("name", ""): [
                Part(part.get("name", ""), _type(part), is_required=True)
                for part in messages[operation.find(f"{_SOAP}input").get("message", "").partition(":")[2]]  # type: ignore[union-attr]
            ]
            for operation in root.iter(f"{_SOAP}operation")
            if operation.getparent().tag == f"{_SOAP}portType"  # type: ignore[union-attr]
        }
    wrappers = {each.get("name", ""): each for each in root.iter(f"{_XSD}element") if each.get("name")}
    return {
        name: [
            Part(each.get("name", ""), _type(each), each.get("minOccurs") != "0")
            for each in wrappers[name].iter(f"{_XSD}element")
            if each is not wrappers[name]
        ]
        for name in METHODS
    }


def _type(element: etree._Element) -> str:
    name = (element.get("type") or "").partition(":")[2]
    return f"{name}, repeated" if element.get("maxOccurs") == "unbounded" else name


def commands() -> str:
    """The page of the gateway's commands."""
    document, rpc = parts(contract.Dialect.DOCUMENT_LITERAL), parts(contract.Dialect.RPC_ENCODED)
    effects = {each.name: each.effect.value.partition(":")[0] for each in _operations(operations.Operation)}  # type: ignore[type-abstract]
    overview = _table(
        ("command", "method", "path of the HTTP API", "if repeated"),
        ((f"[`{_rpc_name(name)}`](#{name.lower()})", _code(method), f"`{_PATHS[name]}`", effects[name])
         for name, method in METHODS.items()),
    )  # fmt: skip
    sections = [_command(name, document[name], rpc[_rpc_name(name)]) for name in METHODS]
    identity = _table(("parameter", "argument"), ((f"`{name}`", ARGUMENTS[name]) for name in _IDENTITY))
    return f"""\
# Commands and parameters

{GENERATED}
The gateway has {len(METHODS)} commands. Each is a method of `Client` and `AsyncClient`. [The client](client.md) says
what the methods return.

{overview}
`service` calls every command with its own parameters: [legacy call sites](../how-to/legacy.md).

## Who asks

Every command but `auth` and `ping` takes the session id or the other three. `Client(auth="credentials")` sends the
other three.

{identity}{"".join(sections)}"""


def _command(name: str, document: list[Part], rpc: list[Part]) -> str:
    text = f"\n## {name}\n\n{_code(METHODS[name])}\n\n"
    others = {each.name.lower(): each for each in rpc}
    names = [each.name for each in document if each.name not in _IDENTITY]
    names += [each.name for each in rpc if each.name.lower() not in {part.name.lower() for part in document}]
    if not names:
        return f"{text}It has no parameters beside those that say who asks.\n"
    own = {each.name: each for each in document}
    rows = ((_spelled(own.get(each)), _spelled(others.get(each.lower())), f"`{_http_name(name, each)}`",
             ARGUMENTS.get((name, each)) or ARGUMENTS[each]) for each in names)  # fmt: skip
    return text + _table(("Document/Literal", "RPC/Encoded", "HTTP API", "argument"), rows)


def _operations(kind: type[operations.Operation[Any]]) -> Iterable[type[operations.Operation[Any]]]:
    for child in kind.__subclasses__():
        if hasattr(child, "name"):
            yield child
        yield from _operations(child)


def _rpc_name(name: str) -> str:
    return "routeCoverage" if name == "routecoverage" else name


def _http_name(command: str, name: str) -> str:
    return "cliMsgId" if name == "climsgid" and command in _SPELLS_CLI_MSG_ID else _RENAMED.get(name, name)


def _spelled(part: Part | None) -> str:
    if part is None:
        return ""
    return f"`{part.name}` {part.type}{'' if part.is_required else ', optional'}"


# Numbers and states


def numbers() -> str:
    """The page of error codes, message statuses and states."""
    classes = {code: kind.__name__ for kind in _kinds(errors.GatewayError) for code in kind.codes}
    error_rows = (
        (code, text, f"`{classes.get(code, 'GatewayError')}`", _concerns(code)) for code, text in codes.ERRORS.items()
    )
    status_rows = (
        (each.code, each.text, f"`{each.word}`", each.phase.value, *map(_mark, (each.is_final, each.is_delivered)),
         *map(_mark, (each.is_error, each.is_free, each.is_in_callback_table)))
        for each in codes.STATUS_DEFINITIONS.values()
    )  # fmt: skip
    status_head = ("code", "meaning", "word", "phase", "final", "delivered", "error", "free", "called back")
    return f"""\
# Numbers and states

{GENERATED}
## Error codes

Only the number decides: servers of the gateway word their texts differently. An unknown number is a `GatewayError`.

{_table(("code", "meaning", "class", "concerns"), error_rows)}
"account" stops the send, and the recipients concerned are `not_sent`. "session" is mended by a login. "message" rejects
the recipient that the line names, or the whole request if it names none. [Outcomes](../explanation/outcomes.md) has the
rules. 302 concerns the recipient if the line names one.

## Message statuses

`MessageStatus` has `code` and `text`. "free" means that the gateway charges nothing. "called back" means that the
vendor lists the status for callbacks.

{_table(status_head, status_rows)}
## States of a recipient

`RecipientResult.state`:

{_states(State)}
## States of a message of the outbox

`OutboxMessage.state`:

{_states(MessageState)}
## States of a request of the outbox

{_states(RequestState)}
## Decisions about a message of the outbox

`Outbox.resolve` takes one:

{_states(states.Decision)}
## States of a campaign

{_states(CampaignState)}
## Reasons of bad rows

`PlannedProblem` says where and why a row of a campaign is bad. Reports count rows by these kinds:

{_table(("reason", "meaning"), ((f"`{value}`", text) for value, text in _described(problems.Kind)))}
## Events of the outbox

`OutboxEvent.what`:

{_states(Happening)}"""


def _kinds(kind: type[errors.GatewayError]) -> Iterable[type[errors.GatewayError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)


def _concerns(code: str) -> str:
    if code in errors.SessionExpired.codes:
        return "session"
    return "account" if code in errors.ACCOUNT_CODES or code == "302" else "message"


def _mark(value: bool) -> str:  # noqa: FBT001 - the cell of a table
    return "yes" if value else ""


def _states(kind: type[Enum]) -> str:
    """The members of an enumeration, as its docstring describes them; several may share a line."""
    lines = re.findall(r"^- ([A-Z_, ]+): (.*(?:\n  .*)*)", inspect.cleandoc(kind.__doc__ or ""), re.MULTILINE)
    described = {name: " ".join(text.split()) for names, text in lines for name in names.split(", ")}
    if missing := kind.__members__.keys() - described.keys():
        raise ValueError(f"the docstring of {kind.__name__} does not describe {min(missing)}: add a line")
    values: dict[str, list[str]] = {}
    for each in kind:
        values.setdefault(_sentence(described[each.name]), []).append(f"`{each.value}`")
    rows = ((", ".join(alike), text) for text, alike in values.items())
    return _table(("state" if "State" in kind.__name__ else "value", "meaning"), rows)


def _described(kind: type[Enum]) -> Iterable[tuple[str, str]]:
    """The members of an enumeration whose meanings stand below each."""
    (body,) = (each.body for each in ast.parse(inspect.getsource(kind)).body if isinstance(each, ast.ClassDef))
    for before, after in itertools.pairwise(body):
        if isinstance(before, ast.Assign) and isinstance(after, ast.Expr):
            yield ast.literal_eval(before.value), _markdown(str(ast.literal_eval(after.value)))


# Options and defaults


def defaults() -> str:
    """The page of options, settings, defaults and limits."""
    message = _attributes(options.BatchOptions) | _attributes(options.SendOptions)
    arguments = _described_arguments(Client)
    settings = ((f"`{name}`", f"`CLICKSOAP_{name.upper()}`", arguments.get(name, ("", _CLIENT_KEY))[1])
                for name in sorted(SETTINGS))  # fmt: skip
    return f"""\
# Options and defaults

{GENERATED}
## Limits of the gateway

{
        _table(
            ("limit", "value"),
            (
                ("recipients of a SOAP request", contract.MAX_SOAP_RECIPIENTS),
                ("recipients of a request of the HTTP API by POST", contract.MAX_HTTP_RECIPIENTS["POST"]),
                ("recipients of a request of the HTTP API by GET", contract.MAX_HTTP_RECIPIENTS["GET"]),
                ("parts of a message", MAX_PARTS),
                (
                    "fields of a template, Document/Literal and HTTP API",
                    contract.BATCH_FIELDS[contract.Dialect.DOCUMENT_LITERAL],
                ),
                ("fields of a template, RPC/Encoded", contract.BATCH_FIELDS[contract.Dialect.RPC_ENCODED]),
            ),
        )
    }
## Limits of the client

{
        _table(
            ("limit", "value"),
            (
                ("connections of one client", connection_limits.MAX_CONNECTIONS),
                ("seconds after which an idle connection is closed", f"{connection_limits.IDLE_SECONDS:g}"),
                ("seconds of a single wait on a socket", f"{connection_limits.LONGEST_WAIT:.0f}"),
                ("bytes of a reply, unpacked", MAX_REPLY_BYTES),
                ("seconds until `reconcile` believes a denial", f"{BELIEVE_AFTER:g}"),
            ),
        )
    }
## Arguments of a client

`AsyncClient` has the same, but for `session`. [Endpoints, time limits and tries](../how-to/connect.md) explains
them.

{_arguments(arguments)}
## Time limits

`Timeout`, in seconds. A request ends at the first limit that it reaches.

{_fields(Timeout)}
## Tries

`Retry`, with pauses in seconds.

{_fields(Retry)}
## Options of a message

Each is an argument of `send`, and off if left out. `batch` takes all but the last three.

{_table(("option", "meaning"), ((f"`{name}`", text) for name, text in message.items()))}
## Settings

Each is an environment variable, a file that the variable with `_FILE` at its end names, or a key of the TOML file.
[Configure](../how-to/configure.md) has the order.

{_table(("setting", "variable", "default"), settings)}
## Arguments of an outbox

{_arguments(_described_arguments(Outbox))}
## Arguments of a receiver of callbacks

{_arguments(_described_arguments(Callbacks))}"""


_CLIENT_KEY: Final = "the key stands in the file of `client_cert`"


def _arguments(arguments: dict[str, tuple[str, str]]) -> str:
    rows = ((f"`{name}`", default, text) for name, (text, default) in arguments.items())
    return _table(("argument", "default", "meaning"), rows)


def _described_arguments(kind: Callable[..., object]) -> dict[str, tuple[str, str]]:
    """The meaning and the default of each argument of a class."""
    described = _section(inspect.getdoc(kind) or "", "Args")
    return {
        name: (described[name], _default(parameter.default))
        for name, parameter in inspect.signature(kind).parameters.items()
    }


def _default(value: object) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    if inspect.isbuiltin(value):
        return f"`{value.__module__}.{value.__name__}`"
    return f"`{value.__class__.__name__}()`" if isinstance(value, Retry) else f"`{value!r}`"


def _fields(kind: type) -> str:
    described = _attributes(kind)
    fields = {each.name: each.default for each in dataclasses.fields(kind)}
    return _table(
        ("field", "default", "meaning"),
        ((f"`{name}`", f"{default:g}", described[name]) for name, default in fields.items()),
    )


def _attributes(kind: type) -> dict[str, str]:
    return _section(inspect.getdoc(kind) or "", "Attributes")


def _section(docstring: str, title: str) -> dict[str, str]:
    """The entries of a section of a docstring, by their names."""
    found = re.search(rf"^{title}:\n((?:(?:    .*)?\n?)*)", docstring, re.MULTILINE)
    entries = re.findall(r"^    (\w+): (.*(?:\n {6,}.*)*)", found[1] if found else "", re.MULTILINE)
    return {name: _markdown(text) for name, text in entries}


# Reasons of the simulator


def reasons() -> str:
    """The page of the reasons that the simulator gives, from requests that a test sends."""
    found: dict[str, dict[str, None]] = {}
    for file in sorted(REFUSALS.glob("*.toml")):
        for case in tomllib.loads(file.read_text("utf-8"))["case"]:
            found.setdefault(case["code"], {})[case["reason"]] = None
    sections = "".join(
        f"\n## {_refusal(code)}\n\n{''.join(f'- `{each}`{chr(10)}' for each in found[code])}"
        for code in sorted(found, key=lambda code: (code not in codes.ERRORS, code))
    )
    return f"""\
# Reasons of refusals

This page is generated from `tests/samples/refusals`: `python docs/catalogues.py`. A test sends the request of each
reason to the simulator.

A reason names the parameter, its value, the rule that it breaks, and the change that mends it. The values below are
those of the test, and secrets are masked. The caller gets the gateway's own words instead.
[See why a request was refused](../how-to/simulator.md#see-why-a-request-was-refused) says where you find the reason.

Two reasons have no request of their own. One says that a [fault](simulator-faults.md) answers in place of the gateway.
The other says `the simulator failed`: please report that one.
{sections}"""


def _refusal(code: str) -> str:
    if code in codes.ERRORS:
        return f"{code}: {codes.ERRORS[code]}"
    return f"HTTP status {code}" if code.isdigit() else f"SOAP Fault {code}"


# Markdown


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [tuple(head), *(tuple(map(str, row)) for row in rows)]
    lines.insert(1, ("---",) * len(lines[0]))
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _code(method: str) -> str:
    return method if "`" in method else f"`{method}`"


def _markdown(text: str) -> str:
    return _sentence(" ".join(text.replace("``", "`").split()))


def _sentence(text: str) -> str:
    text = text.replace("``", "`")
    return text[0].upper() + text[1:].rstrip(".") + "."


PAGES: Final = {
    "commands.md": commands,
    "codes.md": numbers,
    "defaults.md": defaults,
    "proofs.md": proofs.page,
    "simulator-reasons.md": reasons,
}
"""The generated pages, each with the function that gives its content."""

if __name__ == "__main__":
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), "utf-8")
