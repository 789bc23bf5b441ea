"""The client of a worker: given, or made by a factory, which is asked again when the gateway refuses it."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

from clicksoap.client import Client
from clicksoap.errors import ConfigurationError

ClientFactory = Callable[[], Client]


class Clients:
    """The client of a worker.

    Args:
        source: A client, or a function that makes one.
        uuid: The uuid of the outbox.

    Attributes:
        uuid: The uuid of the outbox.
    """

    def __init__(self, source: Client | ClientFactory, uuid: str) -> None:
        self.uuid = uuid
        self._factory: ClientFactory | None = None
        self._made: list[Client] = []
        if not isinstance(source, Client):
            if not callable(source):
                raise ConfigurationError(
                    f"client is {type(source).__name__}: give a Client, or a function that makes one (no AsyncClient)"
                )
            self._factory = source
            source = self._make(source)
        self._client: Client = self._without_retries(source)
        self._is_proved = False

    @property
    def hashed_uuid(self) -> str:
        """A hash of the outbox's uuid, which may be shown."""
        return hashed(self.uuid)

    @property
    def endpoint(self) -> str:
        """The gateway's address."""
        parts = urlsplit(self._client._core.url)  # noqa: SLF001 - to be shown
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def binding(self) -> str:
        """The way of speaking."""
        return self._client._core.binding.name  # noqa: SLF001 - to be shown

    @property
    def patience(self) -> float:
        """For how many seconds one send waits at most, its logins included."""
        return self._client._core.timeout.total  # noqa: SLF001 - a lease is longer

    def current(self) -> Client:
        """The client, which repeats nothing by itself."""
        return self._client

    def is_current(self, client: Client) -> bool:
        """Whether a client is the current one."""
        return client is self._client

    def proved(self, client: Client) -> None:
        """Note that the gateway took a client's credentials."""
        self._is_proved = self._is_proved or client is self._client

    def renew(self, refused: Client) -> bool:
        """Ask the factory for another client; returns whether there is one other than the refused one.

        A client that was made in place of a refused one and is refused before it succeeded is the last one.
        """
        if refused is not self._client:
            return True
        if self._factory is None or (self._made[1:] and not self._is_proved):
            return False
        self._client = self._without_retries(self._make(self._factory))
        self._is_proved = False
        return True

    def fingerprint(self, client: Client) -> str:
        """The keyed hash of the gateway account that a client speaks for."""
        credentials = client._core.credentials  # noqa: SLF001 - who the client speaks for
        account = f"{credentials.api_id}\n{credentials.user}"
        return hmac.new(self.uuid.encode(), account.encode(), hashlib.sha256).hexdigest()

    def close(self) -> None:
        """Close the clients that the factory made."""
        for each in self._made:
            each.close()

    def _make(self, factory: ClientFactory) -> Client:
        made = factory()
        if not isinstance(made, Client):
            raise ConfigurationError(f"client= is a function that gives {type(made).__name__}: let it give a Client")
        self._made.append(made)
        return made

    @staticmethod
    def _without_retries(client: Client) -> Client:
        # The outbox repeats by itself, after it has asked.
        return client.with_options(retry=None, deadline=None)


def hashed(uuid: str) -> str:
    """A hash of an outbox's uuid, which may be shown: the uuid itself is secret."""
    return hashlib.sha256(uuid.encode()).hexdigest()[:32]
