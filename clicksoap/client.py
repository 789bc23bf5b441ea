"""The synchronous facade."""

import contextlib
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, NoReturn, Self

from clicksoap.bindings import Binding
from clicksoap.bindings.soap import SoapBinding
from clicksoap.driver import Driver
from clicksoap.endpoint import BindingName, resolve
from clicksoap.errors import ClicksoapError, ConfigurationError, InvalidInput
from clicksoap.flows import Credentials, Flows
from clicksoap.messages import Text, check_text, text_parameters
from clicksoap.numbers import Recipient, msisdn, recipients
from clicksoap.operations import (
    Balance,
    Deliver,
    EndBatch,
    MessageCharge,
    Parameters,
    PayToken,
    Ping,
    QueryMessage,
    QuickSend,
    RouteCoverage,
    SendItem,
    SendMessage,
    StartBatch,
    StopMessage,
)
from clicksoap.results import Charge, Coverage, SendReport, StatusReport
from clicksoap.session import Session
from clicksoap.text import Charset, Segments, segments
from clicksoap.transports.requests import ClientCert, RequestsTransport, SessionTransport
from clicksoap.version import __version__
from clicksoap.wire import Timeout, Transport

if TYPE_CHECKING:
    import requests

MOST_RECIPIENTS: Final = 300
"""The gateway's cap of recipients in one SOAP request."""

Numbers = str | int | Iterable[str | int]


class Client:
    """A gateway account, for any number of threads.

    The constructor neither reads the environment nor touches the network; the first call logs in by itself, and the
    session is renewed for as long as the client lives. After a fork, the child starts with a session and connections
    of its own. Use it as a context manager, or call `close`.

    Args:
        api_id: The API id of the account (gateway: ``api_id``), a whole number.
        user: The account's user name (gateway: ``user``).
        password: Its password (gateway: ``password``).
        endpoint: Origin or service URL, with or without ``?wsdl``; the vendor's host over https by default.
        binding: ``"document_literal"`` (the default) or ``"rpc_encoded"``; a documented service URL says it by itself.
        auth: ``"session"`` logs in once and sends the session id; ``"credentials"`` sends user and password with
            every command.
        timeout: Limits of one request, in seconds.
        proxy: URL of a forward proxy (``http://`` or ``https://``). No environment variable is read.
        ca: Path of the CA bundle to trust instead of the usual one.
        client_cert: Path of a client certificate with its key, or the two paths.
        headers: Further HTTP headers for every request.
        allow_plaintext: Allow plain http to another machine, which shows password and messages on the way.
        max_recipients: Recipients in one request, 300 at most (the gateway's cap).
        session: A `requests.Session` of your own, with its auth, hooks and adapters; it stays open. Excludes proxy,
            ca and client_cert, which are then the session's.
        user_agent_extra: Appended to the User-Agent.

    Raises:
        ConfigurationError: An argument cannot work or is not safe; the text names it.
    """

    def __init__(  # noqa: PLR0913 - one place for everything that a client can be told
        self,
        api_id: int | str,
        user: str,
        password: str,
        *,
        endpoint: str | None = None,
        binding: BindingName | None = None,
        auth: Literal["session", "credentials"] = "session",
        timeout: Timeout | None = None,
        proxy: str | None = None,
        ca: str | None = None,
        client_cert: ClientCert | None = None,
        headers: Mapping[str, str] | None = None,
        allow_plaintext: bool = False,
        max_recipients: int = MOST_RECIPIENTS,
        session: "requests.Session | None" = None,
        user_agent_extra: str | None = None,
    ) -> None:
        credentials = _credentials(api_id, user, password)
        dialect, url = resolve(endpoint, binding, allow_plaintext=allow_plaintext)
        if auth not in {"session", "credentials"}:
            raise ConfigurationError('auth= is neither "session" nor "credentials"')
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
        self._binding = SoapBinding(dialect, url)
        self._flows = Flows(self._binding, credentials, shared, timeout, use_session=auth == "session")
        self._driver = Driver(transport, self._flows, shared)
        self._sender = _Sender(self._driver, self._flows, self._binding, _checked_cap(max_recipients))

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

    def send(self, to: Numbers, message: str | Text) -> SendReport:
        """Send a message (gateway: ``sendmsg``), in requests of 300 recipients.

        Args:
            to: One number or an iterable of numbers in international form.
            message: The text; its alphabet is chosen by its characters.

        Returns:
            One result per recipient, in input order, accepted or rejected.

        Raises:
            InvalidInput: Refused before anything left.
            NotSent: It is certain that the gateway did nothing with the request that failed.
            OutcomeUnknown: The request that failed may have been sent; later ones were not.
            GatewayError: The gateway refused a request as a whole.

        All but InvalidInput carry ``.report``, with every recipient in exactly one state; see `report_of` for what
        interrupts a send from outside.
        """
        text = message if isinstance(message, Text) else Text(message)
        return self._sender.deliver(SendMessage, recipients(to), text.parameters(self._binding.charset), own_id=True)

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
        return self._driver.run(self._flows.command(RouteCoverage(msisdn(number, "number"))))

    def redeem(self, voucher: str) -> None:
        """Redeem a voucher of 16 digits (gateway: ``token_pay``).

        Raises:
            NotSent: It is certain that the voucher was not redeemed.
            OutcomeUnknown: It may have been redeemed; compare `balance`.
            GatewayError: The gateway refused it.
        """
        self._driver.run(self._flows.command(PayToken(voucher)))

    def batch(self, template: str) -> "Batch":
        """Send many texts made from one template (gateway: ``startbatch`` … ``endbatch``).

        Args:
            template: A text with ``#field1#`` … ``#field10#`` (``#field4#`` in RPC/Encoded) to be filled in.

        Returns:
            A context manager that opens the batch on entry and closes it on exit.
        """
        check_text(template, "template")
        if not template:
            raise InvalidInput("template is empty: the gateway refuses an empty template (202)")
        return Batch(self._sender, text_parameters("template", template, self._binding.charset))

    def segments(self, message: str | Text) -> Segments:
        """What a message costs in parts, as this binding would send it. Asks nobody."""
        text = message.text if isinstance(message, Text) else Text(message).text
        return segments(text, self._binding.charset)

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


class _Sender:
    """What a client and its batches share: the running of flows, and the splitting of recipients into requests."""

    def __init__(self, driver: Driver, flows: Flows, binding: Binding, max_recipients: int) -> None:
        self.driver = driver
        self.flows = flows
        self.binding = binding
        self._max_recipients = max_recipients

    def deliver(
        self, kind: type[Deliver], to: tuple[Recipient, ...], content: Parameters, *, own_id: bool = False
    ) -> SendReport:
        size = self._max_recipients
        # One id of ours per request: what became of a request whose answer is lost can be asked by it.
        requests = [
            kind(to[start : start + size], content, uuid.uuid4().hex if own_id else None)
            for start in range(0, len(to), size)
        ]
        return self.driver.run(self.flows.deliver(requests))


class Batch:
    """A template batch of the gateway, made by `Client.batch`. It lives 24 hours if it is never closed."""

    def __init__(self, sender: _Sender, parameters: Parameters) -> None:
        self._sender = sender
        self._is_unicode = "unicode" in parameters
        self._start = StartBatch(parameters)
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
        binding = self._sender.binding
        if len(fields) > binding.batch_fields:
            raise InvalidInput(f"{len(fields)} fields are given: {binding.name} merges {binding.batch_fields} at most")
        if fields and self._is_unicode:
            raise InvalidInput("the template needs Unicode, into which the gateway merges no fields: use quicksend()")
        for number, text in enumerate(fields, 1):
            _check_field(text, f"field{number}", binding.charset)
        content = {"batch_id": self.id, **{f"field{number}": text for number, text in enumerate(fields, 1)}}
        return self._sender.deliver(SendItem, recipients(to), content)

    def quicksend(self, to: Numbers) -> SendReport:
        """Send the template as it is (gateway: ``quicksend``); returns and raises as `Client.send` does."""
        return self._sender.deliver(QuickSend, recipients(to), {"batch_id": self.id})

    def __enter__(self) -> Self:
        self._id = self._sender.driver.run(self._sender.flows.command(self._start))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        batch_id, self._id = self.id, None
        if error is None:
            # Closing is a courtesy: a batch dies by itself. An error from here would stand where the reports of what
            # was sent belong, and would invite a repetition.
            with contextlib.suppress(ClicksoapError):
                self._sender.driver.run(self._sender.flows.command(EndBatch(batch_id)))


def _check_field(text: str, argument: str, charset: Charset) -> None:
    check_text(text, argument)
    culprits = segments(text, charset).culprits
    if culprits:
        raise InvalidInput(
            f"{argument} holds {len(culprits)} characters outside the GSM alphabet, "
            "which the gateway cannot merge: send such texts with send()"
        )


def _credentials(api_id: object, user: object, password: object) -> Credentials:
    # Both WSDLs declare api_id as xsd:int.
    if isinstance(api_id, str) and api_id.isascii() and api_id.isdigit():
        api_id = int(api_id)
    if isinstance(api_id, bool) or not isinstance(api_id, int) or not 0 < api_id < 2**31:
        raise ConfigurationError("api_id= is no positive whole number of 32 bits, and SOAP carries it as one")
    for name, value in (("user", user), ("password", password)):
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{name}= is empty or no str")
        try:
            check_text(value, name)
        except InvalidInput as error:
            raise ConfigurationError(str(error)) from None
    return Credentials(api_id, str(user), str(password))


def _checked_cap(max_recipients: object) -> int:
    if isinstance(max_recipients, bool) or not isinstance(max_recipients, int):
        raise ConfigurationError("max_recipients= is no int")
    if not 1 <= max_recipients <= MOST_RECIPIENTS:
        raise ConfigurationError(f"max_recipients= is not within 1 and {MOST_RECIPIENTS}, the gateway's cap")
    return max_recipients


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
        if not (name + value).isascii() or not (name + value).isprintable() or not name:
            raise ConfigurationError("headers= (or user_agent_extra=) holds a line break or a character beyond ASCII")
        checked[name] = value
    return checked
