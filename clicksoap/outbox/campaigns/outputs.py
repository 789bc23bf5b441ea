"""Files that are written whole or not at all."""

import io
import os
import tempfile
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final, TextIO, cast

from clicksoap.errors import InvalidInput

Target = str | os.PathLike[str]
"""The path of a file to be written."""

_PREFIX: Final = ".clicksoap-"


@contextmanager
def written(path: Target, *, overwrite: bool = False) -> Generator[TextIO]:
    """A text file in UTF-8 that appears under its name only when it is complete.

    It is written beside its place with mode 0600, synced to the disk, and renamed at the end. After an exception
    nothing of it is left, and a file that was there before is unchanged. A symbolic link is followed.

    Args:
        path: The path of the file.
        overwrite: Whether a file that is there is replaced.

    Raises:
        InvalidInput: The file exists and may not be replaced, is not a regular file, or cannot be created.
        OSError: The disk is full, or fails.
    """
    place = _place(path, overwrite=overwrite)
    try:
        handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=".part", dir=place.parent)
    except OSError as error:
        raise InvalidInput(
            f"file {place.name} cannot be written ({error.strerror}): give a path in a folder that exists and may be "
            "written to"
        ) from None
    temporary = Path(name)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - a handle, no path
            yield file
            file.flush()
            os.fsync(file.fileno())
        _rename(temporary, place, overwrite=overwrite)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(place.parent)


def opened_for(file: object, *, overwrite: bool) -> AbstractContextManager[TextIO]:
    """The file of a path as `written` gives it, or the open text file itself, which is not closed.

    Raises:
        InvalidInput: It is neither.
    """
    if isinstance(file, str | os.PathLike):
        return written(cast("Target", file), overwrite=overwrite)
    if not hasattr(file, "write") or isinstance(file, io.RawIOBase | io.BufferedIOBase):
        raise InvalidInput(f"file is {type(file).__name__}: give a path, or an open text file")
    return nullcontext(cast("TextIO", file))


def _place(path: Target, *, overwrite: bool) -> Path:
    given = os.fspath(path)
    if not isinstance(given, str) or not given or "\0" in given:
        raise InvalidInput("file is not a path: give one, such as result.csv")
    place = Path(os.path.realpath(given))
    if place.exists() and not place.is_file():
        raise InvalidInput(f"file {place.name} is not a regular file: give a new path, or an open text file")
    if place.exists() and not overwrite:
        raise _exists(place)
    return place


def _exists(place: Path) -> InvalidInput:
    return InvalidInput(f"file {place.name} exists: give another path, or overwrite=True")


def _rename(temporary: Path, place: Path, *, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(place)
        return
    # A link is never made over a file that somebody else wrote meanwhile; a rename would be.
    try:
        os.link(temporary, place)
    except FileExistsError:
        raise _exists(place) from None
    except (OSError, NotImplementedError):  # a file system without hard links
        if place.exists():
            raise _exists(place) from None
        temporary.replace(place)
    else:
        temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Sync the new name of the file to the disk, where the system can."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
