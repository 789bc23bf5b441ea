"""The subject of all checks: settings, addresses and the server's answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from clicksoap.cli.offline import MASK, core_with
from clicksoap.cli.verbs import Account
from clicksoap.client import Client
from clicksoap.protocol.timeout import Timeout
from clicksoap.transports.outgoing import port_of

if TYPE_CHECKING:
    from clicksoap.protocol.arguments import ClientOptions
    from clicksoap.protocol.wire import WireReply

TIMEOUT: Final = Timeout(connect=5, read=10, total=15)


class Examination:
    """The subject of the checks, with what one check finds for the next.

    Args:
        account: The account.
        number: A number whose coverage is asked for; None for none.
        sender: A sender to check instead of that of the settings; None for none.
        callback: An address of a receiver of callbacks; None for none.
        outbox: The URL of the database of an outbox; None for none.
        mark: The mark file of the outbox; None for none.

    Attributes:
        options: The arguments of a client; empty until the settings were read.
        url: The address of the service; empty until then.
        binding: The name of the binding.
        reply: The server's answer to a GET of its WSDL; None until it came.
    """

    def __init__(  # noqa: PLR0913 - each is an option
        self,
        account: Account,
        *,
        number: str | None,
        sender: str | None,
        callback: str | None,
        outbox: str | None,
        mark: Path | None,
    ) -> None:
        self.account = account
        self.number = number
        self.callback = callback
        self.outbox = outbox
        self.mark = mark
        self.options: ClientOptions = {}
        self.url = ""
        self.binding = "document_literal"
        self.reply: WireReply | None = None
        self._given_sender = sender
        self._client: Client | None = None

    def read_settings(self) -> None:
        """Read the settings.

        Raises:
            ConfigurationError: They are incomplete or malformed.
        """
        options = self.account.options()
        trying: ClientOptions = {**options, "timeout": options.get("timeout") or TIMEOUT, "retry": None}
        self._client = Client(**trying)  # pyright: ignore[reportArgumentType] - credentials are among the options
        binding = core_with(options).binding
        self.binding = binding.name
        self.url = binding.encode("ping", {"session_id": MASK}).url.partition("?")[0]
        self.options = options

    @property
    def client(self) -> Client:
        """A client of the account, which tries everything once."""
        if self._client is None:
            self.read_settings()
        assert self._client is not None  # noqa: S101 - for type checkers
        return self._client

    @property
    def sender(self) -> str | None:
        """The sender to check."""
        return self._given_sender or self.options.get("sender")

    @property
    def to(self) -> SplitResult:
        """The address of the gateway, in parts."""
        return urlsplit(self.url)

    @property
    def proxy(self) -> SplitResult | None:
        """The address of the proxy, in parts; None without one."""
        proxy = self.options.get("proxy")
        return None if proxy is None else urlsplit(proxy)

    @property
    def first_host(self) -> tuple[str, int]:
        """The machine that is connected to: the proxy, or the gateway itself."""
        first = self.proxy or self.to
        return first.hostname or "", port_of(first)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()
