"""Every argument of every public callable, with values of wrong kinds: refused by name, and before anything leaves."""

import asyncio
import enum
import functools
import inspect
import itertools
import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import pytest
from facades import FACADES

import clicksoap
from clicksoap import (
    AsyncClient,
    Binary,
    Client,
    ConfigurationError,
    Exchange,
    InvalidInput,
    MmsNotification,
    RecipientResult,
    Retry,
    Secret,
    SendReport,
    Text,
    Timeout,
    WapPush,
    transliterate,
)
from clicksoap.outbox import Decision, MessageState, Outbox
from clicksoap.simulator import Simulator

WRONG: Final[dict[str, Any]] = {
    "None": None,
    "[]": [],
    "()": (),
    "{}": {},
    'b""': b"",
    "object()": object(),
    "nan": math.nan,
    "inf": math.inf,
    "-1": -1,
    "10**400": 10**400,
    "NUL": "\0",
    "half a pair": "\ud800",
    "empty": "",
    "True": True,
    "a coroutine function": asyncio.sleep,
    "a class": type,
}

TO = "27821234567"
ACCOUNT: Final[dict[str, Any]] = {"api_id": 123456, "user": "acme", "password": "secret"}
ID = "a1b2c3d4e5f60718293a4b5c6d7e8f90"

# One value of each argument that is right; the tests replace one after the other.
METHODS: Final[dict[str, dict[str, Any]]] = {
    "send": {"to": TO, "message": "hello"},
    "status": {"message_id": ID},
    "find": {"client_message_id": ID},
    "charge": {"message_id": ID},
    "stop": {"message_id": ID},
    "coverage": {"number": TO},
    "redeem": {"voucher": "1234567890123456"},
    "batch": {"template": "Dear #field1#"},
    "segments": {"message": "hello"},
    "reconcile": {"lost": ID, "believe_after": 0},
    "with_options": {},
}
WITHOUT_ARGUMENTS: Final = {"authenticate", "ping", "balance", "close", "max_recipients", "service"}
VALUES: Final[dict[Callable[..., Any], dict[str, Any]]] = {
    Text: {"text": "hello"},
    Binary: {"data": b"\x01"},
    WapPush: {"url": "http://example.org", "text": "hello"},
    MmsNotification: {"url": "http://example.org", "subject": "hello", "sender": "Acme", "expires": timedelta(days=1)},
    Timeout: {},
    Retry: {},
    Secret: {"text": "secret"},
    transliterate: {"text": "hello"},
    SendReport.from_dict: {"data": SendReport(()).to_dict()},
    RecipientResult.from_dict: {"data": {}},
}
# What a client gives and nobody makes by hand. report_of takes whatever was raised.
GIVEN: Final = {"AsyncBatch", "Batch", "Charge", "Coverage", "Exchange", "FoundRequest", "MessageStatus"} | {
    *("QueriedStatus", "RecipientResult", "Segments", "SendReport", "report_of"),
    *("Concatenation", "DeliveryReport", "InboundMessage"),
}

# An argument whose error has another name for it, because the value is told by what it is made of.
NAMES: Final = {"message": "message|text", "fields": "field1", "client_cert": "client_cert", "extra": "extra"}
# What only a call of Client.send can have; the outbox refuses it whatever it is.
NOT_OF_OUTBOX: Final = {"client_message_id", "reference", "unique", "deliver_after"}
# Arguments that may be left out may be None, too.
OPTIONAL: Final = {
    *("endpoint", "binding", "wsdl", "timeout", "retry", "deadline", "proxy", "ca", "client_cert", "headers"),
    *("max_recipients", "region", "sender", "session", "on_exchange", "user_agent_extra", "sleep"),
    *("ended_at", "deliver_after", "deliver_at", "validity", "created", "expires", "action", "type"),
    "unicode",
}
REQUIRED: Final = {"expires of MmsNotification", "sender of MmsNotification"}
# What is legal beside None.
LEGAL: Final[dict[str, set[str]]] = {
    "reference": set(WRONG),
    "headers": {"{}"},
    "extra": {"{}"},
    "user_agent_extra": {"empty"},
    "attempts": {"10**400"},
    "fields": {"empty"},
    **{f"client_message_id of {facade}.{method}": {"None"} for facade in FACADES for method in ("send", "batch")},
    "udh": {'b""'},
    "text of transliterate": {"NUL", "half a pair", "empty"},
    "text of Secret": {"NUL", "half a pair", "empty"},
    "on_exchange": {"a class"},
    "sleep": {"a class"},
    "sleep of AsyncClient.with_options": {"a class", "a coroutine function"},
    **{flag: {"True"} for flag in ("allow_plaintext", "log_content", "flash", "unicode", "escalate", "two_way")},
    **{flag: {"True"} for flag in ("delivery_receipt", "unique", "wait")},
}


@pytest.fixture(scope="module")
def gateway() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


def is_legal(name: str, subject: str, kind: str) -> bool:
    if kind == "None" and name in OPTIONAL:
        return f"{name} of {subject}" not in REQUIRED
    return kind in LEGAL.get(f"{name} of {subject}", LEGAL.get(name, set()))


def problem_of(call: Callable[[], object], name: str, *, legal: bool, sent: Callable[[], int] = lambda: 0) -> str:
    """What is wrong with a call; empty if it refuses the wrong value by name, or takes it where it is legal."""
    before = sent()
    try:
        call()
    except (InvalidInput, ConfigurationError) as error:
        told = str(error)
        if legal:
            return f"refused, and it is legal: {told}"
        if not any(part in told for part in NAMES.get(name, name).split("|")):
            return f"does not name the argument: {told}"
        if ": " not in told:
            return f"does not say what to give: {told}"
        return f"something left before: {told}" if sent() != before else ""
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        return f"{type(error).__name__}: {error}"
    return "" if legal else "taken in silence"


def parameters(call: Callable[..., Any]) -> list[str]:
    """The names of all arguments, those of a TypedDict included."""
    found: list[str] = []
    for name, parameter in inspect.signature(call).parameters.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            options = get_type_hints(call, include_extras=True)[name]
            found.extend(get_type_hints(get_args(options)[0]))
        elif name != "self":
            found.append(name)
    return found


def problems(
    subject: str,
    names: list[str],
    given: dict[str, Any],
    call: Callable[..., object],
    sent: Callable[[], int] = lambda: 0,
) -> list[str]:
    """What is wrong with a callable, over all of its arguments and all wrong values."""
    found: list[str] = []
    for name in names:
        for kind, value in WRONG.items():
            arguments = {**given, name: value}
            if name == "client_message_id":
                arguments.pop("message_id", None)
            legal = is_legal(name, subject, kind)
            problem = problem_of(functools.partial(call, **arguments), name, legal=legal, sent=sent)
            if problem:
                found.append(f"{subject}({name}={kind}): {problem}")
    return found


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__qualname__)
def test_a_value_refuses_what_it_cannot_be_made_of(kind: Callable[..., Any]) -> None:
    assert problems(kind.__qualname__, parameters(kind), VALUES[kind], kind) == []


@pytest.mark.parametrize("facade", FACADES)
def test_a_client_refuses_what_it_cannot_work_with(facade: str) -> None:
    kind = getattr(clicksoap, facade)
    assert problems(facade, parameters(kind), {**ACCOUNT, "endpoint": "http://localhost:9"}, kind) == []


def commands(gateway: Simulator) -> Callable[[], int]:
    return lambda: sum(gateway.gateway.commands.values())


@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
@pytest.mark.parametrize("facade", FACADES)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_refuses_a_wrong_value_before_anything_leaves(
    gateway: Simulator, facade: str, method: str, binding: str
) -> None:
    names = parameters(getattr(getattr(clicksoap, facade), method))
    with FACADES[facade](**ACCOUNT, endpoint=gateway.origin, binding=binding) as sms:
        call = getattr(sms, method)
        assert problems(f"{facade}.{method}", names, METHODS[method], call, commands(gateway)) == []


@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
@pytest.mark.parametrize("facade", FACADES)
def test_a_batch_refuses_a_wrong_value_before_anything_leaves(gateway: Simulator, facade: str, binding: str) -> None:
    made = FACADES[facade](**ACCOUNT, endpoint=gateway.origin, binding=binding)
    with made as sms, sms.batch("Dear #field1#") as batch:

        def send(to: Any = TO, fields: Any = "Ann") -> object:
            return batch.send(to, fields)

        assert problems("Batch.send", ["to", "fields"], {}, send, commands(gateway)) == []
        assert problems("Batch.quicksend", ["to"], {}, batch.quicksend, commands(gateway)) == []


@pytest.mark.parametrize("facade", FACADES)
def test_the_raw_service_refuses_a_wrong_value_before_anything_leaves(gateway: Simulator, facade: str) -> None:
    """Raw means raw: what is empty counts as not given, and what can be written is sent."""
    given = {"session_id": ID, "to": [TO], "text": "hello"}
    with FACADES[facade](**ACCOUNT, endpoint=gateway.origin) as sms:

        def call(**arguments: Any) -> object:
            raw = sms.service.sendmsg(**arguments)
            return sms._runner.run(raw) if inspect.iscoroutine(raw) else raw

        for name, kind in itertools.product(given, WRONG):
            sending = functools.partial(call, **{**given, name: WRONG[kind]})
            problem = problem_of(sending, name, legal=False, sent=commands(gateway))
            assert problem in {"", "taken in silence"}, (name, kind)


@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_value_in_extra_is_refused_before_anything_leaves(gateway: Simulator, binding: Any, kind: str) -> None:
    with Client(**ACCOUNT, endpoint=gateway.origin, binding=binding) as sms:
        sms.authenticate()
        sending = functools.partial(sms.send, TO, "hello", extra={"campaign": WRONG[kind]})
        # Only the HTTP API carries what no WSDL names, and of that what can be written.
        can_be_written = binding == "http" and kind in {"-1", "10**400", "empty"}
        assert problem_of(sending, "campaign", legal=can_be_written, sent=commands(gateway)) == ""


# The methods of an outbox, as those of a client above; a right value of each argument that has to be given.
OUTBOX_METHODS: Final[dict[str, dict[str, Any]]] = {
    "enqueue": {"to": TO, "message": "hello", "key": "key"},
    "work": {"until_settled": True},
    "campaign": {},
    "campaigns": {},
    "work_slice": {"seconds": 0.01},
    "get": {"key": "key"},
    "wait": {"key": "key", "seconds": 0},
    "list": {},
    "audit": {},
    "events": {},
    "resolve": {"message": 1, "decision": Decision.GIVE_UP, "by": "Ann", "why": "test"},
    "delivered": {},
    "suppress": {"number": TO, "why": "STOP"},
    "unsuppress": {"number": TO, "why": "START", "by": "Ann"},
    "suppressions": {},
    "pause": {"by": "Ann", "why": "test"},
    "resume": {"by": "Ann", "why": "test"},
    "set_rate": {"rate": 10},
    "prune": {"older_than": timedelta(days=1)},
    "forget": {"number": TO, "by": "Ann"},
    "after_restore": {"by": "Ann", "why": "test"},
    "upgrade": {},
}
OUTBOX_LEGAL: Final[dict[str, set[str]]] = {
    **{f"{name} of Outbox": {"None"} for name in ("region", "believe_after", "mark", "on_event")},
    "on_event of Outbox": {"None", "a class"},
    **{f"{name} of Outbox.enqueue": {"None"} for name in ("due_at", "expires_in", "tag")},
    **{f"{name} of Outbox.enqueue": {"True"} for name in ("sensitive", "ignore_suppression")},
    **{f"{name} of Outbox.work": {"None"} for name in ("rate", "floor")},
    "until_settled of Outbox.work": {"True"},
    "floor of Outbox.work_slice": {"None"},
    "key of Outbox.audit": {"None"},
    "campaign of Outbox.list": {"None"},
    **{f"account of Outbox.{method}": {"empty"} for method in ("suppress", "unsuppress")},
    "number of Outbox.suppressions": {"None"},
    "rate of Outbox.set_rate": {"None"},
    "backup of Outbox.upgrade": {"True"},
    "allow_list of Outbox": {"None", "[]", "()"},
    **{f"{name} of Outbox.plan": {"None"} for name in ("csv", "jsonl", "key", "encoding", "delimiter", "per_row")},
    **{f"{name} of Outbox.plan": {"None"} for name in ("due_at", "expires_at", "quiet", "zone", "again", "tag")},
    **{f"{name} of Outbox.plan": {"None"} for name in ("per_request", "unicode")},
    "per_row of Outbox.plan": {"None", "{}"},
    "unicode of Outbox.plan": {"None", "True"},
    **{f"{name} of Outbox.plan": {"True"} for name in ("strict", "allow_empty", "flash")},
    **{f"{name} of Outbox.send": {"None"} for name in ("rate", "floor", "stop_after")},
    "on_progress of Outbox.send": {"None", "a class"},
}
LEGAL.update(OUTBOX_LEGAL)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(f"sqlite:///{tmp_path}/outbox.db") as made:
        yield made


def test_an_outbox_refuses_what_it_cannot_work_with(tmp_path: Path) -> None:
    given = {"url": f"sqlite:///{tmp_path}/outbox.db"}
    assert problems("Outbox", parameters(Outbox), given, Outbox) == []


@pytest.mark.parametrize("method", OUTBOX_METHODS)
def test_a_method_of_an_outbox_refuses_a_wrong_value(box: Outbox, gateway: Simulator, method: str) -> None:
    names = [name for name in parameters(getattr(Outbox, method)) if name not in NOT_OF_OUTBOX]
    with Client(**ACCOUNT, endpoint=gateway.origin) as sms, box.transaction() as transaction:
        box.enqueue(transaction, TO, "hello", key="key")
        given = OUTBOX_METHODS[method]
        if method == "enqueue":
            call: Callable[..., object] = functools.partial(box.enqueue, transaction)
            names.remove("transaction")
            assert problems("Outbox.enqueue", names, given, call) == []
            return
    call = getattr(box, method)
    if method in {"work", "work_slice"}:
        box.forget(TO, by="test")
        given = {"client": sms, **given}
    if method == "audit":  # a generator does nothing before it is asked

        def call(**arguments: Any) -> object:
            return list(box.audit(**arguments))

    if method == "list":

        def call(*, states: Any = MessageState.PENDING, **arguments: Any) -> object:
            return box.list(states, **arguments)

    if method == "resolve":
        names.remove("message")
        assert problems_of_messages(box) == []
    found = problems(f"Outbox.{method}", names, given, call)
    # A function that makes clients is called, and what it raises is its own.
    assert [each for each in found if "(client=a " not in each] == []


def test_a_plan_refuses_a_wrong_value(box: Outbox) -> None:
    def call(*, name: Any = "run", **arguments: Any) -> object:
        return box.plan(name, **arguments)

    names = [name for name in parameters(Outbox.plan) if name not in NOT_OF_OUTBOX]
    given = {"rows": [{"mobile": TO}], "to": "mobile", "text": "hello"}
    assert problems("Outbox.plan", names, given, call) == []
    assert box.campaigns()[1:] == ()


def test_sending_a_plan_refuses_a_wrong_value(box: Outbox, gateway: Simulator) -> None:
    with Client(**ACCOUNT, endpoint=gateway.origin) as sms:

        def call(**arguments: Any) -> object:
            made = box.plan("run", rows=[{"mobile": TO}], to="mobile", text="hello", again="test")
            return box.send(**{"plan": made, "client": sms, **arguments})

        names = [name for name in parameters(Outbox.send) if name != "client"]
        assert problems("Outbox.send", names, {}, call) == []


def problems_of_messages(box: Outbox) -> list[str]:
    given = {name: value for name, value in OUTBOX_METHODS["resolve"].items() if name != "message"}
    return problems("Outbox.resolve", ["message"], given, box.resolve)


def test_every_method_of_an_outbox_is_tried() -> None:
    public = {name for kind in Outbox.__mro__ for name in vars(kind) if not name.startswith("_")}
    assert public - {"open", "another", "exists", "version", "close", "check", "status", "transaction"} == {
        *OUTBOX_METHODS,
        "enqueue_async",
        "plan",
        "send",
    }
    assert parameters(Outbox.enqueue_async) == parameters(Outbox.enqueue)


def test_every_public_callable_is_tried() -> None:
    tried = {kind.__qualname__.partition(".")[0] for kind in VALUES} | {"AsyncClient", "Client"}
    found = {name: getattr(clicksoap, name) for name in clicksoap.__all__}
    functions = {name for name, value in found.items() if inspect.isfunction(value)}
    callables = functions | {name for name, value in found.items() if inspect.isclass(value) and is_made(value)}
    assert callables - tried == GIVEN - tried
    for facade in ("Client", "AsyncClient"):
        public = {name for name in vars(getattr(clicksoap, facade)) if not name.startswith("_")}
        assert public - WITHOUT_ARGUMENTS - {"from_config"} == METHODS.keys()


def is_made(kind: type[Any]) -> bool:
    """Whether callers make values of it: not of errors, enumerations and TypedDicts."""
    return not issubclass(kind, BaseException | enum.Enum | dict)


def test_a_client_that_gives_coroutines_to_nobody_says_so(gateway: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    class Observer:
        async def __call__(self, exchange: Exchange) -> None:
            raise NotImplementedError

    observers = (asyncio.sleep, functools.partial(asyncio.sleep, 1), Observer())
    for kind, observer in itertools.product((Client, AsyncClient), observers):
        with pytest.raises(ConfigurationError, match="on_exchange= is a coroutine function, which nobody awaits: give"):
            kind(**ACCOUNT, on_exchange=observer)

    def hidden(exchange: Exchange) -> Any:
        return Observer()(exchange)

    with Client(**ACCOUNT, endpoint=gateway.origin, on_exchange=hidden) as sms:
        sms.ping()
    assert "on_exchange gave a coroutine, which nobody awaits: give a plain function" in caplog.text


def test_the_client_of_an_account_that_was_never_made_has_a_repr() -> None:
    assert repr(Client.__new__(Client)) == "<Client, not made>"
    assert repr(AsyncClient.__new__(AsyncClient)) == "<AsyncClient, not made>"


def test_an_async_client_without_asyncio_says_what_is_wrong() -> None:
    """As under trio, which runs coroutines without an event loop of asyncio."""

    async def main() -> None:
        async with AsyncClient(**ACCOUNT) as sms:
            await sms.ping()

    running = main()
    with pytest.raises(ConfigurationError, match="needs a running asyncio event loop, and there is none: call it"):
        running.send(None)
