"""A text that is hidden in reprs, formats and pickles."""

from typing import NoReturn

from clicksoap.errors import ConfigurationError


class Secret:
    """A secret text that only `reveal` shows: hidden in repr and format, compared by identity, never pickled.

    Raises:
        ConfigurationError: The text is no str.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise ConfigurationError(f"text is {type(text).__name__}: give a str")
        self._text = str.__str__(text)

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('***')"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: give its text to a new one")
