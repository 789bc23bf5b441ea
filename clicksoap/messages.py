"""What can be said in a message, and how the gateway wants it said."""

import re
from dataclasses import dataclass, field
from typing import Final

from clicksoap.errors import InvalidInput
from clicksoap.text import MOST_PARTS, Alphabet, Charset, Segments, segments, ucs2_hex

# XML 1.0 section 2.2, production Char: what no document can hold, not even by reference.
XML_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Text:
    """A text message. A plain ``str`` given to ``send`` is one.

    Attributes:
        text: What the phone shows, in any characters; the alphabet is chosen by content.

    Raises:
        InvalidInput: The text is empty, is no str, or holds something that is not a character.
    """

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        check_text(self.text, "the text")
        if not self.text:
            raise InvalidInput("the text is empty: the gateway refuses an empty message (107)")

    def parameters(self, charset: Charset) -> dict[str, str | int]:
        """The gateway's parameters ``text``, ``unicode`` and ``concat`` for a service of that charset."""
        return text_parameters("text", self.text, charset)


def text_parameters(name: str, text: str, charset: Charset) -> dict[str, str | int]:
    """A text under the gateway's name of it, as hexadecimal with ``unicode=1`` where its characters ask for it.

    ``concat`` (the gateway's greatest number of parts) is set where one part is too few, because the gateway's own
    default may be one part, and what exceeds it is refused with error 113.
    """
    cost = segments(text, charset)
    check_parts(cost)
    plain = cost.alphabet is Alphabet.GSM7
    parameters: dict[str, str | int] = {name: text} if plain else {name: ucs2_hex(text), "unicode": 1}
    if cost.parts > 1:
        parameters["concat"] = cost.parts
    return parameters


def check_parts(cost: Segments) -> None:
    """Refuse a text that exceeds the gateway's ceiling of parts."""
    if cost.parts > MOST_PARTS:
        raise InvalidInput(f"the text needs {cost.parts} parts: the gateway joins at most {MOST_PARTS}, shorten it")


def check_text(text: object, argument: str) -> None:
    """Refuse what is no str, and characters that no XML document can hold."""
    if not isinstance(text, str):
        raise InvalidInput(f"{argument} is {type(text).__name__}: give a str")
    if found := XML_ILLEGAL.search(text):
        raise InvalidInput(
            f"{argument} holds U+{ord(found.group()):04X} at position {found.start()}, "
            "which no XML document can carry: take it out"
        )
