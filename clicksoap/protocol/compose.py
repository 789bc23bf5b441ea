"""What both facades are made of: checked settings, and a flow for each method."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypedDict
from urllib.parse import urlsplit

from clicksoap.checks import check_text, plain_str
from clicksoap.contract import Dialect
from clicksoap.errors import ConfigurationError, InvalidInput, NotExpressible
from clicksoap.lazy_re import pattern
from clicksoap.messages import Binary, Feature, Message, MmsNotification, Text, WapPush, text_content
from clicksoap.msisdn import check_region, msisdn, recipients
from clicksoap.options import Options, SendOptions
from clicksoap.protocol.bindings import Binding
from clicksoap.protocol.bindings.soap import Contract, SoapBinding, compiled
from clicksoap.protocol.endpoint import BindingName, HttpMethod, resolve
from clicksoap.protocol.flows import Credentials, Flow, Flows
from clicksoap.protocol.observing import Observer, Watch
from clicksoap.protocol.operations import (
    Deliver,
    NotifyMms,
    PushLink,
    QuickSend,
    RouteCoverage,
    SendItem,
    SendMessage,
    StartBatch,
)
from clicksoap.protocol.plan import Plan
from clicksoap.protocol.retry import Retry
from clicksoap.protocol.session import Session
from clicksoap.protocol.timeout import Timeout
from clicksoap.protocol.wire import FilePath
from clicksoap.results import Coverage, SendReport
from clicksoap.secret import Secret
from clicksoap.text import Alphabet, Charset, Segments, segments
from clicksoap.version import __version__

DEFAULT_RETRY: Final = Retry()

Numbers = str | int | Iterable[str | int]


class Arguments(TypedDict):
    """Everything that both clients can be told, beside how they reach the network; see `clicksoap.Client`."""

    api_id: int | str
    user: str
    password: str | Secret
    endpoint: str | None
    binding: BindingName | None
    wsdl: FilePath | bytes | None
    auth: Literal["session", "credentials"]
    timeout: Timeout | None
    retry: Retry | None
    allow_plaintext: bool
    max_recipients: int | None
    region: str | None
    sender: str | None
    on_exchange: Observer | None
    http_method: HttpMethod
    log_content: bool


class OpenBatch(NamedTuple):
    """A template batch before it is opened.

    Attributes:
        start: The command that opens it.
        takes_fields: Whether the gateway merges fields into its template.
        fields: The numbers of the fields that its template has.
    """

    start: StartBatch
    takes_fields: bool
    fields: frozenset[int]


class ClientCore:
    """The settings of a client, checked, and the flows of its methods. It waits for nothing.

    Raises:
        ConfigurationError: An argument cannot work or is not safe; the text names it.
    """

    def __init__(self, given: Arguments) -> None:
        _check_kinds(given)
        endpoint, binding = given["endpoint"], given["binding"]
        own = None if given["wsdl"] is None else compiled(_wsdl(given["wsdl"]))
        if own is not None:
            endpoint, binding = endpoint or own.address, binding or _dialect_name(own.dialect)
            if binding != own.dialect:
                raise ConfigurationError(f"wsdl= describes {own.dialect}, binding= says {binding}: leave it out")
        path = urlsplit(own.address).path if own is not None else None
        name, url = resolve(endpoint, binding, allow_plaintext=given["allow_plaintext"], default_path=path)
        self.binding = _binding(name, url, given["http_method"], own)
        credentials = _credentials(given["api_id"], given["user"], given["password"], name)
        if given["auth"] not in {"session", "credentials"}:
            raise ConfigurationError('auth= is neither "session" nor "credentials"')
        if given["region"] is not None:
            check_region(given["region"])
        self._region = given["region"]
        self._sender = given["sender"]
        try:
            self._options({})
        except InvalidInput as error:
            raise ConfigurationError(str(error)) from None
        self._most = _checked_cap(given["max_recipients"], self.binding.max_recipients)
        self.timeout = given["timeout"] or Timeout()
        self.session = Session()
        self.flows = Flows(
            self.binding,
            credentials,
            self.session,
            self.timeout,
            given["retry"] or Retry(attempts=1),
            Watch(given["on_exchange"], show_content=given["log_content"]),
            use_session=given["auth"] == "session",
        )

    def send(self, to: Numbers, message: str | Message, options: SendOptions) -> Flow[SendReport]:
        """Send a message; everything is checked before the flow begins."""
        said = _message(message)
        asked = self._options(options)
        if said.is_eight_bit and asked.has_alphanumeric_sender:
            raise InvalidInput("sender is a name, and the gateway takes no name with 8-bit messages: give a number")
        common = _common(asked, asked.features | said.features)
        contents = [{**content, **common} for content in said.contents(self.binding.charset, asked.max_parts)]
        if own := asked.extra.keys() & contents[0].keys():
            raise InvalidInput(f"extra holds {min(own)}, which the message sets by itself: leave it out")
        plan = Plan(
            _COMMANDS[said.command],
            recipients(to, self._region),
            [{**content, **asked.extra} for content in contents],
            self._most,
            # An in-house contract may lack the id; what became of a lost request can then not be asked.
            has_client_id=asked.client_message_id is not None or self.binding.takes_client_id(said.command),
            client_message_id=asked.client_message_id,
            deliver_at=asked.deliver_at,
            reference=asked.reference,
            unique=asked.unique,
        )
        return self.flows.deliver(plan)

    def coverage(self, number: str | int) -> Flow[Coverage]:
        """Ask whether a number is routed."""
        return self.flows.command(RouteCoverage(msisdn(number, "number", self._region)))

    def batch(self, template: str, options: SendOptions) -> OpenBatch:
        """Check a template batch."""
        check_text(template, "template")
        if not template:
            raise InvalidInput("template is empty: the gateway refuses an empty template (202)")
        asked = self._options(options)
        if asked.reference is not None or asked.unique or asked.extra:
            raise InvalidInput("reference, unique and extra belong to a send, not to a batch")
        cost = segments(template, self.binding.charset)
        content = text_content("template", template, cost, asked.max_parts)
        if asked.asked_parts:
            content["concat"] = asked.max_parts
        own_id = {"climsgid": asked.client_message_id} if asked.client_message_id is not None else {}
        start = StartBatch({**content, **_common(asked, asked.features), **own_id}, asked.deliver_at)
        fields = frozenset(int(number) for number in _FIELD.findall(template))
        if fields and max(fields) > self.binding.batch_fields:
            raise NotExpressible(
                f"template has #field{max(fields)}#: {self.binding.name} merges {self.binding.batch_fields} at most, "
                "document_literal 10"
            )
        return OpenBatch(start, takes_fields=cost.alphabet is Alphabet.GSM7, fields=fields)

    def send_item(self, batch_id: str, batch: OpenBatch, to: Numbers, fields: tuple[str, ...]) -> Flow[SendReport]:
        """Send a batch's template with fields."""
        if len(fields) > self.binding.batch_fields:
            most = self.binding.batch_fields
            raise NotExpressible(
                f"{len(fields)} fields are given: {self.binding.name} merges {most} at most, document_literal 10"
            )
        if fields and not batch.takes_fields:
            raise InvalidInput("the template needs Unicode, into which the gateway merges no fields: use quicksend()")
        _check_filled(batch.fields, len(fields))
        named = {f"field{number}": text for number, text in enumerate(fields, 1)}
        for name, text in named.items():
            _check_field(text, name, self.binding.charset)
        return self._deliver_batch(SendItem, to, {"batch_id": batch_id, **named})

    def quicksend(self, batch_id: str, to: Numbers) -> Flow[SendReport]:
        """Send a batch's template as it is."""
        return self._deliver_batch(QuickSend, to, {"batch_id": batch_id})

    def segments(self, message: str | Message) -> Segments:
        """What a message costs, as this binding would send it."""
        return _message(message).segments(self.binding.charset)

    def _deliver_batch(self, command: type[Deliver], to: Numbers, content: dict[str, str]) -> Flow[SendReport]:
        plan = Plan(command, recipients(to, self._region), [content], self._most, has_client_id=False)
        return self.flows.deliver(plan)

    def _options(self, given: SendOptions) -> Options:
        if self._sender is not None:
            given.setdefault("sender", self._sender)
        return Options.of(**given)


_COMMANDS: Final[dict[str, type[Deliver]]] = {command.name: command for command in (SendMessage, PushLink, NotifyMms)}


def _message(message: object) -> Message:
    if isinstance(message, str):
        return Text(message)
    if not isinstance(message, Text | Binary | WapPush | MmsNotification):
        raise InvalidInput(f"message is {type(message).__name__}: give a str, Text, Binary, WapPush or MmsNotification")
    return message


def _common(asked: Options, features: Feature) -> dict[str, str | int | Decimal]:
    """The parameters that options stand for."""
    flags = {"req_feat": int(features)} if features else {}
    return {**asked.content, **flags}


def _check_kinds(given: Arguments) -> None:
    """Refuse arguments of a wrong kind where they are given, not at the first call that needs them."""
    timeout, retry, observer = given["timeout"], given["retry"], given["on_exchange"]
    if timeout is not None and not isinstance(timeout, Timeout):
        raise ConfigurationError(f"timeout= is {type(timeout).__name__}: give Timeout(connect=5, read=30, total=60)")
    if retry is not None and not isinstance(retry, Retry):
        raise ConfigurationError(f"retry= is {type(retry).__name__}: give Retry(attempts=4), or None for one try")
    if observer is not None and not callable(observer):
        raise ConfigurationError(f"on_exchange= is {type(observer).__name__}: give a function that takes an Exchange")
    for name in ("allow_plaintext", "log_content"):
        if not isinstance(given[name], bool):
            raise ConfigurationError(f"{name}= is {type(given[name]).__name__}: give True or False")


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
        from clicksoap.protocol.bindings.http import HttpApi  # noqa: PLC0415 - few speak it, and a first reply waits for imports

        return HttpApi(url, http_method)
    if http_method != "POST":
        raise ConfigurationError('http_method="GET" belongs to binding="http": SOAP is always POST')
    return SoapBinding(Dialect(name), url, own)


_FIELD: Final = pattern(r"#field([1-9][0-9]?)#")


def _check_filled(fields: frozenset[int], given: int) -> None:
    """Refuse what would go out with a blank for a field, or without something that was meant to be in it."""
    missing = [number for number in sorted(fields) if number > given]
    if missing:
        raise InvalidInput(f"the template has #field{missing[0]}#, and {given} fields are given: fill them all")
    unused = [number for number in range(1, given + 1) if number not in fields]
    if unused:
        raise InvalidInput(f"the template has no #field{unused[0]}#, and a text is given for it: leave it out")


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
    if (
        binding != "http"
        and isinstance(api_id, str)
        and api_id.isascii()
        and api_id.isdigit()
        and len(api_id) <= _MAX_API_ID_DIGITS
    ):
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
    return Credentials(
        api_id if isinstance(api_id, int) else plain_str(api_id), plain_str(user), Secret(plain_str(password))
    )


def _checked_cap(max_recipients: object, most: int) -> int:
    if max_recipients is None:
        return most
    if isinstance(max_recipients, bool) or not isinstance(max_recipients, int):
        raise ConfigurationError("max_recipients= is no int")
    if not 1 <= max_recipients <= most:
        raise ConfigurationError(f"max_recipients= is not within 1 and {most}, the gateway's cap for this binding")
    return max_recipients


_MAX_API_ID_DIGITS: Final = 10  # of 32 bits
_HEADER_NAME: Final = pattern(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token (RFC 9110, 5.6.2)
_OURS: Final = frozenset(
    {"content-type", "content-length", "soapaction", "host", "transfer-encoding", "accept", "accept-encoding"}
)


def sent_headers(headers: Mapping[str, str] | None, user_agent_extra: str | None) -> dict[str, str]:
    """The HTTP headers of every request.

    Raises:
        ConfigurationError: One of them is set by the contract, or cannot be sent.
    """
    if headers is not None and not isinstance(headers, Mapping):
        raise ConfigurationError(f"headers= is {type(headers).__name__}: give a dict of names and values")
    if user_agent_extra is not None and not isinstance(user_agent_extra, str):
        raise ConfigurationError(f"user_agent_extra= is {type(user_agent_extra).__name__}: give a str")
    agent = f"clicksoap/{__version__}" + (f" {user_agent_extra}" if user_agent_extra else "")
    given = headers or {}
    named = {name.lower() for name in given if isinstance(name, str)}
    merged = {**({} if "user-agent" in named else {"User-Agent": agent}), **given}
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
