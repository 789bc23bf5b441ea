"""Samples of callbacks: the requests in tests/samples/callbacks, with the event that each one stands for."""

import tomllib
from pathlib import Path
from typing import Any, Final

from clicksoap.callbacks.request import CallbackRequest
from clicksoap.events import DeliveryReport, InboundMessage

FOLDER: Final = Path(__file__).parents[1] / "samples" / "callbacks"
EXPECTED: Final[dict[str, dict[str, Any]]] = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))
NAMES: Final = sorted(path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.txt"))


def sample(name: str) -> CallbackRequest:
    """The request of a sample."""
    head, _, body = FOLDER.joinpath(f"{name}.txt").read_bytes().partition(b"\n\n")
    first, *lines = head.decode("ascii").split("\n")
    method, _, target = first.partition(" ")
    path, _, query = target.partition("?")
    pairs = (line.partition(": ") for line in lines)
    headers = {key.lower(): value for key, _, value in pairs}
    return CallbackRequest(method, query.encode("ascii"), headers, body, path)


def described(event: DeliveryReport | InboundMessage) -> dict[str, Any]:
    """An event in the form of ``expected.toml``."""
    data = event.to_dict()
    names = [
        "message_id", "status", "at", "to", "sender", "client_message_id", "charge", "api_id", "text", "charset", "udh",
        "network",
    ]  # fmt: skip
    kind = "report" if isinstance(event, DeliveryReport) else "inbound"
    return {"kind": kind} | {name: data[name] for name in names if data.get(name) is not None}
