"""The inbox in a real browser, which reaches nothing but the simulator.

With ``INBOX_PICTURES`` set, the pictures of the documents are taken anew.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import expect

from clicksoap.simulator import CallbackUrl, Settings, Simulator

from .browsing import PATHS, Visitor, fill
from .conftest import TO, Called, Site

PICTURES: Final = Path(__file__).parents[2] / "docs/how-to"

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


def test_the_keys_are_shown_and_lead_from_message_to_message(site: Site, visitor: Visitor) -> None:
    for number in (1, 2, 3):
        site.send(f"2782000000{number}", text="hello")
    page = visitor.tab(f"/messages/{site.latest.id}")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    for key, heading in (("n", "To 27820000002"), ("n", "To 27820000001"), ("n", None), ("p", "To 27820000002")):
        page.keyboard.press(key)
        if heading:
            expect(page.get_by_role("heading", name=heading)).to_be_visible()
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.goto(f"{site.sim.origin}/traffic/3")
    page.keyboard.press("n")
    expect(page.get_by_text("no. 2 ·")).to_be_visible()


def test_a_refusal_is_counted_without_a_reload_and_found_in_two_clicks(site: Site, visitor: Visitor) -> None:
    page = visitor.tab()
    site.send(TO, text="hello", climsgid="cli-1")
    link = page.get_by_role("link", name="Refused 1")
    expect(link).to_be_visible()
    link.click()
    expect(page.get_by_role("listitem").first).to_contain_text('climsgid "cli-1": only letters and digits')
    page.get_by_role("link", name="sendmsg").click()
    expect(page.get_by_role("heading", name="Why it was refused")).to_be_visible()
    expect(page.locator("mark").first).to_have_text("<climsgid>cli-1</climsgid>")


def test_the_form_of_faults_shows_the_fields_of_the_kind(site: Site, visitor: Visitor) -> None:
    page = visitor.tab("/faults")
    page.get_by_label("Kind").select_option("status")
    expect(page.get_by_label("Seconds to wait")).to_be_hidden()
    page.get_by_label("HTTP status").fill("429")
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_role("list", name="Rules")).to_contain_text("HTTP 429")
    page.get_by_role("button", name="Remove rule 1").click()
    expect(page.get_by_role("list", name="Rules")).to_be_hidden()
    assert site.sim.faults.rules == ()


def test_a_phone_shows_the_status_before_the_request_and_that_the_navigation_goes_on(
    site: Site, visitor: Visitor
) -> None:
    site.send(TO, text="hello")
    page = visitor.tab(f"/messages/{site.latest.id}", viewport={"width": 360, "height": 740})
    places = [
        page.get_by_role("heading", name=name).bounding_box() for name in ("Status", "Details", "Request that sent")
    ]
    tops = [place["y"] for place in places if place is not None]
    assert len(tops) == 3
    assert tops == sorted(tops)
    expect(page.get_by_role("navigation", name="Pages")).to_have_class("more-after")
    page.goto(f"{site.sim.origin}/accounts")
    expect(page.get_by_role("navigation", name="Pages")).to_have_class("more-before")


def test_the_snippets_of_an_empty_inbox_are_chosen_by_language(visitor: Visitor) -> None:
    page = visitor.tab()
    expect(page.get_by_role("region", name="curl")).to_be_visible()
    page.get_by_text("PHP", exact=True).click()
    expect(page.get_by_role("region", name="PHP")).to_contain_text("new SoapClient")
    expect(page.get_by_role("region", name="curl")).to_be_hidden()
    page.get_by_role("button", name="Send a test message").click()
    expect(page.get_by_text("A test message from the inbox").first).to_be_visible()


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
    site.send("27825550009", text="Your table is ready", from_="Bistro", climsgid="order-77")
    refused = site.sim.exchanges.latest()[0].number
    for name, path, width, height in (
        ("inbox", "/", 1100, 690),
        ("inbox-refused", f"/traffic/{refused}", 1100, 900),
        ("inbox-360", "/", 360, 740),
        ("inbox-message", f"/messages/{message.id}", 1100, 760),
    ):
        page = visitor.tab(path, viewport={"width": width, "height": height}, color_scheme="light")
        picture = PICTURES / f"{name}.png"
        page.screenshot(path=picture, animations="disabled")
        assert picture.stat().st_size < 150_000
