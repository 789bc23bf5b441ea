"""The asynchronous client: the same names, arguments, results and errors as `clicksoap.Client`."""

import contextlib
import inspect
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Literal, NoReturn, Self, Unpack, cast, overload

from clicksoap.config import load
from clicksoap.errors import ClicksoapError, ConfigurationError, InvalidInput
from clicksoap.messages import Message
from clicksoap.msisdn import Numbers
from clicksoap.options import BatchOptions, SendOptions
from clicksoap.protocol.arguments import DEFAULT_RETRY, Arguments, ClientOptions, ViewOptions, sent_headers
from clicksoap.protocol.compose import ClientCore, OpenBatch
from clicksoap.protocol.endpoint import BindingName, HttpMethod
from clicksoap.protocol.frames import forget_locals
from clicksoap.protocol.observing import Observer
from clicksoap.protocol.reconciling import BELIEVE_AFTER
from clicksoap.protocol.retry import Retry
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import ClientCert, FilePath
from clicksoap.results import Charge, Coverage, FoundRequest, QueriedStatus, SendReport, State
from clicksoap.secret import Secret
from clicksoap.service import AsyncService
from clicksoap.text import Segments
from clicksoap.transports.async_driver import AsyncDriver, AsyncSleep, Shared
from clicksoap.transports.asyncio import AsyncioTransport


class AsyncClient:
    """A gateway account, for any number of tasks of one event loop.

    The constructor neither reads the environment nor touches the network; the first call logs in by itself, and the
    session is renewed for as long as the client lives. The event loop and the process of the first call are its home;
    elsewhere it says so. A call that is cancelled passes the cancellation on, with the report of a send on it (see
    `clicksoap.report_of`). Use it in ``async with``, or await `close`.

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
        deadline: Seconds from the start of a call to its hard end: requests, logins, tries and pauses together. By
            default a call has no end of its own, only its requests have (`Timeout.total`).
        proxy: URL of a forward proxy (``http://`` or ``https://``). No environment variable is read.
        ca: Path of the CA bundle to trust instead of the usual one.
        client_cert: Path of a client certificate with its key, or the two paths.
        headers: Further HTTP headers for every request.
        allow_plaintext: Allow plain http to another machine, which shows password and messages on the way.
        max_recipients: Recipients in one request; it only lowers the gateway's cap (300; 600 for HTTP by POST).
        region: Country whose national numbers are understood, such as ``"ZA"`` (extra ``phone``).
        sender: Who messages are from where a send does not say (gateway: ``from``).
        on_exchange: Called after every exchange with the gateway, in the task that made it.
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
        retry: Retry | None = DEFAULT_RETRY,
        deadline: float | None = None,
        proxy: str | None = None,
        ca: FilePath | None = None,
        client_cert: ClientCert | None = None,
        headers: Mapping[str, str] | None = None,
        allow_plaintext: bool = False,
        max_recipients: int | None = None,
        region: str | None = None,
        sender: str | None = None,
        on_exchange: Observer | None = None,
        user_agent_extra: str | None = None,
        http_method: HttpMethod = "POST",
        log_content: bool = False,
    ) -> None:
        outer = sys.exception()
        try:
            core = ClientCore(
                Arguments(
                    api_id=api_id,
                    user=user,
                    password=password,
                    endpoint=endpoint,
                    binding=binding,
                    wsdl=wsdl,
                    auth=auth,
                    timeout=timeout,
                    retry=retry,
                    deadline=deadline,
                    allow_plaintext=allow_plaintext,
                    max_recipients=max_recipients,
                    region=region,
                    sender=sender,
                    on_exchange=on_exchange,
                    http_method=http_method,
                    log_content=log_content,
                )
            )
            transport = AsyncioTransport(
                headers=sent_headers(headers, user_agent_extra), proxy=proxy, ca=ca, client_cert=client_cert
            )
            self._core = core
            self._driver = AsyncDriver(Shared(transport, core.session), core.flows)
        except BaseException as error:
            # Hidden from those who show local variables: what may hold a password.
            forget_locals(error, outer)
            del password, proxy, headers
            raise

    @classmethod
    def from_config(cls, profile: str | None = None, **overrides: Unpack[ClientOptions]) -> Self:
        """Make a client from the settings in the environment and the configuration file.

        Each setting is ``CLICKSOAP_<NAME>`` or the content of the file that ``CLICKSOAP_<NAME>_FILE`` names;
        credentials may be ``CLICKATELL_<NAME>``; the rest comes from a profile of the file that
        ``CLICKSOAP_CONFIG`` names, by default ``clicksoap/config.toml`` in the user's configuration folder.

        Args:
            profile: The table of the TOML file; by default what ``CLICKSOAP_PROFILE`` says, else ``default``.
            overrides: Arguments of the constructor that the program gives by itself. Each wins over its setting, also
                where it is None.

        Raises:
            ConfigurationError: Something needed is missing (the text names every place), or something is malformed.
        """
        if isinstance(password := overrides.get("password"), str):
            overrides["password"] = Secret(password)  # hidden from those who show local variables
            del password
        return cls(**load(profile, overrides=overrides))

    async def authenticate(self) -> None:
        """Log in now (gateway: ``auth``). Calls log in by themselves; the session id is a secret and stays inside.

        Raises:
            AuthenticationError: The gateway refused the credentials.
            TransportError, ProtocolError, SoapFault: It could not be asked.
        """
        await self._driver.run(self._core.authenticate())

    async def ping(self) -> None:
        """Keep the session alive (gateway: ``ping``); it dies after 15 minutes without a call.

        Raises:
            GatewayError: The gateway refused it.
            TransportError, ProtocolError, SoapFault: It could not be asked.
        """
        await self._driver.run(self._core.ping())

    async def send(self, to: Numbers, message: str | Message, **options: Unpack[SendOptions]) -> SendReport:
        """Send a message (gateway: ``sendmsg``, ``si_push`` or ``ind_push``, by its kind), to 300 recipients a request.

        Args:
            to: One number, or an iterable of numbers, in international form (gateway: ``to``); or the results that a
                report calls not_sent. With none of those, nothing is sent, and the report is empty.
            message: A text, or a `Text`, `Binary`, `WapPush` or `MmsNotification`.
            options: See `SendOptions` for each with its unit, its range and the gateway's name of it.

        Returns:
            One result per recipient, in input order: at least one is accepted, and every other was rejected for
            itself.

        Raises:
            InvalidInput, ConfigurationError: Refused before anything left.
            NotSent: Nothing of this call was done, certainly; it may be repeated.
            GatewayError: The gateway refused every recipient, or the account; nothing was done.
            PartlySent: At least one recipient is accepted, none is unknown, and the call was not completed. Send to
                ``report.not_sent`` only.
            OutcomeUnknown: At least one recipient is unknown. Never repeat those; `reconcile`.

        All but the first two carry ``.report``, with every recipient in exactly one state; see `report_of` for what
        interrupts a send from outside.
        """
        return await self._driver.run(self._core.send(to, message, options))

    async def status(self, message_id: str | None = None, *, client_message_id: str | None = None) -> QueriedStatus:
        """Ask for the status of a message (gateway: ``querymsg``); the gateway knows it for six days.

        Args:
            message_id: The gateway's id (gateway: ``apimsgid``).
            client_message_id: Or the id that the client gave (gateway: ``climsgid``); exactly one of the two.

        Raises:
            InvalidInput: Neither id is given, or both are.
            UnknownMessage: The gateway does not know the id. It may answer status 001 instead.
            GatewayError: The gateway refused the question.
            TransportError, ProtocolError, SoapFault: It could not be asked.
        """
        return await self._driver.run(self._core.status(message_id, client_message_id))

    async def find(self, client_message_id: str) -> FoundRequest:
        """Ask once, without a wait, what the gateway knows of a request (gateway: ``querymsg`` by ``climsgid``).

        Args:
            client_message_id: The id that the request carried, as `RecipientResult.client_message_id` has it.

        Returns:
            Accepted with the gateway's id, or unknown. That the gateway denies the id (``is_denied``) proves nothing
            yet, because the request may still be on its way: `reconcile` knows from when on it does.

        Raises:
            InvalidInput: The id is empty or holds blanks.
            TransportError, ProtocolError, SoapFault, GatewayError: The gateway could not be asked.
        """
        return await self._driver.run(self._core.find(client_message_id))

    async def charge(self, message_id: str) -> Charge:
        """Ask what a message cost, in credits (gateway: ``getmsgcharge``); the gateway knows it for 15 days.

        Args:
            message_id: The gateway's id (gateway: ``apimsgid``).

        Raises:
            InvalidInput: The id is empty or holds blanks.
            GatewayError: The gateway refused the question.
            TransportError, ProtocolError, SoapFault: It could not be asked.
        """
        return await self._driver.run(self._core.charge(message_id))

    async def stop(self, message_id: str | None = None, *, client_message_id: str | None = None) -> QueriedStatus:
        """Stop a message that still waits in the gateway (gateway: ``delmsg``).

        Args:
            message_id: The gateway's id (gateway: ``apimsgid``).
            client_message_id: Or the id that the client gave (gateway: ``climsgid``); exactly one of the two.

        Returns:
            The status afterwards: 006 if it was stopped; another if it had already gone on.

        Raises:
            InvalidInput: Neither id is given, or both are.
            UnknownMessage: The gateway does not know the id.
            GatewayError: The gateway refused the command.
            TransportError, ProtocolError, SoapFault: It is not known whether the message was stopped; the same call
                may be repeated.
        """
        return await self._driver.run(self._core.stop(message_id, client_message_id))

    async def balance(self) -> Decimal:
        """Ask for the credits that are left (gateway: ``getbalance``).

        Raises:
            GatewayError: The gateway refused the question.
            TransportError, ProtocolError, SoapFault: It could not be asked.
        """
        return await self._driver.run(self._core.balance())

    async def coverage(self, number: str | int) -> Coverage:
        """Ask whether a number is routed, and from how many credits (gateway: ``routeCoverage``).

        The vendor asks not to call it before each send.

        Args:
            number: One number, as in `send`.

        Raises:
            InvalidInput: The number is not valid.
            GatewayError: The gateway refused the question.
            TransportError, ProtocolError, SoapFault: It could not be asked.
        """
        return await self._driver.run(self._core.coverage(number))

    async def redeem(self, voucher: str) -> None:
        """Redeem a voucher of 16 digits (gateway: ``token_pay``).

        Args:
            voucher: The 16 digits as a str (gateway: ``token``).

        Raises:
            InvalidInput: The voucher is not a str of 16 digits.
            NotSent: It is certain that the voucher was not redeemed.
            OutcomeUnknown: It may have been redeemed; compare `balance`.
            GatewayError: The gateway refused it.
        """
        flow = self._core.redeem(voucher)
        del voucher  # hidden from those who show local variables
        await self._driver.run(flow)

    def batch(self, template: str, **options: Unpack[BatchOptions]) -> "AsyncBatch":
        """Send many texts made from one template (gateway: ``startbatch`` to ``endbatch``).

        Args:
            template: A text with ``#field1#`` … ``#field10#`` (``#field4#`` in RPC/Encoded) to be filled in.
            options: See `BatchOptions`. Give ``max_parts`` where filled-in texts may exceed the template's own parts.

        Returns:
            A context manager that opens the batch on entry and closes it on exit.

        Raises:
            InvalidInput: The template or an option is not valid; `NotExpressible` if another binding carries it.
        """
        return AsyncBatch(self._core, self._driver, self._core.batch(template, cast("SendOptions", options)))

    def segments(self, message: str | Message) -> Segments:
        """Count the parts of a message as this binding sends it; nothing is sent.

        Args:
            message: A text, or a `Text`, `Binary`, `WapPush` or `MmsNotification`.

        Raises:
            InvalidInput: The message is not valid.
        """
        return self._core.segments(message)

    @overload
    async def reconcile(self, lost: SendReport, *, believe_after: float = ..., wait: bool = ...) -> SendReport: ...
    @overload
    async def reconcile(
        self, lost: str, *, believe_after: float = ..., wait: bool = ..., ended_at: datetime | None = ...
    ) -> State: ...
    async def reconcile(
        self,
        lost: SendReport | str,
        *,
        believe_after: float = BELIEVE_AFTER,
        wait: bool = False,
        ended_at: datetime | None = None,
    ) -> SendReport | State:
        """Ask what became of the unknown recipients of a send (gateway: ``querymsg`` by ``climsgid``).

        A request of one recipient that arrived makes it accepted, with the gateway's id. Of a request of several, the
        gateway tells no more than that it arrived: its recipients are unconfirmed, and must never be sent to again. A
        request that the gateway does not know (104) makes its recipients not_sent, if it says so late enough; before
        that they stay unknown, and ``settles_at`` of the result says from when on asking again settles it. Where the
        gateway answers "unknown or reporting delayed" (001), or knows no more after six days, they stay unknown.

        Args:
            lost: The report of an `OutcomeUnknown`, or the client message id of one request, sent within the last six
                days (of an older one the gateway knows nothing, which proves nothing).
            believe_after: Seconds after the end of the call (`SendReport.ended_at`) from which a denial is believed, 0
                to 518400. A proxy may hold a request for longer than the client waits for its answer.
            wait: Whether to wait for that time, once for all requests, and to ask again.
            ended_at: For an id: when the client gave up on its request, with a time zone. None for now. A report has
                its own.

        Returns:
            The report with what was found out; for an id, ``State.ACCEPTED`` (it arrived), ``State.NOT_SENT`` or
            ``State.UNKNOWN``.

        Raises:
            InvalidInput: An argument is not valid.
            TransportError, ProtocolError, SoapFault, GatewayError: The gateway could not be asked; ``.report`` has
                what was found out until then. So has whatever else interrupts the call (`report_of`).
        """
        if isinstance(lost, str):
            return await self._driver.run(self._core.settle(lost, believe_after, ended_at, wait=wait))
        return await self._driver.run(self._core.reconcile(lost, believe_after, wait=wait))

    @property
    def max_recipients(self) -> int:
        """How many recipients one request takes; `send` makes as many requests as it needs."""
        return self._core.max_recipients

    def with_options(self, *, sleep: AsyncSleep | None = None, **changes: Unpack[ViewOptions]) -> Self:
        """A view of this client with other options; it shares session, connections and everything else.

        Args:
            sleep: Waits between tries, in place of ``asyncio.sleep``. What it raises ends the call, so that a
                worker that is told to stop does not sit out a pause.
            changes: See `ViewOptions`.

        Returns:
            A client. To close it or this one closes the connections of both; a later call opens new ones.

        Raises:
            ConfigurationError: An option is unknown or cannot work; the text names it.
        """
        if sleep is not None and not callable(sleep):
            raise ConfigurationError(f"sleep= is {type(sleep).__name__}: give a function that waits for some seconds")
        if inspect.isbuiltin(sleep):  # time.sleep; of another function it is seen at the first pause
            raise ConfigurationError("sleep= gives nothing to await: give a coroutine function, such as asyncio.sleep")
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)  # not copy.copy: like pickle, it is refused
        view._core = self._core.view(changes)
        view._driver = self._driver.view(view._core.flows, sleep)
        return view

    @property
    def service(self) -> AsyncService:
        """The gateway's commands by their own names, raw, for call sites written for other SOAP clients."""
        return AsyncService(self._driver, self._core.flows, self._core.binding)

    async def close(self) -> None:
        """Close the connections that the client opened. A later call opens new ones."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        # A constructor that fails leaves a client without a core to those who show local variables.
        core = self.__dict__.get("_core")
        return "<AsyncClient, not made>" if core is None else f"<AsyncClient {core.binding.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an AsyncClient holds a password and connections and cannot be pickled: make one in each process"
        )


class AsyncBatch:
    """A template batch of the gateway, made by `AsyncClient.batch`. It lives 24 hours if it is never closed."""

    def __init__(self, core: ClientCore, driver: AsyncDriver, batch: OpenBatch) -> None:
        self._core = core
        self._driver = driver
        self._batch = batch
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

    async def send(self, to: Numbers, *fields: str) -> SendReport:
        """Send the template with its fields filled in (gateway: ``senditem``).

        Args:
            to: One number or an iterable of numbers; all get the same fields.
            fields: Texts for ``#field1#``, ``#field2#``, … in order.

        Returns:
            As of `AsyncClient.send`; it raises alike.
        """
        return await self._driver.run(self._core.send_item(self.id, self._batch, to, fields))

    async def quicksend(self, to: Numbers) -> SendReport:
        """Send the template as it is (gateway: ``quicksend``); returns and raises as `AsyncClient.send` does."""
        return await self._driver.run(self._core.quicksend(self.id, to))

    async def __aenter__(self) -> Self:
        self._id = await self._driver.run(self._core.start_batch(self._batch))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        batch_id, self._id = self.id, None
        if error is None:
            # Closing is a courtesy: a batch dies by itself. An error from here would stand where the reports of what
            # was sent belong, and would invite a repetition.
            with contextlib.suppress(ClicksoapError):
                await self._driver.run(self._core.end_batch(batch_id))
