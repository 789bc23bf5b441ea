"""A real browser in front of the inbox, and messages of every kind to look at."""

from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect

from .conftest import Site

PATHS: Final = (
    *("/", "/refused", "/traffic", "/traffic/1", "/traffic/2", "/callbacks", "/handset", "/faults", "/accounts"),
    *("/reset", "/delete"),
)


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
