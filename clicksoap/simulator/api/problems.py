"""What keeps a request from being served, for whoever made it."""

from collections.abc import Collection
from typing import Self


class Problem(Exception):
    """A request is refused.

    Args:
        status: The HTTP status.
        message: What is wrong and what to do, without anything of the request that might be private.
        argument: The field, parameter or header that it is about; empty if it is about none.
    """

    def __init__(self, status: int, message: str, argument: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.argument = argument

    @classmethod
    def of(cls, error: ValueError, names: Collection[str]) -> Self:
        """A value is refused; the texts of the simulator begin with the name of what is wrong.

        Args:
            error: What was raised.
            names: The fields that it may be about.
        """
        first = str(error).split(maxsplit=1)[0].rstrip(":")
        return cls(422, str(error), first if first in names else "")

    def as_data(self) -> dict[str, object]:
        """The body of the answer."""
        return {"error": {"argument": self.argument, "message": self.message}}
