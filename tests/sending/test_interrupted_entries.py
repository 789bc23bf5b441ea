"""An interruption at any instruction of a send never makes "not sent" of what was."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from clicksoap import Binary, Client, State, report_of
from clicksoap.simulator import Simulator

NUMBERS = ["27821234567", "27831234567", "27841234567"]


@pytest.mark.parametrize("message", ["x", Binary(bytes(200))], ids=["one request", "two parts"])
def test_an_interruption_at_any_line_of_the_bookkeeping_is_told_truly(message: str | Binary) -> None:
    with Simulator() as gateway, Client(1, "acme", "secret", endpoint=gateway.origin) as sms:
        sms.send(NUMBERS, "warm")
        line, interrupted = 0, True
        while interrupted:
            line += 1
            before = len(gateway.messages)
            interrupted = False
            try:
                with _interrupting(line):
                    sms.send(NUMBERS, message)
            except KeyboardInterrupt as error:
                interrupted = True
                report = report_of(error)
                assert report is not None
                taken = len(gateway.messages) - before
                if taken:
                    assert not [result for result in report if result.state is State.NOT_SENT], f"line {line}"
    assert line > 10


class _interrupting:  # noqa: N801 - reads as a statement
    """Raise KeyboardInterrupt at the n-th line that runs in the bookkeeping of a send."""

    def __init__(self, line: int) -> None:
        self._left = line
        self._before = sys.gettrace()  # a measure of coverage, perhaps

    def __enter__(self) -> None:
        sys.settrace(self._trace)

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _trace(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.endswith("plan.py") or frame.f_code.co_name not in {
            "enter",
            "report",
            "_known",
        }:
            return self._trace if event == "call" else None
        if event == "line":
            self._left -= 1
            if self._left == 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._trace
