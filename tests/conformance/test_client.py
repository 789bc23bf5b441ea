"""What a client promises, over every binding, against the simulated gateway on real sockets."""

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from blocking import Blocking

from clicksoap import (
    AuthenticationError,
    BatchError,
    ClicksoapError,
    Client,
    GatewayError,
    InsufficientCredit,
    InvalidInput,
    NotExpressible,
    PartlySent,
    RecipientError,
    State,
    UnknownMessage,
)
from clicksoap.protocol.endpoint import BindingName
from clicksoap.simulator import Account, Simulator

A, B, REFUSED = "27821234567", "27831234567", "9991051234"

MakeClient = Callable[..., Client]


BINDINGS: tuple[BindingName, ...] = ("document_literal", "rpc_encoded", "http")


@pytest.fixture(params=BINDINGS)
def binding(request: pytest.FixtureRequest) -> BindingName:
    found: BindingName = request.param
    return found


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture(params=[Client, Blocking], ids=["Client", "AsyncClient"])
def facade(request: pytest.FixtureRequest) -> type[Client]:
    found: type[Client] = request.param
    return found


@pytest.fixture
def make_client(gateway: Simulator, binding: BindingName, facade: type[Client]) -> Iterator[MakeClient]:
    made: list[Client] = []

    def make(password: str = "secret", **options: object) -> Client:
        client = facade(123456, "acme", password, endpoint=gateway.origin, binding=binding, **options)  # type: ignore[arg-type]
        made.append(client)
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def sms(make_client: MakeClient) -> Client:
    return make_client()


def test_one_message_to_one_recipient_is_accepted_with_an_id(sms: Client, gateway: Simulator) -> None:
    (result,) = sms.send("+27 82 123 4567", "hello")
    assert (result.to, result.given, result.state) == (A, "+27 82 123 4567", State.ACCEPTED)
    (message,) = gateway.gateway.messages
    assert (message.id, message.to, message.text) == (result.message_id, A, "hello")


@pytest.mark.parametrize(
    "to",
    [
        lambda: [A, B],
        lambda: (A, B),
        lambda: iter([A, B]),
        {A: 1, B: 2}.keys,
        lambda: [int(A), int(B)],
        lambda: [f"+{A}", f"00{B}"],
    ],
    ids=["list", "tuple", "iterator", "keys", "ints", "plus and zeros"],
)
def test_recipients_may_come_in_any_iterable(sms: Client, to: Callable[[], list[str]]) -> None:
    assert [result.to for result in sms.send(to(), "hello")] == [A, B]


def test_a_set_of_recipients_is_sent_to_each_once(sms: Client, gateway: Simulator) -> None:
    assert {A, B} == {result.to for result in sms.send({A, B}, "hello").accepted}
    assert len(gateway.gateway.messages) == 2


def test_results_stand_in_input_order_over_several_requests(
    sms: Client, gateway: Simulator, binding: BindingName
) -> None:
    numbers = [str(27820000000 + index) for index in range(601)]
    report = sms.send(numbers[: 601 if binding == "http" else 301], "hello")
    assert numbers[: len(report)] == [result.to for result in report.accepted]
    assert gateway.gateway.commands["sendmsg"] == 2
    assert {message.id: message.to for message in gateway.gateway.messages} == {
        str(result.message_id): result.to for result in report
    }


def test_the_cap_of_recipients_can_be_lowered(make_client: MakeClient, gateway: Simulator) -> None:
    report = make_client(max_recipients=2).send([A, B, "27841234567"], "hello")
    assert len(report.accepted) == 3
    assert gateway.gateway.commands["sendmsg"] == 2


def test_a_refused_recipient_does_not_stop_the_others(sms: Client) -> None:
    report = sms.send([A, REFUSED, B], "hello")
    assert [result.state for result in report] == ["accepted", "rejected", "accepted"]
    assert isinstance(report[1].error, RecipientError)
    with pytest.raises(PartlySent, match="105") as caught:
        report.raise_for_rejected()
    assert caught.value.report == report
    assert isinstance(caught.value.cause, RecipientError)


def test_a_send_that_is_refused_for_every_recipient_is_raised(sms: Client) -> None:
    """A returned report would look like success to a caller who does not read it."""
    with pytest.raises(RecipientError, match="105") as refused:
        sms.send([REFUSED, f"{REFUSED}1"], "hello")
    assert [result.state for result in refused.value.report] == [State.REJECTED] * 2
    assert not refused.value.may_have_taken_effect


def test_a_number_given_twice_is_answered_twice(sms: Client, gateway: Simulator) -> None:
    first, second = sms.send([A, f"+{A}"], "hello")
    assert first.message_id != second.message_id
    assert len(gateway.gateway.messages) == 2


@pytest.mark.parametrize(
    "text",
    ["plain", "&<>\"'", "€ and {[~]}", "é ü ß", "\N{GRINNING FACE}", "a\xa0b", "two\nlines", "trailing ", " x" * 400],
)
def test_a_text_arrives_as_it_was_given(sms: Client, gateway: Simulator, text: str) -> None:
    sms.send(A, text)
    assert text == gateway.gateway.messages[0].text


def test_a_long_text_asks_for_the_parts_it_needs(sms: Client, gateway: Simulator) -> None:
    sms.send(A, "x" * 161)
    assert gateway.gateway.messages[0].parameters["concat"] == "2"
    assert sms.segments("x" * 161).parts == 2


def test_the_status_of_a_message_can_be_asked_by_either_id(sms: Client, gateway: Simulator) -> None:
    (result,) = sms.send(A, "hello")
    gateway.clock.advance(minutes=5)
    by_gateway = sms.status(result.message_id)
    by_client = sms.status(client_message_id=result.client_message_id)
    assert by_gateway.message_id == by_client.message_id == result.message_id
    assert by_gateway.status.is_delivered
    assert by_client.status.is_final


def test_a_message_that_the_gateway_does_not_know_is_told(sms: Client) -> None:
    assert sms.status(uuid.uuid4().hex).status.code == "001"
    with pytest.raises(UnknownMessage, match="104"):
        sms.status(client_message_id=uuid.uuid4().hex)


def test_a_charge_is_told_in_credits(sms: Client) -> None:
    (result,) = sms.send(A, "hello")
    assert sms.charge(str(result.message_id)).credits == Decimal(1)
    assert sms.charge(uuid.uuid4().hex).credits == 0


def test_stopping_tells_the_status_afterwards(sms: Client, gateway: Simulator) -> None:
    (result,) = sms.send(A, "hello")
    gateway.clock.advance(minutes=5)
    assert sms.stop(result.message_id).status.code == "004"


def test_the_balance_runs_down_and_a_voucher_raises_it(sms: Client) -> None:
    before = sms.balance()
    sms.send([A, B], "hello")
    assert before - 2 == sms.balance()
    sms.redeem("1234567890123456")
    assert before - 2 < sms.balance()


def test_coverage_tells_whether_and_for_how_much(sms: Client) -> None:
    covered, uncovered = sms.coverage("+" + A), sms.coverage(REFUSED)
    assert (covered.routed, covered.charge) == (True, Decimal(1))
    assert (uncovered.routed, uncovered.charge) == (False, None)
    assert "Charge" not in covered.text


def test_ping_and_authenticate_give_nothing_and_work(sms: Client, gateway: Simulator) -> None:
    sms.authenticate()
    sms.ping()
    assert {name: times for name, times in gateway.gateway.commands.items() if times} == {"auth": 1, "ping": 1}


def test_a_batch_merges_fields_and_sends_its_template(sms: Client, gateway: Simulator) -> None:
    with sms.batch("Dear #field1#, #field2# awaits") as batch:
        assert batch.id
        (one,) = batch.send(A, "Ann", "a parcel")
        several = batch.send([A, B], "all", "news")
        (plain,) = batch.quicksend(B)
    texts = [message.text for message in gateway.gateway.messages]
    assert texts[:3] == ["Dear Ann, a parcel awaits", "Dear all, news awaits", "Dear all, news awaits"]
    assert {one.state, plain.state, *(result.state for result in several)} == {State.ACCEPTED}
    assert gateway.gateway.commands["endbatch"] == 1


def test_a_batch_that_ended_is_refused(sms: Client, gateway: Simulator) -> None:
    with sms.batch("Dear #field1#") as batch:
        gateway.clock.advance(days=2)
        with pytest.raises(BatchError) as refused:
            batch.send(A, "Ann")
        assert [result.state for result in refused.value.report] == [State.REJECTED]
    with pytest.raises(InvalidInput, match="not open"):
        batch.quicksend(A)


def test_a_batch_refuses_what_the_gateway_cannot_merge(sms: Client, gateway: Simulator) -> None:
    with sms.batch("Dear #field1#") as batch:
        with pytest.raises(InvalidInput, match=r"field1 holds U\+2603 SNOWMAN, outside the GSM alphabet"):
            batch.send(A, "\N{SNOWMAN}")
        with pytest.raises(InvalidInput, match="at most"):
            batch.send(A, *"abcdefghijk")
    with sms.batch("\N{SNOWMAN}") as batch:
        with pytest.raises(InvalidInput, match="quicksend"):
            batch.send(A, "Ann")
        batch.quicksend(A)
    assert [message.text for message in gateway.gateway.messages] == ["\N{SNOWMAN}"]


def test_a_batch_refuses_a_field_too_few_or_too_many(sms: Client, gateway: Simulator) -> None:
    with sms.batch("Dear #field1#, #field2# awaits") as batch:
        with pytest.raises(InvalidInput, match="has #field2#, and 1 fields are given"):
            batch.send(A, "Ann")
        with pytest.raises(InvalidInput, match="has no #field3#"):
            batch.send(A, "Ann", "a parcel", "and more")
    with pytest.raises(NotExpressible, match="template has #field11#"):
        sms.batch("#field11#")
    assert not gateway.gateway.messages


def test_an_error_inside_a_batch_leaves_it_to_die_by_itself(sms: Client, gateway: Simulator) -> None:
    with pytest.raises(ZeroDivisionError), sms.batch("hello"):
        raise ZeroDivisionError
    assert not gateway.gateway.commands.get("endbatch")


def test_one_login_serves_many_calls(sms: Client, gateway: Simulator) -> None:
    for _ in range(5):
        sms.balance()
    assert gateway.gateway.commands["auth"] == 1


def test_an_expired_session_is_renewed_and_the_message_sent_once(sms: Client, gateway: Simulator) -> None:
    sms.balance()
    gateway.clock.advance(minutes=16)
    assert len(sms.send(A, "hello").accepted) == 1
    assert gateway.gateway.commands["auth"] == 2
    assert len(gateway.gateway.messages) == 1


def test_with_credentials_no_session_is_opened(make_client: MakeClient, gateway: Simulator) -> None:
    sms = make_client(auth="credentials")
    sms.send(A, "hello")
    sms.balance()
    assert not gateway.gateway.commands.get("auth")
    sms.ping()
    assert gateway.gateway.commands["auth"] == 1


@pytest.mark.parametrize("auth", ["session", "credentials"])
def test_a_wrong_password_sends_nothing_and_says_so(make_client: MakeClient, gateway: Simulator, auth: str) -> None:
    with pytest.raises(AuthenticationError, match="001") as caught:
        make_client("wrong", auth=auth).send([A, B], "hello")
    report = caught.value.report
    assert report is not None
    assert [result.state for result in report] == [State.NOT_SENT, State.NOT_SENT]
    assert not caught.value.may_have_taken_effect
    assert not gateway.gateway.messages


def test_running_out_of_credit_stops_the_send(binding: BindingName, facade: type[Client]) -> None:
    account = Account(123456, "acme", "secret", balance=Decimal(1))
    with (
        Simulator(accounts=[account]) as simulator,
        facade(123456, "acme", "secret", endpoint=simulator.origin, binding=binding) as sms,
        pytest.raises(PartlySent) as stopped,
    ):
        sms.send([A, B], "hello")
    assert isinstance(stopped.value.cause, InsufficientCredit)
    assert [result.state for result in stopped.value.report] == [State.ACCEPTED, State.NOT_SENT]
    assert isinstance(stopped.value.report[1].error, InsufficientCredit)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda sms: sms.send([], "hello"), "to is empty"),
        (lambda sms: sms.send("", "hello"), "to is not a number"),
        (lambda sms: sms.send([A, "0821234567"], "hello"), r"to\[1\] starts with a national 0"),
        (lambda sms: sms.send([A, True], "hello"), r"to\[1\] is bool"),
        (lambda sms: sms.send(A.encode(), "hello"), "to is bytes"),
        (lambda sms: sms.send({A: "x"}, "hello"), "to is dict"),
        (lambda sms: sms.send(A, ""), "the text is empty"),
        (lambda sms: sms.send(A, b"hello"), "message is bytes"),
        (lambda sms: sms.send(A, "nul \x00"), r"U\+0000 NULL at position 4"),
        (lambda sms: sms.send(A, "half \ud83d"), r"U\+D83D half of a surrogate pair at position 5"),
        (lambda sms: sms.send(A, "x" * 153 * 35 + "x"), "needs 36 parts"),
        (lambda sms: sms.status(), "exactly one"),
        (lambda sms: sms.status("a", client_message_id="b"), "exactly one"),
        (lambda sms: sms.stop("with blank"), "message_id is empty or holds blanks"),
        (lambda sms: sms.charge(""), "message_id is empty"),
        (lambda sms: sms.coverage("12"), "number has 2 digits"),
        (lambda sms: sms.redeem("123"), "voucher is not a str of 16 digits"),
        (lambda sms: sms.batch(""), "template is empty"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_leaves(
    sms: Client, gateway: Simulator, call: Callable[[Client], object], names: str
) -> None:
    with pytest.raises(InvalidInput, match=names):
        call(sms)
    assert not any(gateway.gateway.commands.values())


def test_every_binding_gives_the_same_answers(gateway: Simulator, facade: type[Client]) -> None:
    """The same forty calls, compared but for ids."""

    def told(sms: Client) -> Iterator[object]:
        for index in range(5):
            numbers = [A, B, REFUSED, f"2784000000{index}"][: index + 1]
            report = sms.send(numbers, f"text {index} \N{EURO SIGN}")
            yield [(r.to, r.state, r.error and (type(r.error), r.error.code, r.error.text)) for r in report]
            yield repr(report)
            gateway.clock.advance(seconds=4)
            status = sms.status(report[0].message_id)
            yield status.status
            yield sms.stop(report[0].message_id).status
            yield sms.charge(str(report[0].message_id)).credits
            yield sms.coverage(numbers[-1])
            yield sms.coverage(REFUSED)
            try:
                sms.status(client_message_id=uuid.uuid4().hex)
            except GatewayError as error:
                yield (type(error), str(error))

    answers: list[list[object]] = []
    for binding in BINDINGS:
        with facade(1, binding, "secret", endpoint=gateway.origin, binding=binding) as sms:
            answers.append([*told(sms), sms.balance()])
    assert len(answers[0]) == 41
    assert answers[0] == answers[1] == answers[2]


def test_errors_are_all_of_one_family(sms: Client) -> None:
    with pytest.raises(ClicksoapError):
        sms.send((), "hello")
