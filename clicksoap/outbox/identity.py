"""Client message ids and keyed hashes, both derived from the outbox's uuid, which is secret."""

import hashlib
import hmac
from typing import Final

_FORM: Final = "1"


def client_message_id(uuid: str, campaign: str, unit: str, attempt: int) -> str:
    """The id of a request (gateway: ``climsgid``): 32 hexadecimal digits.

    It depends on nothing that a restored copy of the database may have lost: the same unit gets the same id at the
    same attempt. The uuid is part of it, because reports are not signed and a stranger must not guess ids.

    Args:
        uuid: The outbox's uuid.
        campaign: The key of the campaign; empty for the stream.
        unit: The batch, or the key of a row that travels alone.
        attempt: 1 for the first time that the unit is sent.
    """
    return _keyed(uuid, "request", campaign, unit, str(attempt))[:32]


def digest(uuid: str, kind: str, body: str) -> str:
    """The keyed hash of a message's content: it shows later which text was sent, and tells nobody the text."""
    return _keyed(uuid, "content", kind, body)


def _keyed(uuid: str, *parts: str) -> str:
    # Each part is preceded by its length, so that two different lists never give the same bytes.
    joined = "".join(f"{len(part)}:{part}" for part in (_FORM, *parts))
    return hmac.new(uuid.encode(), joined.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
