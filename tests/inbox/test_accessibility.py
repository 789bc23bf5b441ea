"""What axe-core finds on the pages in a real browser, in both themes and on both widths."""

import os
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from .browsing import PATHS, Visitor, fill
from .conftest import Site

AXE: Final = Path(__file__).parents[1] / "foreign/node/node_modules/axe-core/axe.min.js"
SERIOUS: Final = {"serious", "critical"}
FOUND: Final = """async (rules) => {
  const found = await axe.run(document, { resultTypes: ["violations"], ...(rules.length && { runOnly: rules }) });
  return found.violations.map((each) => [each.impact, each.id, each.nodes.map((node) => node.html).slice(0, 5)]);
}"""
# A heading may be one level below the one before it, and not more; what scrolls can be reached by keyboard.
HEADINGS: Final = """() => [...document.querySelectorAll("h1, h2, h3, h4")]
  .filter((each) => each.checkVisibility()).map((each) => Number(each.tagName[1]))"""
UNREACHABLE: Final = """() => [...document.querySelectorAll("main *")].filter((each) => {
  const style = getComputedStyle(each);
  const scrolls = ["auto", "scroll"].includes(style.overflowY) && each.scrollHeight > each.clientHeight + 1;
  return scrolls && each.tabIndex < 0 && !each.querySelector("a, button, input") && each.checkVisibility();
}).map((each) => each.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        reason = "axe-core is not installed (tests/foreign/install.sh)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return AXE.read_text(encoding="utf-8")


def filled(site: Site) -> list[str]:
    """Messages, refusals, faults and callbacks of every kind; gives the paths to look at."""
    fill(site)
    site.send("0821234567", text="hello", climsgid="cli-1")
    site.sim.faults.lose_answer("sendmsg")
    with pytest.raises(ConnectionError):
        site.send("27825550008", text="Nobody knows of this")
    site.sim.faults.add("delay", seconds=1, prefix="4477")
    kinds = {(bool(each.data), each.unicode, each.parts > 1): each for each in site.sim.messages}
    lost = site.sim.exchanges.latest()[0].number
    return [*PATHS, "/nowhere", f"/traffic/{lost}", *(f"/messages/{message.id}" for message in kinds.values())]


@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_serious_on_any_page(site: Site, visitor: Visitor, axe: str, width: int) -> None:
    """The themes differ in nothing but colours, so that the dark one is checked for those alone."""
    page = visitor.tab(viewport={"width": width, "height": 800})
    problems: list[tuple[str, str, Any]] = []
    # The pages are looked at empty first, and then with content of every kind.
    for is_filled in (False, True):
        for path in filled(site) if is_filled else ["/", "/traffic", "/refused", "/callbacks", "/accounts"]:
            page.emulate_media(color_scheme="light")
            page.goto(f"{site.sim.origin}{path}")
            page.evaluate(axe)
            problems += [(path, "light", each) for each in page.evaluate(FOUND, []) if each[0] in SERIOUS]
            page.emulate_media(color_scheme="dark")
            problems += [
                (path, "dark", each) for each in page.evaluate(FOUND, ["color-contrast"]) if each[0] in SERIOUS
            ]
    visitor.problems = [each for each in visitor.problems if "404" not in each]  # the page that does not exist
    assert problems == []


@pytest.mark.parametrize("width", [360, 1280])
def test_headings_are_in_order_and_what_scrolls_is_reached_by_keyboard(
    site: Site, visitor: Visitor, width: int
) -> None:
    page = visitor.tab(viewport={"width": width, "height": 800})
    for path in ["/", "/traffic", *filled(site)]:
        page.goto(f"{site.sim.origin}{path}")
        levels: list[int] = page.evaluate(HEADINGS)
        assert levels[0] == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), (path, levels)
        assert page.evaluate(UNREACHABLE) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    visitor.problems = [each for each in visitor.problems if "404" not in each]
