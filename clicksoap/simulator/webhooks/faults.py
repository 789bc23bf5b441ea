"""What goes wrong with the calls of the customer's server when a test asks for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFaults:
    """Misfortunes of reports and of messages from handsets.

    Attributes:
        duplicates: How many times more than once everything is delivered.
        lose: How many of the next reports and messages are never delivered.
        reorder: Whether the reports of a message wait until its status is final and then come with the latest first.
            So do the parts of a long message from a handset; a message that never ends is never reported.
        before_answer: Whether a command that sends is answered only after the first report of each of its messages
            was tried; one that is not due within 30 real seconds is not waited for any longer.

    Raises:
        ValueError: A number is negative.
    """

    duplicates: int = 0
    lose: int = 0
    reorder: bool = False
    before_answer: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        if self.duplicates < 0 or self.lose < 0:
            raise ValueError("duplicates and lose count deliveries: give 0 or more")
