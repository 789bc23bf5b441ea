"""The report of a campaign is one page that tells everything but numbers and texts, and is readable everywhere."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from campaign_rows import T0, add_campaign, database, row
from playwright.sync_api import Browser, sync_playwright

from clicksoap import InvalidInput
from clicksoap.outbox import MessageState, Outbox
from clicksoap.outbox.campaigns.pictures import reasons_picture, throughput_picture
from clicksoap.outbox.campaigns.report import report_html, write_report
from clicksoap.outbox.campaigns.totals import Reason, Throughput
from clicksoap.outbox.journal import moment

SCRIPT: Final = "<script>alert('x')</script>"
REQUEST: Final = "b" * 32
RECORD: Final[dict[str, Any]] = {
    "rows": 120,
    "messages": 110,
    "parts": 130,
    "quiet": "21:00-08:00",
    "zone": "Africa/Johannesburg",
    "credits_per_part": "0.8",
}


def number_of(line: int) -> str:
    return f"27821{line:06}"


def rows() -> Iterator[dict[str, Any]]:
    for line in range(120):
        to = number_of(line)
        cells = [to, f"Customer {line}"]
        own: dict[str, Any] = {"msisdn": to, "given": to, "text": f"Dear Customer {line}"}
        settled: dict[str, Any] = {"attempts": 1, "settled_at": T0 + 5 + line * 7}
        if line < 80:
            report: dict[str, Any] = {"delivery": "004", "delivery_at": T0, "charge": "0.8"} if line < 60 else {}
            yield row(line, cells, message_id=f"gw{line}", **own, **settled, **report)
        elif line < 90:
            yield row(
                line, cells, "rejected", why=f"'{to}' is {SCRIPT} to {to} (error 114)", code="114", **own, **settled
            )
        elif line < 95:
            yield row(line, cells, "rejected", why=f"mobile of line {line} is too short: give 7 to 15 digits", parts=0)
        elif line < 98:
            yield row(line, cells, "unconfirmed", **own, **settled)
        elif line < 100:
            yield row(line, cells, "unknown", why="the gateway does not say whether it arrived", **own, **settled)
        elif line < 104:
            yield row(line, cells, "sending", request_id=REQUEST, attempts=1, **own)
        elif line < 118:
            yield row(line, cells, "pending", due_at=T0 + 7200, expires_at=T0 + 86_400, **own)
        else:
            yield row(line, cells, "skipped", why=f"the number stands in line {line} already", **own)


@pytest.fixture
def run(box: Outbox) -> int:
    return add_campaign(
        box, rows(), name=f"billing {SCRIPT}", record=RECORD, requests=[(REQUEST, T0 + 1)], note=f"agreed {SCRIPT}"
    )


def page_of(box: Outbox, number: int, now: float = T0 + 3600) -> str:
    with database(box).read() as connection:
        return report_html(connection, number, now)


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*?</style>", "", page)).split()).replace("\u202f", " ")


def test_a_report_tells_what_it_was_and_what_became_of_it(box: Outbox, run: int) -> None:
    words = words_of(page_of(box, run))
    for each in (
        "State running Source run.csv, 120 rows Quiet hours 21:00-08:00 (Africa/Johannesburg)",
        "Planned 2026-11-18 11:06:40 UTC",
        "First request 2026-11-18 11:06:41 UTC",
        "accepted 80 66.7 % the gateway took it",
        "delivered 60 50.0 %",
        "not reported 20 16.7 %",
        "all rows 120 100 %",
        "Estimate 104 credits: 130 parts at 0.8, as planned",
        "Accepted 64 credits by the same price: 80 parts of 80 messages",
        "Charged 48 credits, by reports of 60 messages; 80 were accepted",
        "14 messages have not left. The first of them may leave from 2026-11-18 13:06:40 UTC on.",
        "None is sent after 2026-11-19 11:06:40 UTC.",
        "4 messages have no answer yet. Where it is lost, a worker asks the gateway from 2026-11-18 11:07:41 UTC on.",
        "3 messages unconfirmed: the request arrived",
        "2 messages unknown: they may have arrived. Look at them with clicksoap outbox list unknown",
        "5 4.2 % rejected: mobile of line … is too short: give 7 to 15 digits",
        "2 1.7 % skipped: the number stands in line … already",
    ):
        assert each in words
    assert "Quiet hours end" not in words
    late = words_of(page_of(box, run, T0 + 2 * 86_400))
    assert "The first of them may leave" not in late
    assert "None was to be sent after 2026-11-19 11:06:40 UTC." in late
    assert "Quiet hours end at 2026-11-19 06:00:00 UTC" in words_of(page_of(box, run, T0 + 12 * 3600))


def test_no_number_and_no_text_of_a_message_is_in_a_report(box: Outbox, run: int) -> None:
    page = page_of(box, run)
    for line in range(120):
        assert number_of(line) not in page
    assert "Customer" not in page
    assert "27821" not in page


def test_texts_of_others_are_escaped_and_nothing_comes_from_elsewhere(box: Outbox, run: int) -> None:
    page = page_of(box, run)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3
    assert not re.search(r"""(?:src=|href|url\(|@import|\son\w+=)""", page)
    assert "default-src 'none'" in page


def test_a_campaign_that_ended_and_one_that_halts_are_told_apart(box: Outbox) -> None:
    ended = add_campaign(box, [row(2, ["", ""], attempts=1, settled_at=T0)], name="ended")
    paused = add_campaign(
        box, [row(2, ["", ""], "pending")], name="paused", state="paused", paused_why="no credit for 27821234567"
    )
    planned = add_campaign(
        box, [row(2, ["", ""], "pending")], name="planned", state="planned", started_at=None, record={"rows": 2}
    )
    assert "State finished" in words_of(page_of(box, ended))
    assert "In doubt" not in words_of(page_of(box, ended))
    assert "State paused: no credit for …" in words_of(page_of(box, paused))
    assert "1 message has not left. The campaign is paused: clicksoap outbox resume" in words_of(page_of(box, paused))
    assert "The campaign is planned and not started." in words_of(page_of(box, planned))
    assert "Problem the source has 2 rows, and the outbox 1" in words_of(page_of(box, planned))


def test_without_data_there_are_sentences_and_no_pictures(box: Outbox) -> None:
    page = page_of(box, add_campaign(box, []))
    assert "<svg" not in page
    assert "No message has an outcome yet, so there is no picture over time." in page
    assert "There are no rows, so there is no picture of outcomes." in page
    assert "no delivery report has told a charge yet" in page


def test_a_report_is_written_whole_and_replaced_only_when_asked(box: Outbox, run: int, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    write_report(path, database(box), run)
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(InvalidInput, match=r"file report\.html exists"):
        write_report(path, database(box), run)
    write_report(path, database(box), run, overwrite=True)


# Pictures


def svg(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - our own


@pytest.mark.parametrize("most", [1, 3, 7, 10, 999, 40_000, 999_999])
@pytest.mark.parametrize("spans", [1, 2, 60])
def test_bars_over_time_stay_within_their_picture(most: int, spans: int) -> None:
    counts = (*[0] * (spans - 1), most)
    root = svg(throughput_picture(Throughput(moment(T0), 3600, counts)))
    assert root.get("role") == "img"
    assert root.find("{*}title") is not None
    assert root.find("{*}desc") is not None
    bars = [each for each in root.iter("{http://www.w3.org/2000/svg}rect") if each.get("class") == "open"]
    assert len(bars) == 1
    place, width = (float(str(bars[0].get(name)).rstrip("%")) for name in ("x", "width"))
    assert 0 <= place < place + width <= 100
    top, height = float(str(bars[0].get("y"))), float(str(bars[0].get("height")))
    assert top >= 24
    assert 50 < height <= 150


def test_bars_by_reason_are_as_long_as_their_counts_and_have_words() -> None:
    reasons = [
        Reason(MessageState.ACCEPTED, "", 1000),
        Reason(MessageState.REJECTED, "a & b <c> " + "long " * 60, 250),
        Reason(None, "3 other reasons", 1),
    ]
    root = svg(reasons_picture(reasons))
    bars = list(root.iter("{http://www.w3.org/2000/svg}rect"))
    assert [each.get("width") for each in bars] == ["100.00%", "25.00%", "0.40%"]
    assert [each.get("class") for each in bars] == ["good", "bad", "other"]
    texts = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"accepted", "rejected: a & b <c> long long", "3 other reasons"} < {each.strip() for each in texts}
    assert max(map(len, texts)) <= 32


# In a browser


@dataclass(frozen=True, slots=True)
class Look:
    width: int
    scheme: Any


LOOKS: Final = [Look(width, scheme) for width in (360, 1200) for scheme in ("light", "dark")]

# The contrast of every text, and of every bar, to the paper; the worst comes first.
CONTRASTS: Final = """() => {
  const rgb = (color) => color.match(/[0-9.]+/g).slice(0, 3).map(Number);
  const light = (color) => {
    const linear = (x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb(color).map((each) => linear(each / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const found = [];
  for (const each of document.querySelectorAll("dt, dd, th, td, li, h1, h2, footer, svg text, svg rect[class]")) {
    const style = getComputedStyle(each);
    const [one, other] = [light(each.closest("svg") ? style.fill : style.color), paper].sort((x, y) => y - x);
    found.push([(one + 0.05) / (other + 0.05), `${each.tagName}: ${each.textContent}`]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""
OUTSIDE: Final = """() => [...document.querySelectorAll("body *")].filter((each) => {
  const box = each.getBoundingClientRect();
  return box.width && (box.left < 0 || box.right > document.documentElement.clientWidth);
}).map((each) => `${each.tagName}: ${each.textContent}`)"""

BROKEN: Final = """() => [...document.querySelectorAll("td:first-child, th")].filter((each) => {
  const range = document.createRange();
  range.selectNodeContents(each);
  return !each.textContent.trim().includes(" ") && range.getClientRects().length > 1;
}).map((each) => each.textContent)"""


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    path = program("chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.mark.parametrize("look", LOOKS, ids=[f"{each.width}-{each.scheme}" for each in LOOKS])
def test_a_report_is_readable_on_every_screen(browser: Browser, sqlite: Any, tmp_path: Path, look: Look) -> None:
    """With ``REPORT_PICTURES`` set to a folder, pictures of the page are left there."""
    box = sqlite.box()
    number = add_campaign(box, rows(), name=f"billing {SCRIPT}", record=RECORD, note="An agreed note", state="paused")
    path = tmp_path / "report.html"
    write_report(path, database(box), number)
    context = browser.new_context(viewport={"width": look.width, "height": 800}, color_scheme=look.scheme)
    try:
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.goto(path.as_uri())
        if folder := os.environ.get("REPORT_PICTURES"):
            page.screenshot(path=f"{folder}/report-{look.width}-{look.scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert page.evaluate(OUTSIDE) == []
        # No state is broken within the word.
        assert page.evaluate(BROKEN) == []
        pictures = page.get_by_role("img")
        assert pictures.count() == 2
        for position in range(2):
            found = pictures.nth(position).bounding_box()
            assert found is not None
            assert found["width"] > 300
            assert found["height"] > 150
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 60
        assert contrasts[0][0] >= 4.5, contrasts[:5]
        assert (page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)") == (
            look.scheme == "light"
        )
        assert problems == []
    finally:
        context.close()
