"""Reasons of refusals: the parameter, its value, the rule that it breaks, and the change that mends it."""

from dataclasses import dataclass, field
from typing import Final

from clicksoap.simulator.masking import MASK, SECRET_PARAMETERS

_MAX_VALUE: Final = 60


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason of one refusal, for people; the wire carries the gateway's own words instead.

    Attributes:
        code: The three-digit error; of a request that cannot be read, the code of the SOAP Fault or the HTTP status.
        parameter: The wrong parameter, in Document/Literal's spelling; empty if the request as a whole is wrong.
        value: The value as it is shown, without secrets; empty if there is none.
        rule: The rule that the value breaks.
        mend: The change that mends it.
        to: The recipient that is refused; empty if the whole request is.
    """

    code: str
    parameter: str
    value: str = field(repr=False)
    rule: str
    mend: str
    to: str = field(default="", repr=False)

    @property
    def text(self) -> str:
        """The reason in one line, such as ``101 climsgid "cli-1": only letters and digits; give 1 to 32 of them``."""
        place = " ".join(filter(None, (self.code, self.parameter, f'"{self.value}"' if self.value else "")))
        return f"{place}: {self.rule}{f'; {self.mend}' if self.mend else ''}"


class Refused(Exception):
    """The gateway refuses a command or a number.

    Args:
        code: The three-digit code of the error.
        parameter: The parameter that is wrong; empty if the request as a whole is wrong.
        rule: The rule that it breaks.
        mend: The change that mends it.
        value: The value, if one was given; a secret is masked.

    Attributes:
        refusal: The reason.
    """

    def __init__(self, code: str, parameter: str, rule: str, mend: str, *, value: str = "") -> None:
        super().__init__(code)
        self.refusal = refusal(code, parameter, rule, mend, value=value)


def refusal(  # noqa: PLR0913 - the fields of a reason
    code: str, parameter: str, rule: str, mend: str, *, value: str = "", to: str = ""
) -> Refusal:
    """A reason with its value as it may be shown: a secret is masked, a long text is cut."""
    shown = MASK if value and parameter in SECRET_PARAMETERS else shown_value(value)
    return Refusal(code, parameter, shown, rule, mend, shown_value(to))


def shown_value(value: str) -> str:
    """A value in one line: cut if it is long, and with codes in place of characters that cannot be seen."""
    cut = value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}…"
    return cut if cut.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in cut)


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}" if character <= "\uffff" else f"\\U{ord(character):08x}"
