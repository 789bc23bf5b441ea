"""Damaged replies to a send: both clients tell the same story, and accept only what a line said."""

import html
import os
import re
import socket
from collections import Counter
from typing import Any, Final

import pytest
from facades import FACADES, settings
from figures import counting
from rawserver import Hangup, RawServer

from clicksoap import ClicksoapError, GatewayError, NotSent, OutcomeUnknown, PartlySent

from .replies import NUMBERS, mutant_reply

SEED: Final = os.environ.get("SEED") or "clicksoap"
FEW: Final = 700
MANY: Final = int(os.environ.get("REPLIES") or "20000")
BINDINGS: Final = ("document_literal", "rpc_encoded", "http")
SHARES: Final = 4

Story = tuple[str, tuple[tuple[str, tuple[str, ...], str], ...]]
"""The class that is raised, or "returned"; and per recipient state, ids and the number of the error."""


def story(sms: Any) -> Story:
    """What a client tells about a send."""
    name = "returned"
    try:
        report = sms.send(list(NUMBERS), "hello")
    except ClicksoapError as error:
        assert isinstance(error, NotSent | GatewayError | PartlySent | OutcomeUnknown)  # noqa: PT017
        name, report = type(error).__name__, error.report
        states = {result.state for result in report}
        kind: type[ClicksoapError] = GatewayError
        if "unknown" in states:
            kind = OutcomeUnknown
        elif "accepted" in states:
            kind = PartlySent
        assert isinstance(error, (kind, NotSent) if kind is GatewayError else kind)  # noqa: PT017
    else:
        assert report.accepted
        assert not report.unknown
        assert not report.not_sent
    return name, tuple(
        (str(each.state), each.message_ids, each.error.code or "" if each.error else "") for each in report
    )


def views(body: bytes) -> list[str]:
    """The texts that a reader may find in a body: as it is, without tags, with entities and comments resolved."""
    texts = [body.decode("latin-1"), body.decode("utf-8", "replace"), body.replace(b"\0", b"").decode("latin-1")]
    for text in tuple(texts):
        bare = re.sub(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[|\]\]>", "", text, flags=re.DOTALL)
        # An element may stand within a line, and the next line may follow its end without a character between them.
        lines = re.sub(r"</[^<>]*>", "\n", bare)
        texts += [bare, re.sub(r"<[^<>]*>", "", bare), re.sub(r"<[^<>]*>", "", lines)]
    return [html.unescape(text) for text in texts]


def check_accepted(told: Story, body: bytes) -> None:
    """Every accepted recipient has an id that the body says on a line."""
    for state, ids, _ in told[1]:
        assert (state == "accepted") == bool(ids)
        for own_id in ids:
            said = re.compile(rf"(?i)(?:ID|apiMsgId)\s*:\s*{re.escape(own_id)}(?![0-9A-Za-z])")
            assert any(said.search(text) for text in views(body)), own_id


def run(numbers: range, binding: str) -> Counter[str]:
    """Have both clients meet each damaged reply; gives how often each story was told."""
    current: Any = None

    def answer(connection: socket.socket, _: object) -> None:
        reply = current  # the client may be at the next one before this thread goes on
        connection.sendall(reply.data)
        if reply.closes:
            raise Hangup

    told: Counter[str] = Counter()
    with RawServer(answer) as server:
        clients = [
            facade(**settings(endpoint=server.origin, binding=binding, auth="credentials"))
            for facade in FACADES.values()
        ]
        try:
            for number in numbers:
                current = mutant_reply(f"{SEED}-{number}", binding)
                try:
                    one, other = (story(sms) for sms in clients)
                    assert one == other
                    check_accepted(one, current.body)
                except BaseException as error:
                    error.add_note(f"reply {number} of the seed {SEED} over {binding}: {current.data!r}")
                    raise
                told[one[0]] += 1
        finally:
            for sms in clients:
                sms.close()
    return told


@pytest.mark.parametrize("binding", BINDINGS)
def test_some_damaged_replies_are_told_alike_and_accepted_only_by_their_lines(binding: str) -> None:
    told = run(range(FEW), binding)
    assert told.keys() >= {"returned", "PartlySent", "OutcomeUnknown", "NotSent"}


@pytest.mark.proof
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("binding", BINDINGS)
def test_many_damaged_replies_are_told_alike_and_accepted_only_by_their_lines(binding: str, share: int) -> None:
    size = -(-MANY // (SHARES * len(BINDINGS)))
    with counting("damaged replies to both clients", "crashes", inputs=size):
        told = run(range(share * size, (share + 1) * size), binding)
    print(f"{told.total()} replies, seed {SEED}, {binding}: {dict(told)}")  # noqa: T201 - shown by pytest -rP
