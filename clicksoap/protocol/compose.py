"""The core of both clients: checked arguments, and a flow for each method."""

import copy
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from clicksoap.checks import check_text, plain_moment
from clicksoap.contract import Dialect
from clicksoap.errors import ConfigurationError, InvalidInput, NotExpressible
from clicksoap.lazy_re import pattern
from clicksoap.messages import Binary, Message, MmsNotification, Text, WapPush, text_content
from clicksoap.msisdn import Numbers, check_region, msisdn, recipients
from clicksoap.options import Options, SendOptions
from clicksoap.protocol.arguments import (
    Arguments,
    ViewOptions,
    check_kinds,
    checked_choice,
    checked_credentials,
    checked_flag,
    checked_max_recipients,
    wsdl_content,
)
from clicksoap.protocol.bindings import Binding
from clicksoap.protocol.bindings.soap import Contract, SoapBinding, compiled
from clicksoap.protocol.effects import Flow, Recorder
from clicksoap.protocol.endpoint import BindingName, HttpMethod, resolve
from clicksoap.protocol.flows import Flows
from clicksoap.protocol.observing import Watch
from clicksoap.protocol.operations import (
    Balance,
    Deliver,
    EndBatch,
    MessageCharge,
    NotifyMms,
    PayToken,
    Ping,
    PushLink,
    QueryMessage,
    QuickSend,
    RouteCoverage,
    SendItem,
    SendMessage,
    StartBatch,
    StopMessage,
)
from clicksoap.protocol.plan import Plan
from clicksoap.protocol.retry import Retry
from clicksoap.protocol.session import Session
from clicksoap.protocol.timeout import Timeout
from clicksoap.results import Charge, Coverage, FoundRequest, QueriedStatus, SendReport, State
from clicksoap.text import Alphabet, Charset, Segments, segments


class OpenBatch(NamedTuple):
    """A template batch, checked and not yet opened.

    Attributes:
        start: The command that opens it.
        takes_fields: Whether the gateway merges fields into its template.
        fields: The numbers of the fields that its template has.
    """

    start: StartBatch
    takes_fields: bool
    fields: frozenset[int]


class ClientCore:
    """The checked arguments of a client, and a flow for each of its methods. It waits for nothing.

    Attributes:
        url: The gateway's address.
        binding: The way of speaking.
        credentials: The account.
        timeout: The limits of one request.
        session: The session that the client and its views share.
        flows: Logs in and prepares; the driver needs it.
        max_recipients: How many recipients one request takes.

    Raises:
        ConfigurationError: An argument cannot work or is not safe; the text names it.
    """

    def __init__(self, given: Arguments) -> None:
        endpoint, binding = given["endpoint"], given["binding"]
        in_house = None if given["wsdl"] is None else compiled(wsdl_content(given["wsdl"]))
        if in_house is not None:
            endpoint, binding = endpoint or in_house.address, binding or _dialect_name(in_house.dialect)
            if binding != in_house.dialect:
                raise ConfigurationError(f"wsdl= describes {in_house.dialect}, binding= says {binding}: leave it out")
        path = urlsplit(in_house.address).path if in_house is not None else None
        name, url = resolve(
            endpoint, binding, allow_plaintext=checked_flag(given, "allow_plaintext"), default_path=path
        )
        self.url = url
        self.binding = _binding(name, url, given["http_method"], in_house)
        self.credentials = checked_credentials(given["api_id"], given["user"], given["password"], name)
        self._use_session = checked_choice("auth", given["auth"], ("session", "credentials")) == "session"
        self._region = None if given["region"] is None else check_region(given["region"])
        self._log_content = checked_flag(given, "log_content")
        self.session = Session()
        self.set_options(given)

    def view(self, changes: ViewOptions) -> "ClientCore":
        """A core with other options, and the same binding, credentials and session.

        Raises:
            ConfigurationError: An option is unknown or cannot work; the text names it.
        """
        unknown = changes.keys() - ViewOptions.__annotations__.keys()
        if unknown:
            known = ", ".join(sorted(ViewOptions.__annotations__))
            raise ConfigurationError(f"with_options() cannot change {min(unknown)!r}: give any of {known}")
        view = copy.copy(self)
        view.set_options({**self._changeable, **changes})
        return view

    def set_options(self, given: ViewOptions) -> None:
        """Take the options that a view may change; those that are missing have their defaults."""
        timeout, retry, deadline = given.get("timeout"), given.get("retry"), given.get("deadline")
        max_recipients, sender, on_exchange = given.get("max_recipients"), given.get("sender"), given.get("on_exchange")
        check_kinds(timeout, retry, deadline, on_exchange)
        self._changeable = ViewOptions(
            timeout=timeout,
            retry=retry,
            deadline=deadline,
            max_recipients=max_recipients,
            sender=sender,
            on_exchange=on_exchange,
        )
        self._sender = sender
        try:
            self._options({})
        except InvalidInput as error:
            raise ConfigurationError(str(error)) from None
        cap = self.binding.capabilities.max_recipients
        self.max_recipients = checked_max_recipients(max_recipients, cap)
        self.timeout = timeout or Timeout()
        self.flows = Flows(
            self.binding,
            self.credentials,
            self.session,
            self.timeout,
            retry or Retry(attempts=1),
            Watch(on_exchange, show_content=self._log_content),
            use_session=self._use_session,
            deadline=deadline,
        )

    def authenticate(self) -> Flow[None]:
        """Log in now."""
        return self.flows.authenticate()

    def ping(self) -> Flow[None]:
        """Keep the session alive."""
        return self.flows.command(Ping())

    def plan(self, to: Numbers, message: str | Message, options: SendOptions) -> Plan:
        """The plan of a send: everything is checked, and nothing is sent."""
        checked_message = _message(message)
        checked = self._options(options)
        if checked_message.is_eight_bit and checked.has_alphanumeric_sender:
            raise InvalidInput("sender is a name, and the gateway takes no name with 8-bit messages: give a number")
        capabilities = self.binding.capabilities
        self._check_command(checked_message.command)
        common = _common(checked, checked.features | int(checked_message.features))
        charset, max_parts = capabilities.charset, checked.max_parts
        contents = [{**content, **common} for content in checked_message.contents(charset, max_parts)]
        if checked.extra:
            if doubled := checked.extra.keys() & contents[0].keys():
                raise InvalidInput(f"extra holds {min(doubled)}, which the message sets by itself: leave it out")
            contents = [{**content, **checked.extra} for content in contents]
        return Plan(
            _COMMANDS[checked_message.command],
            recipients(to, self._region),
            contents,
            self.max_recipients,
            # An in-house contract may lack the id; what became of a lost request can then not be asked.
            has_client_id=checked.client_message_id is not None
            or checked_message.command in capabilities.client_id_commands,
            client_message_id=checked.client_message_id,
            deliver_at=checked.deliver_at,
            reference=checked.reference,
            unique=checked.unique,
        )

    def send(self, to: Numbers, message: str | Message, options: SendOptions) -> Flow[SendReport]:
        """Send a message; everything is checked before the flow begins."""
        return self.deliver(self.plan(to, message, options))

    def deliver(self, plan: Plan, recorder: Recorder | None = None) -> Flow[SendReport]:
        """Send a plan.

        Args:
            plan: The plan, made by `plan`.
            recorder: Keeps books: called before each request leaves, and after its answer.
        """
        return self.flows.deliver(plan, recorder)

    def status(self, message_id: str | None, client_message_id: str | None) -> Flow[QueriedStatus]:
        """Ask for the status of a message."""
        return self.flows.command(QueryMessage(message_id, client_message_id))

    def charge(self, message_id: str) -> Flow[Charge]:
        """Ask what a message cost."""
        return self.flows.command(MessageCharge(message_id))

    def stop(self, message_id: str | None, client_message_id: str | None) -> Flow[QueriedStatus]:
        """Stop a message that waits in the gateway."""
        return self.flows.command(StopMessage(message_id, client_message_id))

    def balance(self) -> Flow[Decimal]:
        """Ask for the credits that are left."""
        return self.flows.command(Balance())

    def coverage(self, number: str | int) -> Flow[Coverage]:
        """Ask whether a number is routed."""
        return self.flows.command(RouteCoverage(msisdn(number, "number", self._region)))

    def redeem(self, voucher: str) -> Flow[None]:
        """Redeem a voucher."""
        return self.flows.command(PayToken(voucher))

    def find(self, client_message_id: str) -> Flow[FoundRequest]:
        """Ask once what the gateway knows of a request."""
        return self.flows.find(check_text(client_message_id, "client_message_id"))

    def reconcile(self, report: SendReport, believe_after: float, *, wait: bool) -> Flow[SendReport]:
        """Ask what became of the unknown recipients of a report."""
        if not isinstance(report, SendReport):
            raise InvalidInput(f"lost is {type(report).__name__}: give a SendReport or a client message id")
        return self.flows.reconcile(report, believe_after, wait=_checked_wait(wait))

    def settle(
        self, client_message_id: str, believe_after: float, ended_at: datetime | None, *, wait: bool
    ) -> Flow[State]:
        """Ask whether a request arrived."""
        own_id = check_text(client_message_id, "lost")
        if not own_id or any(char.isspace() for char in own_id):
            raise InvalidInput("lost is empty or holds blanks: give a SendReport or a client message id")
        ended = None if ended_at is None else plain_moment(ended_at, "ended_at")
        return self.flows.settle(own_id, believe_after, ended, wait=_checked_wait(wait))

    def batch(self, template: str, options: SendOptions) -> OpenBatch:
        """Check a template batch."""
        check_text(template, "template")
        if not template:
            raise InvalidInput("template is empty, which the gateway refuses (202): give a text")
        checked = self._options(options)
        if checked.reference is not None or checked.unique or checked.extra:
            raise InvalidInput("reference, unique and extra belong to a send, not to a batch: leave them out")
        capabilities = self.binding.capabilities
        cost = segments(template, capabilities.charset)
        content = text_content("template", template, cost, checked.max_parts)
        if checked.has_max_parts:
            content["concat"] = checked.max_parts
        own_id = {"climsgid": checked.client_message_id} if checked.client_message_id is not None else {}
        start = StartBatch({**content, **_common(checked, checked.features), **own_id}, checked.deliver_at)
        fields = frozenset(int(number) for number in _FIELD.findall(template))
        if fields:
            self._check_command("senditem")
        if fields and max(fields) > capabilities.batch_fields:
            raise NotExpressible(
                f"template has #field{max(fields)}#: {self.binding.name} merges {capabilities.batch_fields} at most: "
                "use fewer, or document_literal, which merges 10"
            )
        return OpenBatch(start, takes_fields=cost.alphabet is Alphabet.GSM7, fields=fields)

    def start_batch(self, batch: OpenBatch) -> Flow[str]:
        """Open a batch; gives its id."""
        return self.flows.command(batch.start)

    def end_batch(self, batch_id: str) -> Flow[None]:
        """Close a batch."""
        return self.flows.command(EndBatch(batch_id))

    def send_item(self, batch_id: str, batch: OpenBatch, to: Numbers, fields: tuple[str, ...]) -> Flow[SendReport]:
        """Send a batch's template with fields."""
        capabilities = self.binding.capabilities
        self._check_command("senditem")
        if len(fields) > capabilities.batch_fields:
            raise NotExpressible(
                f"{len(fields)} fields are given: {self.binding.name} merges {capabilities.batch_fields} at most: "
                "use fewer, or document_literal, which merges 10"
            )
        if fields and not batch.takes_fields:
            raise InvalidInput(
                "the template needs Unicode, and the gateway merges no fields into Unicode: use quicksend()"
            )
        _check_filled(batch.fields, len(fields))
        named = {f"field{number}": text for number, text in enumerate(fields, 1)}
        for name, text in named.items():
            _check_field(text, name, capabilities.charset)
        return self._deliver_batch(SendItem, to, {"batch_id": batch_id, **named})

    def quicksend(self, batch_id: str, to: Numbers) -> Flow[SendReport]:
        """Send a batch's template as it is."""
        return self._deliver_batch(QuickSend, to, {"batch_id": batch_id})

    def segments(self, message: str | Message) -> Segments:
        """The cost of a message in parts, as this binding would send it."""
        return _message(message).segments(self.binding.capabilities.charset)

    def _deliver_batch(self, command: type[Deliver], to: Numbers, content: dict[str, str]) -> Flow[SendReport]:
        return self.flows.deliver(
            Plan(command, recipients(to, self._region), [content], self.max_recipients, has_client_id=False)
        )

    def _check_command(self, command: str) -> None:
        """Refuse a command that an in-house WSDL lacks."""
        commands = self.binding.capabilities.commands
        if command not in commands:
            raise NotExpressible(f"the WSDL in use has no {command}: it has {', '.join(sorted(commands))}")

    def _options(self, given: SendOptions) -> Options:
        if self._sender is not None:
            given.setdefault("sender", self._sender)
        return Options.of(**given)


_COMMANDS: Final[dict[str, type[Deliver]]] = {command.name: command for command in (SendMessage, PushLink, NotifyMms)}


def _checked_wait(wait: object) -> bool:
    if not isinstance(wait, bool):
        raise InvalidInput(f"wait is {type(wait).__name__}: give True or False")
    return wait


def _message(message: object) -> Message:
    if isinstance(message, str):
        return Text(message)
    if not isinstance(message, Text | Binary | WapPush | MmsNotification):
        raise InvalidInput(f"message is {type(message).__name__}: give a str, Text, Binary, WapPush or MmsNotification")
    return message


def _common(options: Options, features: int) -> Mapping[str, str | int | Decimal]:
    """The gateway's parameters of checked options."""
    return {**options.content, "req_feat": features} if features else options.content


def _dialect_name(dialect: Dialect) -> BindingName:
    return "document_literal" if dialect is Dialect.DOCUMENT_LITERAL else "rpc_encoded"


def _binding(name: BindingName, url: str, http_method: HttpMethod, in_house: Contract | None) -> Binding:
    checked_choice("http_method", http_method, ("POST", "GET"))
    if name == "http":
        from clicksoap.protocol.bindings.http import HttpApi  # noqa: PLC0415 - few speak it, and a first reply waits for imports

        return HttpApi(url, http_method)
    if http_method != "POST":
        raise ConfigurationError('http_method="GET" needs binding="http": leave it out, SOAP is always POST')
    return SoapBinding(Dialect(name), url, in_house)


_FIELD: Final = pattern(r"#field([1-9][0-9]?)#")


def _check_filled(fields: frozenset[int], given: int) -> None:
    """Refuse a field of the template without a text, and a text without a field."""
    missing = [number for number in sorted(fields) if number > given]
    if missing:
        raise InvalidInput(f"the template has #field{missing[0]}#, and {given} fields are given: give a text for each")
    unused = [number for number in range(1, given + 1) if number not in fields]
    if unused:
        raise InvalidInput(f"the template has no #field{unused[0]}#, and a text is given for it: leave it out")


def _check_field(text: str, argument: str, charset: Charset) -> None:
    check_text(text, argument)
    cost = segments(text, charset)
    if cost.culprits:
        raise InvalidInput(
            f"{argument} holds {cost.culprits_named()}, outside the GSM alphabet, "
            "which the gateway cannot merge: send such texts with send()"
        )
