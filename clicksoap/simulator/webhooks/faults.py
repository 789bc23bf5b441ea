"""Faults of the calls to the customer's server, for tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFaults:
    """Faults of delivery reports and of messages from handsets.

    Attributes:
        duplicates: The number of additional deliveries of each report and message.
        lose: The number of next reports and messages that are never delivered.
        reorder: Hold the reports of a message until its status is final, then deliver the latest first. A message that
            never becomes final is never reported. The parts of a long message from a handset come in reverse order.
        before_answer: Delay the answer to a command that sends until the first report of each of its messages was
            tried, for at most 30 real seconds.

    Raises:
        ValueError: A number is negative.
    """

    duplicates: int = 0
    lose: int = 0
    reorder: bool = False
    before_answer: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.duplicates < 0 or self.lose < 0:
            raise ValueError("duplicates and lose count deliveries: give 0 or more")
