"""The reference page of faults has exactly the rows of the constants."""

import re
from pathlib import Path

from clicksoap.codes import ERRORS, STATUSES
from clicksoap.simulator.faults.kinds import KINDS
from clicksoap.simulator.faults.magic import MAGIC, MAGIC_PREFIX
from clicksoap.simulator.front.rules import REFUSED_PREFIX
from clicksoap.simulator.gateway.stages import FREE_STATUSES, STATUS_PREFIX, WAITING_STATUSES

PAGE = (Path(__file__).parents[2] / "docs/reference/simulator-faults.md").read_text("utf-8")


def rows(heading: str) -> list[str]:
    """The rows of the table beneath a heading."""
    section = re.split(r"^## ", PAGE.split(f"## {heading}\n")[1], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    assert set(lines[1]) <= set("|-: ")
    return lines[2:]


def cost(code: str) -> str:
    """What a message costs that is to end so."""
    if code in WAITING_STATUSES:
        return "nothing, once it has expired"
    return "nothing" if code in FREE_STATUSES else "the price"


def test_every_kind_is_described_with_what_is_usual_for_it() -> None:
    expected = []
    for kind, about in KINDS.items():
        arguments = ", ".join(f"**`{name}`**" if name in about.required else f"`{name}`" for name in about.arguments)
        expected.append(f"| `{kind}` | {about.description} | {about.carried_out} | {arguments} |")
    assert rows("Kinds") == expected


def test_every_magic_number_is_described() -> None:
    assert rows("997: the transport breaks") == [
        f"| `{MAGIC_PREFIX}{digits}…` | {magic.description} | `{magic.rule.kind}` |" for digits, magic in MAGIC.items()
    ]
    assert rows("998: accepted, and then") == [
        f"| `{STATUS_PREFIX}{code}…` | {text} | {cost(code)} |" for code, text in STATUSES.items()
    ]
    assert rows("999: refused") == [f"| `{REFUSED_PREFIX}{code}…` | {text} |" for code, text in ERRORS.items()]
