"""A password that hides itself."""

from typing import NoReturn


class Secret:
    """Holds a secret text and shows it to nobody who does not ask by name.

    It has no value in a repr, a format or a comparison that an error would print, and it cannot be pickled.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")
