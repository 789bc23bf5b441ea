"""Errors of the API: an HTTP status, a text, and the wrong argument."""

from collections.abc import Collection
from typing import Self


class Problem(Exception):
    """The API refuses a request.

    Args:
        status: The HTTP status.
        message: The text: what is wrong and what to give. It quotes no private value of the request.
        argument: The wrong field, parameter or header; empty if the request as a whole is wrong.
    """

    def __init__(self, status: int, message: str, argument: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.argument = argument

    @classmethod
    def of(cls, error: ValueError, names: Collection[str]) -> Self:
        """The problem (422) for an error of the simulator, whose text begins with the name of the wrong argument.

        Args:
            error: The error.
            names: The possible argument names.
        """
        first = str(error).split(maxsplit=1)[0].rstrip(":")
        return cls(422, str(error), first if first in names else "")

    def as_data(self) -> dict[str, object]:
        """The JSON body of the answer."""
        return {"error": {"argument": self.argument, "message": self.message}}
