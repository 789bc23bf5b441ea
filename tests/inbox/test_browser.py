"""The inbox in a real browser, which reaches nothing but the simulator.

With ``INBOX_PICTURES`` set, the pictures of the documents are taken anew.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect, sync_playwright

from clicksoap.simulator import CallbackUrl, Settings, Simulator

from .conftest import TO, Called, Site

FLAGS: Final = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PICTURES: Final = Path(__file__).parents[2] / "docs/how-to"
PATHS: Final = ("/", "/traffic", "/traffic/1", "/callbacks", "/handset", "/faults", "/accounts", "/reset")

# The contrast of every piece of text to what is behind it, as WCAG counts it; the worst comes first.
CONTRASTS: Final = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], back) => [r, g, b].map((each, place) => each * a + back[place] * (1 - a));
  const light = (rgb) => {
    const linear = (x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((each) => linear(each / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => element
    ? over(rgba(getComputedStyle(element).backgroundColor), behind(element.parentElement)) : [255, 255, 255];
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const has = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!has || !element.checkVisibility() || element.closest("option, .hidden, .skip")) continue;
    let opacity = 1;
    for (let each = element; each; each = each.parentElement) opacity *= getComputedStyle(each).opacity;
    const back = behind(element);
    const [r, g, b, a] = rgba(getComputedStyle(element).color);
    const [one, other] = [light(over([r, g, b, a * opacity], back)), light(back)].sort((x, y) => y - x);
    const name = `${element.tagName}.${element.className}: ${element.textContent.trim()}`;
    found.push([(one + 0.05) / (other + 0.05), name]);
  }
  return found.sort((x, y) => x[0] - y[0]);
}"""


@pytest.fixture(scope="module")
def browser(program: Callable[[str], str]) -> Iterator[Browser]:
    path = program("chromium")
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield started
        started.close()


class Visitor:
    """Somebody with a browser, who takes note of whatever goes wrong in it."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self._browser = browser
        self._origin = origin
        self._contexts: list[BrowserContext] = []
        self.problems: list[str] = []

    def tab(self, path: str = "/", **options: Any) -> Page:
        """A page that is open and, where it follows anything, does."""
        context = self._browser.new_context(**options)
        self._contexts.append(context)
        context.route("**/*", self._let_through)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(f"{self._origin}{path}")
        if options.get("java_script_enabled", True) and page.locator("[data-live]").count():
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
        return page

    def leave(self) -> None:
        for context in self._contexts:
            context.close()

    def _let_through(self, route: Route) -> None:
        if route.request.url.startswith(f"{self._origin}/"):
            route.continue_()
        else:
            self.problems.append(f"asked for {route.request.url}")
            route.abort()

    def _note(self, message: ConsoleMessage) -> None:
        self.problems.append(f"{message.type}: {message.text}")


@pytest.fixture
def visitor_of(browser: Browser) -> Iterator[Callable[[Simulator], Visitor]]:
    visitors: list[Visitor] = []

    def visit(sim: Simulator) -> Visitor:
        visitors.append(Visitor(browser, sim.origin))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.leave()
    assert [problem for visitor in visitors for problem in visitor.problems] == []


@pytest.fixture
def visitor(sim: Simulator, visitor_of: Callable[[Simulator], Visitor]) -> Visitor:
    return visitor_of(sim)


def fill(site: Site) -> None:
    """Messages of every kind."""
    sim = site.sim
    site.send("27825550006", text="x" * 160, from_="Longest")
    site.send(
        "27821234567", "27831234567", "27841234567", "9991051234", text="Your parcel is at the door", from_="Shop"
    )
    site.send("9980070001", text="Nobody will read this", from_="27830000000")
    site.send("9980100002", text="Too late by far")
    code = "Code 481 516. It is good for ten minutes; tell it to nobody, not even to us."
    site.send("27821112222", text=code, msg_type="SMS_FLASH", from_="Bank")
    sim.clock.advance(hours=3)
    site.send(
        "972541234567", text="שלום! החבילה שלך מחכה ליד הדלת".encode("utf-16-be").hex(), unicode="1", from_="Shop"
    )
    long = "Your order 77 has left our house this morning and will be with you between two and four in the afternoon. "
    site.send("27825550001", text=long * 3 + "Have €12.50 ready.", concat="3", from_="Shop", climsgid="order77")
    push = {"si_id": "1", "si_url": "https://shop.example/offers?week=18", "si_text": "This week: everything blue"}
    site.send("27825550002", command="si_push", **push)
    mms = {"mms_class": "80", "mms_expire": "3600", "mms_from": "Ann", "mms_url": "http://mms.example/1234"}
    site.send("27825550003", command="ind_push", mms_subject="A picture of the sea", **mms)
    site.send("27825550004", udh="06050415811581", data="024a3a51d195cdd008001b20550590610560558548a4d8")
    sim.clock.advance(minutes=61)
    site.send("27825550005", text="See you tomorrow at the usual place", deliv_time="60")
    site.send("27825550007", text="Thank you for your payment of R 129.90", from_="Shop")
    site.ask("POST", "/soap/webservice.php", b"<broken", {"Content-Type": "text/xml"})


def test_a_message_appears_without_a_reload(site: Site, visitor: Visitor) -> None:
    page = visitor.tab()
    expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()
    page.evaluate("window.untouched = true")
    site.send(TO, text="Your parcel is at the door", from_="Shop")
    row = page.get_by_role("listitem").filter(has_text="Your parcel is at the door")
    expect(row).to_contain_text("Accepted")
    expect(page.get_by_role("status")).to_have_text("1 message")
    expect(page.get_by_role("heading", name="No messages yet")).to_be_hidden()
    site.sim.clock.advance(hours=3)
    expect(row).to_contain_text("Delivered")
    site.send(TO, text="and a second one")
    expect(page.get_by_role("listitem").first).to_contain_text("and a second one")
    site.sim.reset()
    expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()
    assert page.evaluate("window.untouched") is True


def test_hundreds_of_messages_leave_one_page_of_rows(site: Site, visitor: Visitor) -> None:
    page = visitor.tab()
    for _ in range(3):
        site.send(*(f"2782{number:07}" for number in range(300)), text="hello")
    expect(page.get_by_role("status")).to_have_text("900 messages")
    expect(page.locator(".rows > li")).to_have_count(50)
    expect(page.get_by_role("listitem").first).to_contain_text("27820000299")


def test_what_is_searched_for_is_found_and_followed(site: Site, visitor: Visitor) -> None:
    site.send("27820000001", text="apples")
    site.send("27820000002", text="pears")
    page = visitor.tab()
    page.keyboard.press("/")
    page.keyboard.type("to:2782 apples")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 of 2 found")
    expect(page.locator(".rows > li")).to_have_count(1)
    site.send("27820000003", text="more apples")
    expect(page.locator(".rows > li")).to_have_count(2)
    page.get_by_role("link", name="Delete all found…").click()
    expect(page.get_by_role("heading", name="Delete 2 messages?")).to_be_visible()
    assert len(site.sim.messages) == 3
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_role("link", name="Show all messages").click()
    expect(page.locator(".rows > li")).to_have_count(1)


def test_a_status_that_is_set_is_seen_everywhere(site: Site, visitor: Visitor) -> None:
    site.send(TO, text="hello")
    other = visitor.tab()
    page = visitor.tab()
    page.get_by_role("link", name=TO).click()
    timeline = page.get_by_role("list", name="Statuses").get_by_role("listitem")
    expect(timeline).to_have_count(3)
    page.get_by_label("Status", exact=True).select_option("007")
    page.get_by_role("button", name="Set status").click()
    expect(page.get_by_text("The status was set.")).to_be_visible()
    expect(timeline).to_have_count(2)
    expect(timeline.last).to_contain_text("Undelivered 007")
    expect(other.get_by_role("listitem").first).to_contain_text("Undelivered")
    site.sim.gateway.set_status(site.latest.id, "004")
    expect(timeline).to_have_count(3)
    expect(timeline.last).to_contain_text("Delivered 004")


def test_a_report_is_sent_by_a_button(called: Called, visitor_of: Callable[[Simulator], Visitor]) -> None:
    with Simulator(settings=Settings(callback=CallbackUrl(called[0]))) as sim:
        site = Site(sim)
        site.send(TO, text="hello")
        visitor = visitor_of(sim)
        page = visitor.tab(f"/messages/{site.latest.id}")
        page.get_by_role("button", name="Send the report again").click()
        expect(page.get_by_text("The delivery report is on its way.")).to_be_visible()
        visitor.leave()


def test_a_reply_of_the_handset_stands_under_the_message(
    called: Called, visitor_of: Callable[[Simulator], Visitor]
) -> None:
    with Simulator(settings=Settings(inbound=CallbackUrl(called[0]))) as sim:
        site = Site(sim)
        site.send(TO, text="hello", from_="27830000000")
        visitor = visitor_of(sim)
        page = visitor.tab(f"/messages/{site.latest.id}")
        page.get_by_placeholder("Reply as the handset").fill("who is there?")
        page.get_by_role("button", name="Reply").click()
        site.get("/")
        assert len(sim.handset.sent()) == 1
        expect(page.get_by_text("who is there?")).to_be_visible()
        visitor.leave()


def test_a_text_is_shown_and_not_run(site: Site, visitor: Visitor) -> None:
    text = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
    page = visitor.tab()
    site.send(TO, text=text, from_="<i>me</i>")
    expect(page.get_by_role("listitem").filter(has_text=text)).to_be_visible()
    page.get_by_role("link", name=TO).click()
    expect(page.get_by_label("As the phone shows it").get_by_text(text)).to_be_visible()
    assert page.evaluate("window.ran") is None


def test_a_push_leads_to_the_web_by_a_link_of_its_own(site: Site, visitor: Visitor) -> None:
    site.send(TO, command="si_push", si_id="1", si_text="look", si_url="https://shop.example/?a=1&b=2")
    page = visitor.tab(f"/messages/{site.latest.id}")
    link = page.get_by_role("link", name="https://shop.example/?a=1&b=2")
    assert link.evaluate("each => each.href") == "https://shop.example/?a=1&b=2"
    assert link.evaluate("each => each.relList.contains('noreferrer') && each.relList.contains('noopener')")


def test_the_parts_of_a_text_are_told_apart(site: Site, visitor: Visitor) -> None:
    fill(site)
    (message,) = (each for each in site.sim.messages if each.parts == 3)
    page = visitor.tab(f"/messages/{message.id}")
    colours = page.locator(".part").evaluate_all("all => all.map(each => getComputedStyle(each).backgroundColor)")
    assert len(colours) == 3
    assert colours[0] != colours[1]


def test_the_keyboard_goes_everywhere(site: Site, visitor: Visitor) -> None:
    site.send("27820000001", text="one")
    site.send("27820000002", text="two")
    page = visitor.tab()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="27820000001")).to_be_focused()
    site.sim.gateway.set_status(site.sim.messages[0].id, "004")
    expect(page.locator(".rows > li").last).to_contain_text("Delivered")
    expect(page.get_by_role("link", name="27820000001")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="To 27820000002")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_everything_is_done_without_scripts_too(site: Site, visitor: Visitor) -> None:
    site.send(TO, text="hello")
    page = visitor.tab(java_script_enabled=False)
    page.get_by_role("link", name=TO).click()
    page.get_by_label("Status", exact=True).select_option("004")
    page.get_by_role("button", name="Set status").click()
    expect(page.get_by_role("list", name="Statuses").get_by_role("listitem").last).to_contain_text("Delivered 004")
    page.get_by_role("link", name="Reset everything…").click()
    page.get_by_role("button", name="Reset everything").click()
    expect(page.get_by_role("heading", name="No messages yet")).to_be_visible()


def test_a_page_that_nobody_sees_keeps_no_connection(site: Site, visitor: Visitor) -> None:
    page = visitor.tab()
    page.evaluate(
        """Object.defineProperty(document, "hidden", { value: true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));"""
    )
    site.send(TO, text="hello")
    expect(page.locator(".rows > li")).to_have_count(0)
    page.evaluate(
        """Object.defineProperty(document, "hidden", { value: false });
        document.dispatchEvent(new Event("visibilitychange"));"""
    )
    expect(page.locator(".rows > li")).to_have_count(1)


def test_a_page_goes_on_when_the_simulator_is_there_again(visitor_of: Callable[[Simulator], Visitor]) -> None:
    with Simulator() as sim:
        port = int(sim.origin.rpartition(":")[2])
    sim = Simulator(port=port)
    with sim:
        visitor = visitor_of(sim)
        page = visitor.tab()
    expect(page.get_by_text("Connecting", exact=True)).to_be_visible()
    with sim:
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        Site(sim).send(TO, text="hello again")
        expect(page.get_by_role("listitem").first).to_contain_text("hello again")
        visitor.leave()
    visitor.problems.clear()  # the browser's console tells of every try in between


def test_times_are_those_of_the_browser(site: Site, visitor: Visitor) -> None:
    site.send(TO, text="hello")
    hour = (site.latest.created.hour + 9) % 24
    page = visitor.tab(f"/messages/{site.latest.id}", timezone_id="Asia/Tokyo", locale="en-GB")
    expect(page.locator(".under time")).to_contain_text(f"{hour:02}:{site.latest.created.minute:02}")
    assert "UTC" in (page.locator(".under time").get_attribute("title") or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_legible_in_both_schemes(site: Site, visitor: Visitor, scheme: Literal["light", "dark"]) -> None:
    fill(site)
    page = visitor.tab(color_scheme=scheme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    channels = [int(each) for each in background.removeprefix("rgb(").removesuffix(")").split(",")]
    assert (max(channels) < 60) == (scheme == "dark")
    for path in (*PATHS, *(f"/messages/{message.id}" for message in site.sim.messages)):
        page.goto(f"{site.sim.origin}{path}")
        worst, where = page.evaluate(CONTRASTS)[0]
        assert worst >= 4.5, f"{path}: {where}"


def test_nothing_is_wider_than_a_small_phone(site: Site, visitor: Visitor) -> None:
    page = visitor.tab(viewport={"width": 360, "height": 740})
    fill(site)
    for path in (*PATHS, *(f"/messages/{message.id}" for message in site.sim.messages)):
        page.goto(f"{site.sim.origin}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path


@pytest.mark.skipif(not os.environ.get("INBOX_PICTURES"), reason="the pictures are taken when they are asked for")
def test_the_pictures_of_the_documents_are_taken(site: Site, visitor: Visitor) -> None:
    fill(site)
    (message,) = (each for each in site.sim.messages if each.parts == 3)
    for name, path, width, height in (
        ("inbox", "/", 1100, 690),
        ("inbox-360", "/", 360, 740),
        ("inbox-message", f"/messages/{message.id}", 1100, 760),
    ):
        page = visitor.tab(path, viewport={"width": width, "height": height}, color_scheme="light")
        picture = PICTURES / f"{name}.png"
        page.screenshot(path=picture, animations="disabled")
        assert picture.stat().st_size < 150_000
