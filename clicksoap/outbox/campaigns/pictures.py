"""Two pictures of a campaign as SVG: messages over time, and outcomes by reason.

They need no script and nothing from elsewhere. Places along the width are percentages and texts have their size in
pixels, so that a narrow screen makes bars narrower and no letter smaller.
"""

import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Final

from clicksoap.outbox.campaigns.progress import shown_duration
from clicksoap.outbox.campaigns.totals import Reason, Throughput
from clicksoap.outbox.states import MessageState

STYLE: Final = """\
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f23; --soft: #57606a; --rule: #d0d7de;
  --good: #1a6b3c; --bad: #b3261e; --doubt: #855300; --open: #1f5fa8; --other: #57606a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --ink: #e6e9ec; --soft: #a5adb5; --rule: #3a4149;
    --good: #6fcf97; --bad: #ff8a80; --doubt: #f5b84b; --open: #82b6ff; --other: #a5adb5;
  }
}
svg { display: block; width: 100%; overflow: visible; }
svg text { fill: var(--ink); font: 13px/1 system-ui, sans-serif; }
svg .soft { fill: var(--soft); }
svg .rule { stroke: var(--rule); stroke-width: 1; }
svg .good { fill: var(--good); } svg .bad { fill: var(--bad); } svg .doubt { fill: var(--doubt); }
svg .open { fill: var(--open); } svg .other { fill: var(--other); }
"""
"""The style sheet that both pictures need, in a page of dark or light colours."""

NARROW_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"
_KINDS: Final = {
    MessageState.ACCEPTED: "good",
    MessageState.REJECTED: "bad",
    MessageState.UNCONFIRMED: "doubt",
    MessageState.UNKNOWN: "doubt",
    MessageState.PENDING: "open",
    MessageState.SENDING: "open",
}


def number(value: int) -> str:
    """A number with a narrow space before each three digits."""
    return f"{value:,}".replace(",", NARROW_SPACE)


_TOP: Final = 24
_HEIGHT: Final = 150


def throughput_picture(found: Throughput | None) -> str:
    """The picture of messages over time, in bars; a sentence if there are none."""
    if found is None or not any(found.counts):
        return "<p>No message has an outcome yet, so there is no picture over time.</p>"
    span = _span(found.seconds)
    most = max(found.counts)
    scale = _rounded_up(most)
    end = found.start + timedelta(seconds=found.seconds * len(found.counts))
    bottom = _TOP + _HEIGHT
    width = 100 / len(found.counts)
    lines = [
        _head(
            "throughput",
            bottom + 44,
            "Messages with an outcome over time",
            f"{number(sum(found.counts))} messages from {_moment(found.start)} to {_moment(end)}, in spans of {span}. "
            f"The highest bar has {number(most)}.",
        ),
        f'<text class="soft" x="0" y="12">Messages per {span}</text>',
    ]
    for share in (1.0, 0.5, 0.0):
        y = bottom - _HEIGHT * share
        lines.append(f'<line class="rule" x1="0" x2="100%" y1="{y:g}" y2="{y:g}"/>')
    for position, count in enumerate(found.counts):
        height = _HEIGHT * count / scale
        if not count:
            continue
        x, from_ = position * width + width * 0.1, found.start + timedelta(seconds=position * found.seconds)
        lines.append(
            f'<rect class="open" x="{x:.3f}%" width="{width * 0.8:.3f}%" y="{bottom - height:.2f}" '
            f'height="{height:.2f}"><title>{_moment(from_)}: {number(count)}</title></rect>'
        )
    # The labels of the upright axis lie on the paper's colour, so that a bar behind leaves them readable.
    for share in (1.0, 0.5):
        label = number(round(scale * share)) if scale > 1 or share == 1 else ""
        if label:
            y = bottom - _HEIGHT * share
            lines.append(_label(label, y))
    with_date = found.start.date() != end.date()
    for x, anchor, at in (
        (0, "start", found.start),
        (50, "middle", found.start + (end - found.start) / 2),
        (100, "end", end),
    ):
        lines.append(
            f'<text class="soft" x="{x}%" y="{bottom + 18}" text-anchor="{anchor}">{_tick(at, found.seconds)}</text>'
        )
        if with_date:
            lines.append(
                f'<text class="soft" x="{x}%" y="{bottom + 35}" text-anchor="{anchor}">{at.day} {at:%b}</text>'
            )
    if not with_date:
        lines.append(
            f'<text class="soft" x="100%" y="{bottom + 35}" text-anchor="end">{found.start:%Y-%m-%d}, UTC</text>'
        )
    else:
        lines.append('<text class="soft" x="100%" y="12" text-anchor="end">UTC</text>')
    return "\n".join([*lines, "</svg>"])


def _label(text: str, y: float) -> str:
    width = 8 * len(text) + 6
    return (
        f'<rect x="0" y="{y - 8:g}" width="{width}" height="16" fill="var(--paper)" opacity="0.85"/>'
        f'<text x="2" y="{y + 5:g}">{text}</text>'
    )


_LETTERS: Final = 32  # fit beside the number on a screen of 360 pixels
_LINES: Final = 3


def reasons_picture(reasons: Sequence[Reason]) -> str:
    """The picture of outcomes by reason, in bars from left to right; a sentence if there are no rows."""
    if not reasons:
        return "<p>There are no rows, so there is no picture of outcomes.</p>"
    most = max(each.rows for each in reasons)
    total = sum(each.rows for each in reasons)
    drawn: list[str] = []
    y = 0
    for each in reasons:
        words = reason_text(each)
        wrapped = textwrap.wrap(words, _LETTERS, max_lines=_LINES, placeholder=" …", break_long_words=True)
        drawn.append(f'<text x="0" y="{y + 14}" font-weight="600">{number(each.rows)}</text>')
        drawn += [f'<text x="76" y="{y + 14 + 17 * line}">{escape(text)}</text>' for line, text in enumerate(wrapped)]
        y += 17 * len(wrapped) + 5
        kind = "other" if each.state is None else _KINDS.get(each.state, "other")
        drawn.append(
            f'<rect class="{kind}" x="0" y="{y}" width="{max(0.4, 100 * each.rows / most):.2f}%" height="12">'
            f"<title>{number(each.rows)}: {escape(words)}</title></rect>"
        )
        y += 24
    first = reasons[0]
    head = _head(
        "outcomes",
        y,
        "Rows by outcome and reason",
        f"{number(total)} rows in {len(reasons)} groups, the largest first. "
        f"The largest has {number(first.rows)}: {reason_text(first)}.",
    )
    return "\n".join([head, *drawn, "</svg>"])


def reason_text(reason: Reason) -> str:
    """A group of rows in words: its state, and why."""
    if reason.state is None:
        return reason.text
    return f"{reason.state.value}: {reason.text}" if reason.text else reason.state.value


def _head(name: str, height: float, title: str, description: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" height="{height:g}" '
        f'aria-labelledby="{name}-title {name}-desc">\n'
        f'<title id="{name}-title">{escape(title)}</title>\n<desc id="{name}-desc">{escape(description)}</desc>'
    )


def _rounded_up(most: int) -> int:
    """The least of 1, 2, 4, 5, 6, 8 times a power of ten, and so on, that is not below a number."""
    power: int = 10 ** (len(str(most)) - 1)
    return next(each * power for each in (1, 2, 4, 5, 6, 8, 10) if each * power >= most)


def _span(seconds: int) -> str:
    text = shown_duration(timedelta(seconds=seconds))
    return {"1 s": "second", "1 min": "minute", "1 h": "hour", "1 d": "day"}.get(text, text)


def _tick(at: datetime, seconds: int) -> str:
    return f"{at:%H:%M:%S}" if seconds < 60 else f"{at:%H:%M}"  # noqa: PLR2004 - a minute


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
