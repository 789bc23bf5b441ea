"""Mutants that change nothing that a caller can see, with the reason; they do not count as survivors."""

from typing import Final

EQUIVALENT: Final[dict[tuple[str, str, str], str]] = {}
"""The file, the whole line and the change of each, and why it is equivalent."""
