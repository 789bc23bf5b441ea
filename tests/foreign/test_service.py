"""The raw service: the gateway's fifteen commands by their own names, as legacy call sites have them."""

import copy
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Protocol

import pytest
import zeep.exceptions
from rawserver import Answer, Gateway, Hangup, RawServer, Received, answering, envelope, reply

from clicksoap import (
    ClicksoapError,
    Client,
    InvalidInput,
    NotExpressible,
    ProtocolError,
    SoapFault,
    Timeout,
    TransportError,
    TransportLost,
    TransportTimeout,
)
from clicksoap.contract import DEFAULT_PATHS, Dialect
from clicksoap.simulator import Simulator

TO: Final = ["27821234567", "27831234567"]
PASSWORD: Final = "correct-horse-battery"
SESSION: Final = "5e551040000000000000000000000001"
CREDENTIALS: Final[dict[str, Any]] = {"api_id": 123456, "user": "acme", "password": PASSWORD}
WAYS: Final = ("document_literal", "rpc_encoded", "http")
SENDING: Final = {"sendmsg", "si_push", "ind_push", "senditem", "quicksend"}
ASKING: Final = {"querymsg", "delmsg", "startbatch", "endbatch", "getmsgcharge"}
LISTS: Final = {
    "document_literal": SENDING | {"token_pay"},
    "rpc_encoded": SENDING | ASKING,
    "http": SENDING | {"token_pay"},  # it has no WSDL, and goes by Document/Literal's
}
COMMANDS: Final = {
    *("auth", "ping", "sendmsg", "querymsg", "delmsg", "getbalance", "routecoverage", "si_push", "ind_push"),
    *("token_pay", "startbatch", "senditem", "quicksend", "endbatch", "getmsgcharge"),
}

Make = Callable[..., Client]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes clients whose credentials are none of those that the raw calls carry, and closes them."""
    made = []

    def client(endpoint: str, binding: str | None = None, **named: Any) -> Client:
        made.append(Client(1, "nobody", "of-no-use", endpoint=endpoint, binding=binding, **named))  # type: ignore[arg-type]
        return made[-1]

    yield client
    for each in made:
        each.close()


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def service(sim: Simulator, way: str, make: Make) -> Any:
    return make(sim.origin, way).service


@pytest.fixture
def session(service: Any) -> dict[str, str]:
    reply: str = service.auth(**CREDENTIALS)
    return {"session_id": reply[4:]}


def one(answer: str | list[str]) -> str:
    """The one string of an answer, in whichever shape."""
    if isinstance(answer, str):
        return answer
    (line,) = answer
    return line


def test_every_command_answers_with_a_list_exactly_where_the_wsdl_says_list(
    service: Any, sim: Simulator, way: str
) -> None:
    shapes: dict[str, type] = {}

    def call(command: str, *args: Any, **kwargs: Any) -> Any:
        answer = getattr(service, command)(*args, **kwargs)
        shapes[command.lower()] = type(answer)
        lines = [answer] if isinstance(answer, str) else answer
        assert all(type(line) is str for line in lines)
        return answer

    here = {"session_id": call("auth", **CREDENTIALS).removeprefix("OK: ")}
    assert call("ping", **here) == "OK:"
    first, second = call("sendmsg", **here, to=TO, text="x & <y>", climsgid="mine")
    assert (first[:4], first[36:]) == ("ID: ", f" To: {TO[0]}")
    assert second.endswith(TO[1])
    message_id = one(call("sendmsg", **here, to=TO[0], text="later", deliv_time=60))[4:]
    assert one(call("querymsg", **here, apimsgid=message_id)) == f"ID: {message_id} Status: 011"
    assert one(call("querymsg", **here, climsgid="mine")).startswith("ID: ")
    assert one(call("delmsg", **here, apimsgid=message_id)) == f"ID: {message_id} Status: 006"
    assert one(call("getmsgcharge", **here, apimsgid=message_id)).startswith(f"apiMsgId: {message_id} charge: 0")
    assert call("getbalance", **here) == "Credit: 998.00"
    assert call("routecoverage", **here, msisdn=TO[0]).startswith("OK: This prefix is currently supported.")
    push = {"si_id": "1", "si_url": "http://a.test/?b=1&c=2", "si_text": "look"}
    assert one(call("si_push", **here, to=TO[:1], **push)).endswith(f" To: {TO[0]}")
    mms = {"mms_subject": "s", "mms_class": "80", "mms_expire": "9", "mms_from": "f", "mms_url": "http://a.test"}
    assert one(call("ind_push", **here, to=TO[:1], **mms)).endswith(f" To: {TO[0]}")
    assert one(call("token_pay", **here, token="1234567890123456")) == "OK: 605"
    batch = one(call("startbatch", **here, template="Dear #field1#"))[4:]
    assert one(call("senditem", **here, batch_id=batch, to=TO[:1], field1="Ann")).startswith("ID: ")
    assert len(call("quicksend", **here, batch_id=batch, to=TO)) == 2
    assert one(call("endbatch", **here, batch_id=batch)) == "OK"
    assert shapes.keys() == COMMANDS
    assert {command for command, shape in shapes.items() if shape is list} == LISTS[way]
    assert all(sim.gateway.commands.values())
    assert [message.text for message in sim.gateway.messages][:3] == ["x & <y>", "x & <y>", "later"]


SPELLINGS: Final = {
    "Document/Literal's": ("routecoverage", "climsgid", "msg_callback"),
    "RPC/Encoded's": ("routeCoverage", "cliMsgId", "msg_callback"),
    "the original's": ("routeCoverage", "cliMsgId", "callback"),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_spelling_of_either_dialect_works_in_all(
    service: Any, session: dict[str, str], sim: Simulator, spelling: tuple[str, str, str]
) -> None:
    coverage, client_id, callback = spelling
    assert getattr(service, coverage)(**session, msisdn=TO[0]).startswith("OK: ")
    service.sendmsg(**session, to=TO[:1], text="x", **{client_id: "mine", callback: 3})
    (message,) = sim.gateway.messages
    assert message.client_message_id == "mine"
    assert message.parameters["msg_callback"] == "3"
    found = f"ID: {message.id} Status: 008"
    assert one(service.querymsg(**session, **{client_id: "mine"})) == found
    assert one(service.delmsg(**session, **{client_id: "mine"})) == found


@pytest.mark.parametrize(
    ("path", "name"), [("/soap/webservice.php", b"callback"), ("/soap/webservice_vs.php", b"msg_callback")]
)
@pytest.mark.parametrize("spelling", ["callback", "msg_callback"])
def test_address_decides_what_the_callback_is_called_on_the_wire(
    make: Make, path: str, name: bytes, spelling: str
) -> None:
    with RawServer(Gateway()) as server:
        make(server.origin + path).service.sendmsg(session_id=SESSION, to=TO, text="x", **{spelling: 3})
    (received,) = server.requests
    assert b"<%b xsi:type=" % name in received.body
    assert received.body.count(b"callback") == 2


# What goes out.


class Recorded(Protocol):
    parameters: dict[str, Any]
    body: bytes


class PhpGateway(Protocol):
    origin: str

    def url(self, dialect: Dialect) -> str: ...
    def requests(self) -> Sequence[Recorded]: ...


class PhpForms(Protocol):
    origin: str

    def requests(self) -> Sequence[Any]: ...


@pytest.fixture
def recorded(way: str, request: pytest.FixtureRequest, make: Make) -> tuple[Any, Callable[[], list[Mapping[str, Any]]]]:
    """A raw service before PHP, and what PHP has read so far."""
    if way == "http":
        forms: PhpForms = request.getfixturevalue("php_forms")
        return make(forms.origin, way).service, lambda: [seen.fields for seen in forms.requests()]
    gateway: PhpGateway = request.getfixturevalue("php_gateway")
    service = make(gateway.url(Dialect(way))).service
    return service, lambda: [seen.parameters for seen in gateway.requests()]


UNSET: Final[list[Any]] = [None, "", 0, 0.0, False, Decimal(0), Decimal("0.00")]
OPTIONAL: Final = (
    *("api_id", "user", "password", "from", "concat", "msg_callback", "deliv_ack", "deliv_time", "max_credits"),
    *("req_feat", "queue", "escalate", "mo", "climsgid", "unicode", "msg_type", "udh", "data", "validity"),
)
NUMBERS: Final = {
    *("api_id", "concat", "msg_callback", "deliv_ack", "deliv_time", "max_credits", "req_feat", "queue", "escalate"),
    *("mo", "unicode", "validity"),
}
Record = tuple[Any, Callable[[], list[Mapping[str, Any]]]]


@pytest.mark.parametrize("unset", UNSET, ids=repr)
def test_zeros_and_empty_values_arrive_as_if_they_were_left_out(recorded: Record, unset: Any) -> None:
    service, seen = recorded
    service.sendmsg(session_id=SESSION, to=TO, text="x")
    service.sendmsg(session_id=SESSION, to=TO, text="x", **dict.fromkeys(OPTIONAL, unset))
    left_out, given = seen()
    assert given == left_out
    assert list(given) == list(left_out)


@pytest.mark.parametrize("unset", [None, "", [], (), 0], ids=repr)
@pytest.mark.parametrize("dialect", list(Dialect))
def test_no_recipients_are_refused_by_name_where_the_wsdl_asks_for_some(
    make: Make, sim: Simulator, dialect: Dialect, unset: Any
) -> None:
    with pytest.raises(InvalidInput, match=r"^to is missing: give it, sendmsg needs it"):
        make(sim.url(DEFAULT_PATHS[dialect])).service.sendmsg(**CREDENTIALS, to=unset, text="x")
    assert not any(sim.gateway.commands.values())


@pytest.mark.parametrize("unset", ["0", " 0 ", "0.0", "000"])
def test_zero_as_text_is_left_out_where_a_number_belongs_and_kept_where_text_does(recorded: Record, unset: str) -> None:
    service, seen = recorded
    service.sendmsg(session_id=SESSION, to=TO, text=unset)
    service.sendmsg(session_id=SESSION, to=TO, text=unset, **dict.fromkeys(NUMBERS, unset))
    left_out, given = seen()
    assert given == left_out
    text = given["text"]
    assert (text.decode() if isinstance(text, bytes) else text) == unset


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        ({"concat": "2"}, {"concat": 2}),
        ({"concat": " 2 "}, {"concat": 2}),
        ({"concat": Decimal("2.0")}, {"concat": 2}),
        ({"concat": 2.0}, {"concat": 2}),
        ({"escalate": True, "mo": True}, {"escalate": 1, "mo": 1}),
        ({"text": 12345}, {"text": "12345"}),
        ({"climsgid": 42}, {"climsgid": "42"}),
        ({"to": 27821234567}, {"to": ["27821234567"]}),
        ({"to": (27821234567, "2")}, {"to": ["27821234567", "2"]}),
        ({"to": dict.fromkeys(TO).keys()}, {"to": TO}),
        ({"to": {"item": TO}}, {"to": TO}),  # as suds asks for it in RPC/Encoded
        ({"to": {"_value_1": TO}}, {"to": TO}),  # as zeep does
        ({"text": " a & <b>\r\n"}, {"text": " a & <b>\r\n"}),
    ],
    ids=repr,
)
def test_loose_types_of_legacy_code_arrive_as_what_the_wsdl_declares(
    recorded: Record, way: str, given: dict[str, Any], arrives: dict[str, Any]
) -> None:
    service, seen = recorded
    service.sendmsg(**{"session_id": SESSION, "to": ["1"], "text": "x", **given})
    (parameters,) = seen()
    for name, value in arrives.items():
        wire_name = {"climsgid": {"document_literal": "climsgid"}.get(way, "cliMsgId")}.get(name, name)
        found = parameters[wire_name]
        if isinstance(found, bytes):  # a form knows no types
            text, expected = found.decode(), ",".join(value) if isinstance(value, list) else str(value)
            assert Decimal(text) == Decimal(expected) if name == "concat" else text == expected
        else:
            assert ([found] if name == "to" and isinstance(found, str) else found) == value


@pytest.mark.parametrize("credit", [0.5, "0.5", " 0.50 ", Decimal("0.5")], ids=repr)
def test_fraction_of_a_credit_arrives_where_the_contract_has_fractions(
    recorded: Record, way: str, credit: object
) -> None:
    service, seen = recorded
    if way == "document_literal":
        with pytest.raises(NotExpressible, match=r"^max_credits is fractional.*rpc_encoded or http"):
            service.sendmsg(session_id=SESSION, to=TO, text="x", max_credits=credit)
        assert seen() == []
        return
    service.sendmsg(session_id=SESSION, to=TO, text="x", max_credits=credit)
    (parameters,) = seen()
    found = parameters["max_credits"]
    assert Decimal(found.decode() if isinstance(found, bytes) else str(found)) == Decimal("0.5")


def test_positions_are_those_of_the_wsdl(service: Any, sim: Simulator, way: str) -> None:
    document = ["text", TO[:1], "27820000000", 2, 3, 0]  # text, to, from, concat, msg_callback, deliv_ack
    rpc = [TO[:1], "27820000000", "text", 2, 0, 3]  # to, from, text, concat, deliv_ack, msg_callback
    given: list[Any] = rpc if way == "rpc_encoded" else document
    service.sendmsg("", 123456, "acme", PASSWORD, *given, validity=60)
    (message,) = sim.gateway.messages
    assert (message.to, message.sender, message.text) == (TO[0], "27820000000", "text")
    assert (message.parameters["concat"], message.parameters["msg_callback"]) == ("2", "3")
    assert message.parameters["validity"] == "60"
    assert "deliv_ack" not in message.parameters


def test_call_is_one_request_and_no_login(way: str, make: Make) -> None:
    lines = reply(b"OK:", content_type="text/plain") if way == "http" else reply(envelope("OK:"))
    with RawServer(answering(lines)) as server:
        service = make(server.origin, way).service
        for command in sorted(COMMANDS):
            least = {"to": TO, "text": "x", "template": "x", "token": "x", "batch_id": "x", "msisdn": "1"}
            push = {"si_id": "1", "si_url": "u", "si_text": "t"}
            mms = dict.fromkeys(("mms_subject", "mms_class", "mms_expire", "mms_from", "mms_url"), "x")
            takes = {**CREDENTIALS, **least, **push, **mms, "session_id": SESSION}
            declared = _declared(service, command)
            getattr(service, command)(**{name: value for name, value in takes.items() if name in declared})
            assert len(server.requests) == 1
            (received,) = server.requests
            assert received.head.startswith(b"POST ")
            assert command.encode() in (received.head + received.body).lower()
            assert b"of-no-use" not in received.body
            server.requests.clear()
    assert server.connections == 1


def _declared(service: Any, command: str) -> set[str]:
    """The parameters of a command, as the refusal of an unknown one lists them."""
    with pytest.raises(InvalidInput) as caught:
        getattr(service, command)(nonsense=1)
    return set(str(caught.value).partition("give any of ")[2].split(", "))


def test_dead_session_is_answered_as_it_is_and_not_renewed(
    service: Any, session: dict[str, str], sim: Simulator, way: str
) -> None:
    sim.gateway.expire_sessions()
    expired = "ERR: 003, Session ID expired"
    assert service.getbalance(**session) == expired
    assert service.ping(**session) == expired
    assert service.sendmsg(**session, to=TO, text="x") == [expired]
    assert service.querymsg(**session, apimsgid="a" * 32) == ([expired] if way == "rpc_encoded" else expired)
    assert sim.gateway.commands["auth"] == 1
    assert sim.gateway.messages == []
    assert service.getbalance(**CREDENTIALS).startswith("Credit: ")


def test_wrong_password_is_a_string_too(service: Any) -> None:
    assert service.auth(api_id=123456, user="acme", password="wrong") == "ERR: 001, Authentication failed"


def test_more_recipients_than_a_request_takes_are_refused_before_anything_leaves(
    service: Any, session: dict[str, str], sim: Simulator, way: str
) -> None:
    most = 600 if way == "http" else 300
    to = [str(27820000000 + n) for n in range(most + 1)]
    with pytest.raises(InvalidInput, match=rf"^to holds {most + 1} recipients.*takes {most}"):
        service.sendmsg(**session, to=to, text="x")
    assert sim.gateway.commands["sendmsg"] == 0
    assert len(service.sendmsg(**session, to=to[:most], text="x")) == most


# What is refused before anything leaves.


def test_unknown_command_is_an_attribute_error(service: Any) -> None:
    for name in ("sendsms", "send", "__wrapped__", "_x", ""):
        assert not hasattr(service, name)
        with pytest.raises(AttributeError):
            service[name]


def test_service_lists_its_commands_and_can_be_copied(service: Any) -> None:
    assert set(dir(service)) == COMMANDS | {"routeCoverage"}
    assert all(callable(service[name]) and service[name].__name__ == name for name in dir(service))
    assert isinstance(copy.copy(service).auth(**CREDENTIALS), str)


REFUSED: Final[dict[str, tuple[tuple[Any, ...], dict[str, Any], str]]] = {
    "unknown": ((), {"text": "x", "colour": "red"}, "sendmsg has no parameter 'colour'"),
    "of another command": ((), {"msisdn": "1"}, "sendmsg has no parameter 'msisdn'"),
    "twice, by position and by name": (("s",), {"session_id": "s"}, "sendmsg has session_id twice"),
    "twice, in two spellings": ((), {"climsgid": "a", "cliMsgId": "b"}, "sendmsg has climsgid twice"),
    "callback in two spellings": ((), {"callback": 1, "msg_callback": 1}, "sendmsg has msg_callback twice"),
    "too many": (("",) * 23, {}, "sendmsg has 23 arguments: give at most 22"),
    "octets for text": ((), {"text": b"x"}, "text is bytes"),
    "nothing that is text": ((), {"text": object()}, "text is object"),
    "octets for recipients": ((), {"to": b"27821234567"}, "to is bytes"),
    "None among the recipients": ((), {"to": ["27821234567", None]}, "to holds NoneType"),
    "a fraction among the recipients": ((), {"to": [27821234567.0]}, "to holds float"),
    "recipients by name": ((), {"to": {"a": 1, "b": 2}}, "to is dict"),
    "what XML cannot hold": ((), {"text": "a\0b"}, r"text holds U\+0000"),
}


@pytest.mark.parametrize(("args", "kwargs", "says"), REFUSED.values(), ids=REFUSED)
def test_impossible_argument_is_refused_by_name_before_anything_leaves(
    service: Any, sim: Simulator, args: tuple[Any, ...], kwargs: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^{says}"):
        service.sendmsg(*args, **({"to": TO, **kwargs} if len(args) < 2 else kwargs))
    assert not any(sim.gateway.commands.values())


NO_INT: Final[dict[str, Any]] = {
    "a word": "two",
    "a fraction": 1.5,
    "a fraction as text": "1.5",
    "too great": 2**31,
    "too great as text": "99999999999",
    "a thousand million digits": "1e999999999",
    "the same as a Decimal": Decimal("1e999999999"),
    "not a number": "NaN",
    "signalling": Decimal("sNaN"),
    "infinite": float("inf"),
}


@pytest.mark.parametrize("value", NO_INT.values(), ids=NO_INT)
@pytest.mark.parametrize("dialect", list(Dialect))
def test_soap_refuses_by_name_what_is_no_int(make: Make, sim: Simulator, dialect: Dialect, value: Any) -> None:
    service = make(sim.url(DEFAULT_PATHS[dialect])).service
    with pytest.raises(InvalidInput, match=r"^concat is ") as caught:
        service.sendmsg(**CREDENTIALS, to=TO, text="x", concat=value)
    assert not isinstance(caught.value, NotExpressible)
    assert not any(sim.gateway.commands.values())


@pytest.mark.parametrize("value", ["half", "NaN", "1e999", Decimal("sNaN"), float("inf"), 10**400], ids=str)
def test_soap_refuses_by_name_what_is_no_finite_float(make: Make, sim: Simulator, value: Any) -> None:
    service = make(sim.url("/soap/webservice_vs.php")).service
    with pytest.raises(InvalidInput, match=r"^max_credits is "):
        service.sendmsg(**CREDENTIALS, to=TO, text="x", max_credits=value)


def test_api_id_that_is_no_number_goes_out_by_http_alone(make: Make, sim: Simulator) -> None:
    credentials = {**CREDENTIALS, "api_id": "team-a"}
    assert one(make(sim.origin, "http").service.auth(**credentials)).startswith("ERR: 108")
    with pytest.raises(InvalidInput, match=r"^api_id is "):
        make(sim.origin).service.auth(**credentials)


def test_fields_beyond_the_dialects_are_refused(service: Any, session: dict[str, str], way: str) -> None:
    batch = one(service.startbatch(**session, template="#field4# #field5#"))[4:]
    given = {**session, "batch_id": batch, "to": TO[0]}
    if way == "rpc_encoded":
        with pytest.raises(InvalidInput, match="senditem has no parameter 'field5'"):
            service.senditem(**given, field5="x")
    else:
        assert one(service.senditem(**given, field4="a", field5="b")).startswith("ID: ")


# What goes wrong outside, in zeep's language.


def leaks(error: BaseException, secrets: Sequence[str], seen: set[int] | None = None) -> list[str]:
    """Where a secret shows in an error or in anything that hangs on it."""
    seen = set() if seen is None else seen
    if id(error) in seen:
        return []
    seen.add(id(error))
    shown = {"str": str(error), "repr": repr(error), "args": repr(error.args), "dict": repr(error.__dict__)}
    found = [f"{type(error).__name__}.{where}" for where, text in shown.items() if any(s in text for s in secrets)]
    for beneath in (error.__cause__, error.__context__, getattr(error, "cause", None)):
        if beneath is not None:
            found += leaks(beneath, secrets, seen)
    return found


def test_leaks_are_found_wherever_they_hang() -> None:
    """The search itself works."""
    outer, inner = ValueError("x"), ValueError(f"the password is {PASSWORD}")
    outer.__context__ = inner
    assert leaks(outer, [PASSWORD]) == ["ValueError.str", "ValueError.repr", "ValueError.args"]


def echoing(status: str, kind: str, before: bytes = b"", after: bytes = b"") -> Answer:
    """Answers with all that the request held, in the clear."""

    def answer(connection: socket.socket, received: Received) -> None:
        connection.sendall(reply(before + received.head + received.body + after, status, kind))

    return answer


def silent(connection: socket.socket, _: Received) -> None:
    """Never answers; the caller hangs up."""
    connection.recv(1)


def cut_off(connection: socket.socket, _: Received) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 99\r\n\r\n<soap:Envelope")
    raise Hangup


def hanging_up(_connection: socket.socket, _: Received) -> None:
    raise Hangup


TROUBLE: Final[dict[str, tuple[Answer, int, type[ClicksoapError]]]] = {
    "503": (echoing("503 Service Unavailable", "text/plain"), 503, ProtocolError),
    "503 in HTML": (echoing("503 Busy", "text/html", b"<html><body>", b"</body></html>"), 503, ProtocolError),
    "HTML": (echoing("200 OK", "text/html", b"<html><body><!--", b"--></body></html>"), 200, ProtocolError),
    "401": (echoing("401 Unauthorized", "text/plain"), 401, ProtocolError),
    "moved": (
        answering(reply(b"", "307 Temporary Redirect", headers=(f"Location: https://x.test/?password={PASSWORD}",))),
        307,
        ProtocolError,
    ),
    "empty": (answering(reply(b"")), 200, ProtocolError),
    "cut off": (cut_off, 0, TransportError),
    "dropped": (hanging_up, 0, TransportLost),
    "time-out": (silent, 0, TransportTimeout),
}


@pytest.mark.parametrize(("answer", "status", "kind"), TROUBLE.values(), ids=TROUBLE)
def test_trouble_on_the_way_is_zeeps_transport_error_with_ours_beneath_and_no_secret(
    make: Make, way: str, answer: Answer, status: int, kind: type[ClicksoapError]
) -> None:
    quick = Timeout(connect=5, read=0.2, total=5)
    with RawServer(answer) as server:
        service = make(server.origin, way, timeout=quick).service
        sending: dict[str, Any] = {"session_id": SESSION, "to": TO, "text": "x"}
        for command, given in (("auth", CREDENTIALS), ("sendmsg", sending)):
            server.requests.clear()
            with pytest.raises(zeep.exceptions.TransportError) as caught:
                service[command](**given)
            error = caught.value
            assert isinstance(error.__cause__, kind)
            assert error.__context__ is None
            assert error.status_code == status
            assert str(error)
            assert leaks(error, [PASSWORD, SESSION, TO[0]]) == []
            assert len(server.requests) == 1


def test_refused_connection_is_zeeps_transport_error(make: Make, way: str) -> None:
    with RawServer(silent) as server:
        server.stop_listening()
        service = make(server.origin, way).service
        with pytest.raises(zeep.exceptions.TransportError) as caught:
            service.auth(**CREDENTIALS)
    cause = caught.value.__cause__
    assert isinstance(cause, TransportLost)
    assert not cause.may_have_taken_effect
    assert leaks(caught.value, [PASSWORD]) == []


def test_get_keeps_the_password_in_the_url_out_of_errors(make: Make) -> None:
    with RawServer(echoing("503 Busy", "text/plain")) as server:
        service = make(server.origin, "http", http_method="GET").service
        with pytest.raises(zeep.exceptions.TransportError) as caught:
            service.auth(**CREDENTIALS)
        server.stop_listening()
        assert PASSWORD.encode() in server.requests[0].head
    assert leaks(caught.value, [PASSWORD]) == []


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize(
    ("code", "local"), [("soap:Server", "Server"), ("Client", "Client"), ("soap:Client.Bad", "Client.Bad"), ("", "")]
)
def test_fault_is_zeeps_with_its_code_and_ours_beneath(make: Make, dialect: Dialect, code: str, local: str) -> None:
    fault = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        f"<faultcode>{code}</faultcode><faultstring>no {PASSWORD} in {SESSION}, says the database</faultstring>"
        f"<detail>{PASSWORD}</detail></soap:Fault></soap:Body></soap:Envelope>"
    )
    with RawServer(answering(reply(fault.encode(), "500 Internal Server Error"))) as server:
        service = make(server.origin + DEFAULT_PATHS[dialect]).service
        with pytest.raises(zeep.exceptions.Fault) as caught:
            service.getbalance(**CREDENTIALS, session_id=SESSION)
    error = caught.value
    assert error.code == local
    assert error.message == str(error) == "no *** in ***, says the database"
    assert isinstance(error.__cause__, SoapFault)
    assert error.__cause__.code == local
    assert error.__context__ is None
    assert leaks(error, [PASSWORD, SESSION]) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize("ending", ["?wsdl", "?WSDL", "?wsdl=", "?Wsdl&house=1"])
@pytest.mark.parametrize("path", ["/soap/document_literal/webservice", "/soap/webservice.php"])
def test_wsdl_in_the_address_never_reaches_a_post(make: Make, path: str, ending: str) -> None:
    with RawServer(Gateway()) as server:
        assert make(server.origin + path + ending).service.getbalance(session_id=SESSION) == "Credit: 12.300"
    (received,) = server.requests
    target = f"{path}?house=1" if "house" in ending else path
    assert received.head.splitlines()[0] == f"POST {target} HTTP/1.1".encode()
