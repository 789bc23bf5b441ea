"""The synchronous facade."""

import contextlib
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, NoReturn, Self, Unpack, cast, overload

from clicksoap.bindings import Binding
from clicksoap.bindings.http import HttpApi, HttpMethod
from clicksoap.bindings.soap import Contract, SoapBinding, compiled
from clicksoap.config import load
from clicksoap.contract import Dialect
from clicksoap.driver import Driver
from clicksoap.endpoint import BindingName, resolve
from clicksoap.errors import ClicksoapError, ConfigurationError, InvalidInput, NotExpressible
from clicksoap.flows import Credentials, Flows
from clicksoap.messages import (
    Binary,
    Feature,
    Message,
    MmsNotification,
    Text,
    WapPush,
    check_text,
    text_content,
)
from clicksoap.numbers import check_region, msisdn, recipients
from clicksoap.operations import (
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
from clicksoap.options import BatchOptions, Options, SendOptions
from clicksoap.policy import Retry
from clicksoap.results import Charge, Coverage, SendReport, State, StatusReport
from clicksoap.secret import Secret
from clicksoap.sending import Plan
from clicksoap.service import Service
from clicksoap.session import Session
from clicksoap.text import Alphabet, Charset, Segments, segments
from clicksoap.transports.requests import ClientCert, FilePath, RequestsTransport, SessionTransport
from clicksoap.version import __version__
from clicksoap.watching import Observer, Watch
from clicksoap.wire import Timeout, Transport

if TYPE_CHECKING:
    import requests

_DEFAULT_RETRY: Final = Retry()

Numbers = str | int | Iterable[str | int]


class Client:
    """A gateway account, for any number of threads.

    The constructor neither reads the environment nor touches the network; the first call logs in by itself, and the
    session is renewed for as long as the client lives. After a fork, the child starts with a session and connections
    of its own. Use it as a context manager, or call `close`.

    Args:
        api_id: The API id of the account (gateway: ``api_id``), a whole number; any str with the HTTP API.
        user: The account's user name (gateway: ``user``).
        password: Its password (gateway: ``password``).
        endpoint: Origin or service URL, with or without ``?wsdl``; the vendor's host over https by default.
        binding: ``"document_literal"`` (the default), ``"rpc_encoded"`` or ``"http"``; a documented service URL says
            it by itself.
        wsdl: Path or content of an in-house WSDL that copied the contract, in place of the bundled one. It says the
            binding, and the endpoint where none is given; its further parts are reached through ``extra=`` and
            `service`.
        auth: ``"session"`` logs in once and sends the session id; ``"credentials"`` sends user and password with
            every command.
        timeout: Limits of one request, in seconds.
        retry: When to try again, by default `Retry()`; None never does.
        proxy: URL of a forward proxy (``http://`` or ``https://``). No environment variable is read.
        ca: Path of the CA bundle to trust instead of the usual one.
        client_cert: Path of a client certificate with its key, or the two paths.
        headers: Further HTTP headers for every request.
        allow_plaintext: Allow plain http to another machine, which shows password and messages on the way.
        max_recipients: Recipients in one request; it only lowers the gateway's cap (300; 600 for HTTP by POST).
        region: Country whose national numbers are understood, such as ``"ZA"`` (extra ``phone``).
        sender: Who messages are from where a send does not say (gateway: ``from``).
        session: A `requests.Session` of your own, with its auth, hooks and adapters; it stays open. Excludes proxy,
            ca and client_cert, which are then the session's.
        on_exchange: Called after every exchange with the gateway, in the thread that made it.
        user_agent_extra: Appended to the User-Agent.
        http_method: Of the HTTP API: ``"POST"``, or ``"GET"``, which puts credentials and texts into the URL.
        log_content: Let the log ``clicksoap.wire`` show numbers and texts; credentials it never shows.

    Raises:
        ConfigurationError: An argument cannot work or is not safe; the text names it.
    """

    def __init__(  # noqa: PLR0913 - one place for everything that a client can be told
        self,
        api_id: int | str,
        user: str,
        password: str | Secret,
        *,
        endpoint: str | None = None,
        binding: BindingName | None = None,
        wsdl: FilePath | bytes | None = None,
        auth: Literal["session", "credentials"] = "session",
        timeout: Timeout | None = None,
        retry: Retry | None = _DEFAULT_RETRY,
        proxy: str | None = None,
        ca: FilePath | None = None,
        client_cert: ClientCert | None = None,
        headers: Mapping[str, str] | None = None,
        allow_plaintext: bool = False,
        max_recipients: int | None = None,
        region: str | None = None,
        sender: str | None = None,
        session: "requests.Session | None" = None,
        on_exchange: Observer | None = None,
        user_agent_extra: str | None = None,
        http_method: HttpMethod = "POST",
        log_content: bool = False,
    ) -> None:
        own = None if wsdl is None else compiled(_wsdl(wsdl))
        if own is not None:
            endpoint, binding = endpoint or own.address, binding or _dialect_name(own.dialect)
            if binding != own.dialect:
                raise ConfigurationError(f"wsdl= describes {own.dialect}, binding= says {binding}: leave it out")
        name, url = resolve(endpoint, binding, allow_plaintext=allow_plaintext)
        self._binding = _binding(name, url, http_method, own)
        credentials = _credentials(api_id, user, password, name)
        if auth not in {"session", "credentials"}:
            raise ConfigurationError('auth= is neither "session" nor "credentials"')
        if region is not None:
            check_region(region)
        self._region = region
        self._sender = sender
        self._options({})  # refuses an impossible sender here
        self._most = _checked_cap(max_recipients, self._binding.most_recipients)
        timeout = timeout or Timeout()
        sent_headers = _headers(headers, user_agent_extra)
        transport: Transport
        if session is None:
            transport = RequestsTransport(timeout, headers=sent_headers, proxy=proxy, ca=ca, client_cert=client_cert)
        elif proxy is not None or ca is not None or client_cert is not None:
            raise ConfigurationError("session= excludes proxy=, ca= and client_cert=: set them on the session")
        else:
            transport = SessionTransport(timeout, headers=sent_headers, session=session)
        shared = Session()
        self._flows = Flows(
            self._binding,
            credentials,
            shared,
            timeout,
            retry or Retry(attempts=1),
            Watch(on_exchange, show_content=log_content),
            use_session=auth == "session",
        )
        self._driver = Driver(transport, self._flows, shared)

    @classmethod
    def from_config(cls, profile: str | None = None) -> Self:
        """A client by the settings of the surroundings.

        Each setting is ``CLICKSOAP_<NAME>`` or the content of the file that ``CLICKSOAP_<NAME>_FILE`` names;
        credentials may be ``CLICKATELL_<NAME>``; the rest comes from a profile of the file that
        ``CLICKSOAP_CONFIG`` names, by default ``clicksoap/config.toml`` in the user's configuration folder.

        Args:
            profile: The table of the TOML file; by default what ``CLICKSOAP_PROFILE`` says, else ``default``.

        Raises:
            ConfigurationError: Something needed is missing (the text names every place), or something is malformed.
        """
        return cls(**load(profile))

    def authenticate(self) -> None:
        """Log in now (gateway: ``auth``); calls do so by themselves. The session id is a secret and stays inside.

        Raises:
            AuthenticationError: The gateway refused the credentials.
            TransportError, ProtocolError, SoapFault: It could not be asked.
        """
        self._driver.run(self._flows.authenticate())

    def ping(self) -> None:
        """Keep the session alive (gateway: ``ping``); it dies after 15 minutes without a call."""
        self._driver.run(self._flows.command(Ping()))

    def send(self, to: Numbers, message: str | Message, **options: Unpack[SendOptions]) -> SendReport:
        """Send a message (gateway: ``sendmsg``, ``si_push`` or ``ind_push``, by its kind), to 300 recipients a request.

        Args:
            to: One number or an iterable of numbers in international form.
            message: A text, or a `Text`, `Binary`, `WapPush` or `MmsNotification`.
            options: See `SendOptions` for each with its unit, its range and the gateway's name of it.

        Returns:
            One result per recipient, in input order, accepted or rejected.

        Raises:
            InvalidInput: Refused before anything left.
            NotSent: It is certain that the gateway did nothing with the request that failed.
            OutcomeUnknown: The request that failed may have been sent; later ones were not.
            GatewayError: The gateway refused a request as a whole.

        All but the first carry ``.report``, with every recipient in exactly one state; see `report_of` for what
        interrupts a send from outside.
        """
        said = Text(message) if isinstance(message, str) else _checked_message(message)
        asked = self._options({**options})
        if said.is_eight_bit and asked.has_alphanumeric_sender:
            raise InvalidInput("sender is a name, and the gateway takes no name with 8-bit messages: give a number")
        common = _common(asked, asked.features | said.features)
        plan = Plan(
            _COMMANDS[said.command],
            recipients(to, self._region),
            [{**content, **common} for content in said.contents(self._binding.charset, asked.max_parts)],
            self._most,
            client_message_id=asked.client_message_id,
            deliver_at=asked.deliver_at,
            reference=asked.reference,
            unique=asked.unique,
        )
        return self._driver.run(self._flows.deliver(plan))

    def status(self, message_id: str | None = None, *, client_message_id: str | None = None) -> StatusReport:
        """Ask where a message is (gateway: ``querymsg``); the gateway knows for six days.

        Args:
            message_id: The gateway's id (gateway: ``apimsgid``).
            client_message_id: Or the id that the client gave (gateway: ``climsgid``); exactly one of the two.

        Raises:
            UnknownMessage: The gateway knows none of that id. It may answer status 001 instead.
        """
        return self._driver.run(self._flows.command(QueryMessage(message_id, client_message_id)))

    def charge(self, message_id: str) -> Charge:
        """Ask what a message cost, in credits (gateway: ``getmsgcharge``); the gateway knows for 15 days."""
        return self._driver.run(self._flows.command(MessageCharge(message_id)))

    def stop(self, message_id: str | None = None, *, client_message_id: str | None = None) -> StatusReport:
        """Stop a message that still waits in the gateway (gateway: ``delmsg``).

        Returns:
            The status afterwards: 006 if it was stopped; another if it had already gone on.
        """
        return self._driver.run(self._flows.command(StopMessage(message_id, client_message_id)))

    def balance(self) -> Decimal:
        """Ask for the credits that are left (gateway: ``getbalance``)."""
        return self._driver.run(self._flows.command(Balance()))

    def coverage(self, number: str | int) -> Coverage:
        """Ask whether a number is routed (gateway: ``routeCoverage``). Not meant to be asked before each send."""
        return self._driver.run(self._flows.command(RouteCoverage(msisdn(number, "number", self._region))))

    def redeem(self, voucher: str) -> None:
        """Redeem a voucher of 16 digits (gateway: ``token_pay``).

        Raises:
            NotSent: It is certain that the voucher was not redeemed.
            OutcomeUnknown: It may have been redeemed; compare `balance`.
            GatewayError: The gateway refused it.
        """
        self._driver.run(self._flows.command(PayToken(voucher)))

    def batch(self, template: str, **options: Unpack[BatchOptions]) -> "Batch":
        """Send many texts made from one template (gateway: ``startbatch`` … ``endbatch``).

        Args:
            template: A text with ``#field1#`` … ``#field10#`` (``#field4#`` in RPC/Encoded) to be filled in.
            options: See `BatchOptions`. Give ``max_parts`` where filled-in texts may exceed the template's own parts.

        Returns:
            A context manager that opens the batch on entry and closes it on exit.
        """
        check_text(template, "template")
        if not template:
            raise InvalidInput("template is empty: the gateway refuses an empty template (202)")
        asked = self._options(cast("SendOptions", options))
        if asked.reference is not None or asked.unique or asked.extra:
            raise InvalidInput("reference, unique and extra belong to a send, not to a batch")
        cost = segments(template, self._binding.charset)
        content = text_content("template", template, cost, asked.max_parts)
        if asked.asked_parts:
            content["concat"] = asked.max_parts
        own_id = {"climsgid": asked.client_message_id} if asked.client_message_id is not None else {}
        start = StartBatch({**content, **_common(asked, asked.features), **own_id}, asked.deliver_at)
        return Batch(self, start, takes_fields=cost.alphabet is Alphabet.GSM7)

    def segments(self, message: str | Message) -> Segments:
        """What a message costs in parts, as this binding would send it. Asks nobody."""
        said = Text(message) if isinstance(message, str) else _checked_message(message)
        return said.segments(self._binding.charset)

    @overload
    def reconcile(self, lost: SendReport, *, wait: float = 10) -> SendReport: ...
    @overload
    def reconcile(self, lost: str, *, wait: float = 10) -> State: ...
    def reconcile(self, lost: SendReport | str, *, wait: float = 10) -> SendReport | State:
        """Ask what became of the unknown recipients of a send (gateway: ``querymsg`` by ``climsgid``).

        A request of one recipient that arrived makes it accepted, with the gateway's id. Of a request of several, the
        gateway tells no more than that it arrived: its recipients are unconfirmed, and must never be sent to again. A
        request that the gateway does not know, asked twice, makes its recipients not_sent. Where the gateway answers
        "unknown or reporting delayed", or knows no more after six days, they stay unknown: ask again later.

        Args:
            lost: The report of an `OutcomeUnknown`, or the client message id of one request.
            wait: Seconds before the gateway is asked a second time whether it knows a request.

        Returns:
            The report with what was found out; for an id, ``State.ACCEPTED`` (it arrived), ``State.NOT_SENT`` or
            ``State.UNKNOWN``.

        Raises:
            TransportError, ProtocolError, SoapFault, GatewayError: The gateway could not be asked; ``.report`` has
                what was found out until then.
        """
        if isinstance(lost, str):
            return self._driver.run(self._flows.whereabouts(lost, wait))[0]
        return self._driver.run(self._flows.reconcile(lost, wait))

    def _options(self, given: SendOptions) -> Options:
        if self._sender is not None:
            given.setdefault("sender", self._sender)
        return Options.of(**given)

    @property
    def service(self) -> Service:
        """The gateway's commands by their own names, raw, for call sites written for other SOAP clients."""
        return Service(self._driver, self._flows, self._binding)

    def close(self) -> None:
        """Close the connections; a session of yours stays open."""
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Client {self._binding.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Client holds a password and connections and cannot be pickled: make one in each process")


class Batch:
    """A template batch of the gateway, made by `Client.batch`. It lives 24 hours if it is never closed."""

    def __init__(self, client: Client, start: StartBatch, *, takes_fields: bool) -> None:
        self._client = client
        self._start = start
        self._takes_fields = takes_fields
        self._id: str | None = None

    @property
    def id(self) -> str:
        """The gateway's id of the batch.

        Raises:
            InvalidInput: The batch is not open.
        """
        if self._id is None:
            raise InvalidInput("the batch is not open: use it in a with statement")
        return self._id

    def send(self, to: Numbers, *fields: str) -> SendReport:
        """Send the template with its fields filled in (gateway: ``senditem``).

        Args:
            to: One number or an iterable of numbers; all get the same fields.
            fields: Texts for ``#field1#``, ``#field2#``, … in order.

        Returns:
            As of `Client.send`; it raises alike.
        """
        binding = self._client._binding
        if len(fields) > binding.batch_fields:
            raise NotExpressible(
                f"{len(fields)} fields are given: {binding.name} merges {binding.batch_fields} at most"
            )
        if fields and not self._takes_fields:
            raise InvalidInput("the template needs Unicode, into which the gateway merges no fields: use quicksend()")
        for number, text in enumerate(fields, 1):
            _check_field(text, f"field{number}", binding.charset)
        return self._deliver(SendItem, to, {f"field{number}": text for number, text in enumerate(fields, 1)})

    def quicksend(self, to: Numbers) -> SendReport:
        """Send the template as it is (gateway: ``quicksend``); returns and raises as `Client.send` does."""
        return self._deliver(QuickSend, to, {})

    def _deliver(self, command: type[Deliver], to: Numbers, fields: dict[str, str]) -> SendReport:
        client = self._client
        contents = [{"batch_id": self.id, **fields}]
        plan = Plan(command, recipients(to, client._region), contents, client._most, has_client_id=False)
        return client._driver.run(client._flows.deliver(plan))

    def __enter__(self) -> Self:
        self._id = self._client._driver.run(self._client._flows.command(self._start))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        batch_id, self._id = self.id, None
        if error is None:
            # Closing is a courtesy: a batch dies by itself. An error from here would stand where the reports of what
            # was sent belong, and would invite a repetition.
            with contextlib.suppress(ClicksoapError):
                self._client._driver.run(self._client._flows.command(EndBatch(batch_id)))


_COMMANDS: Final[dict[str, type[Deliver]]] = {command.name: command for command in (SendMessage, PushLink, NotifyMms)}


def _checked_message(message: object) -> Message:
    if not isinstance(message, Text | Binary | WapPush | MmsNotification):
        raise InvalidInput(f"message is {type(message).__name__}: give a str, Text, Binary, WapPush or MmsNotification")
    return message


def _common(asked: Options, features: Feature) -> dict[str, str | int | Decimal]:
    """The parameters that options stand for."""
    flags = {"req_feat": int(features)} if features else {}
    return {**asked.content, **flags, **asked.extra}


def _dialect_name(dialect: Dialect) -> BindingName:
    return "document_literal" if dialect is Dialect.DOCUMENT_LITERAL else "rpc_encoded"


def _wsdl(wsdl: FilePath | bytes) -> bytes:
    if isinstance(wsdl, bytes):
        return wsdl
    try:
        return Path(wsdl).read_bytes()
    except (OSError, TypeError) as error:
        raise ConfigurationError(f"wsdl= is no file that can be read ({type(error).__name__})") from None


def _binding(name: BindingName, url: str, http_method: HttpMethod, own: Contract | None) -> Binding:
    if http_method not in {"POST", "GET"}:
        raise ConfigurationError('http_method= is neither "POST" nor "GET"')
    if name == "http":
        return HttpApi(url, http_method)
    if http_method != "POST":
        raise ConfigurationError('http_method="GET" belongs to binding="http": SOAP is always POST')
    return SoapBinding(Dialect(name), url, own)


def _check_field(text: str, argument: str, charset: Charset) -> None:
    check_text(text, argument)
    culprits = segments(text, charset).culprits
    if culprits:
        raise InvalidInput(
            f"{argument} holds {len(culprits)} characters outside the GSM alphabet, "
            "which the gateway cannot merge: send such texts with send()"
        )


def _credentials(api_id: object, user: object, password: object, binding: BindingName) -> Credentials:
    # Both WSDLs declare api_id as xsd:int.
    if isinstance(api_id, str) and api_id.isascii() and api_id.isdigit() and len(api_id) <= _MOST_API_ID_DIGITS:
        api_id = int(api_id)
    is_int = isinstance(api_id, int) and not isinstance(api_id, bool) and 0 < api_id < 2**31
    if binding != "http" and not is_int:
        raise ConfigurationError("api_id= is no positive whole number of 32 bits, and SOAP carries it as one")
    if not is_int and not (isinstance(api_id, str) and api_id):
        raise ConfigurationError("api_id= is empty or neither int nor str")
    if isinstance(password, Secret):
        password = password.reveal()
    for name, value in (("user", user), ("password", password)):
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{name}= is empty or no str")
        try:
            check_text(value, name)
        except InvalidInput as error:
            raise ConfigurationError(str(error)) from None
    return Credentials(api_id if isinstance(api_id, int) else str(api_id), str(user), Secret(str(password)))


def _checked_cap(max_recipients: object, most: int) -> int:
    if max_recipients is None:
        return most
    if isinstance(max_recipients, bool) or not isinstance(max_recipients, int):
        raise ConfigurationError("max_recipients= is no int")
    if not 1 <= max_recipients <= most:
        raise ConfigurationError(f"max_recipients= is not within 1 and {most}, the gateway's cap for this binding")
    return max_recipients


_MOST_API_ID_DIGITS: Final = 10  # of 32 bits
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token (RFC 9110, 5.6.2)
_OURS: Final = frozenset(
    {"content-type", "content-length", "soapaction", "host", "transfer-encoding", "accept-encoding"}
)


def _headers(headers: Mapping[str, str] | None, user_agent_extra: str | None) -> dict[str, str]:
    agent = f"clicksoap/{__version__}" + (f" {user_agent_extra}" if user_agent_extra else "")
    merged = {"User-Agent": agent, **(headers or {})}
    checked: dict[str, str] = {}
    for name, value in merged.items():
        if not all(isinstance(part, str) for part in (name, value)):
            raise ConfigurationError("headers= holds something else than str")
        if name.lower() in _OURS:
            raise ConfigurationError(f"headers= holds {name}, which the contract sets")
        if not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError("headers= holds a name that is none of HTTP: letters, digits and hyphens are")
        if not value.isascii() or not value.isprintable():
            raise ConfigurationError("headers= (or user_agent_extra=) holds a line break or a character beyond ASCII")
        checked[name] = value
    return checked
