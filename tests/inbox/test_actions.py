"""What people do by the buttons of the pages, without scripts."""

from decimal import Decimal

import pytest

from clicksoap.simulator import Account, CallbackUrl, Settings, Simulator

from .conftest import TO, Called, Page, Site, following


def followed(site: Site, page: Page) -> str:
    """The page that an action led to."""
    assert page.status == 303
    assert "content-security-policy" in page.headers
    shown = site.get(page.headers["location"])
    assert shown.status == 200
    return shown.text


class TestAMessage:
    def test_is_given_a_status_that_it_keeps(self, site: Site) -> None:
        site.send(TO, text="hello")
        page = site.post(f"/messages/{site.latest.id}/status", status="007")
        assert "The status was set." in followed(site, page)
        assert site.latest.status == "007"
        assert site.sim.gateway.planned(site.latest.id) == ()

    @pytest.mark.parametrize("status", ["013", "", "x"])
    def test_is_given_no_status_that_there_is_not(self, site: Site, status: str) -> None:
        site.send(TO, text="hello")
        page = site.post(f"/messages/{site.latest.id}/status", status=status)
        assert page.status == 422
        assert "Status is unknown: give one of 001" in page.text
        assert site.latest.status == "008"

    def test_is_deleted(self, site: Site) -> None:
        site.send(TO, text="hello")
        assert "No messages yet" in followed(site, site.post(f"/messages/{site.latest.id}/delete"))

    @pytest.mark.parametrize("action", ["status", "report", "reply", "delete"])
    def test_that_is_not_there_cannot_be_acted_on(self, site: Site, action: str) -> None:
        assert site.post(f"/messages/0/{action}", status="004", text="hi").status == 404

    def test_is_reported_once_more(self, called: Called) -> None:
        address, forms = called
        with Simulator(settings=Settings(callback=CallbackUrl(address))) as sim:
            site = Site(sim)
            site.send(TO, text="hello")
            page = site.post(f"/messages/{site.latest.id}/report")
            assert "on its way" in followed(site, page)
            assert forms.get(timeout=5)["apiMsgId"] == [site.latest.id]
            with following(sim, f"of=message&id={site.latest.id}") as stream:
                stream.until(lambda each: "HTTP 200" in each["rows"].get("reports", ""))

    def test_that_nobody_is_told_of_is_not_reported_and_the_page_says_why(self, site: Site) -> None:
        site.send(TO, text="hello")
        page = site.post(f"/messages/{site.latest.id}/report")
        assert page.status == 422
        assert 'role="alert"' in page.text

    def test_is_answered_as_the_handset_that_has_it(self, called: Called) -> None:
        address, forms = called
        with Simulator(settings=Settings(inbound=CallbackUrl(address))) as sim:
            site = Site(sim)
            site.send(TO, text="hello", from_="27830000000")
            page = site.post(f"/messages/{site.latest.id}/reply", text="who is there?")
            assert "who is there?" in followed(site, page)
            form = forms.get(timeout=5)
        assert (form["from"], form["to"], form["text"]) == ([TO], ["27830000000"], ["who is there?"])

    def test_is_not_answered_with_nothing(self, site: Site) -> None:
        site.send(TO, text="hello", from_="27830000000")
        page = site.post(f"/messages/{site.latest.id}/reply", text="")
        assert page.status == 422
        assert 'role="alert"' in page.text


class TestTheHandset:
    def test_sends_to_an_account(self, called: Called) -> None:
        address, forms = called
        with Simulator(settings=Settings(inbound=CallbackUrl(address))) as sim:
            site = Site(sim)
            site.send(TO, text="hello")
            page = site.post("/handset", sender=TO, to="27830000000", account="123456/acme", text="hi there")
            assert "hi there" in followed(site, page)
            assert forms.get(timeout=5)["text"] == ["hi there"]

    @pytest.mark.parametrize("account", ["acme", "", "/acme", "x/acme"])
    def test_says_how_an_account_is_written_and_keeps_what_was_typed(self, site: Site, account: str) -> None:
        page = site.post("/handset", sender=TO, to="2783", account=account, text="<b>")
        assert page.status == 422
        assert "123456/acme" in page.text
        assert f'value="{TO}"' in page.text
        assert "&lt;b&gt;</textarea>" in page.text

    def test_sends_nothing_to_an_account_that_is_not_there(self, site: Site) -> None:
        page = site.post("/handset", sender=TO, to="27830000000", account="9/nobody", text="hi")
        assert page.status == 422
        assert "Unknown account." in page.text


class TestATestMessage:
    def test_is_sent_and_shown(self, site: Site) -> None:
        assert "A test message from the inbox" in followed(site, site.post("/test"))
        assert [each.to for each in site.sim.messages] == [TO]
        assert site.sim.exchanges.latest()[0].path == "/http/sendmsg"

    def test_is_sent_by_an_account_that_there_is(self) -> None:
        with Simulator(accounts=[Account(77, "o'shop", "&=%+ \u00e9")]) as sim:
            Site(sim).post("/test")
            assert [each.account for each in sim.messages] == [(77, "o'shop")]

    def test_that_is_refused_shows_why(self) -> None:
        with Simulator(accounts=[Account(77, "shop", "5ecret", balance=Decimal(0))]) as sim:
            site = Site(sim)
            assert "Why it was refused" in followed(site, site.post("/test"))

    def test_brings_a_report_to_the_address_of_the_form(self, called: Called, site: Site) -> None:
        address, forms = called
        assert "The address was saved." in followed(site, site.post("/callbacks", of="callback", url=address))
        site.post("/test")
        site.sim.clock.advance(hours=3)
        assert forms.get(timeout=5)["apiMsgId"] == [site.latest.id]


class TestAnAddress:
    def test_keeps_its_query_and_login_if_the_rest_stays(self, site: Site) -> None:
        site.sim.settings = Settings(callback=CallbackUrl("http://127.0.0.1:9/r?key=5ecret", user="me", password="pw"))
        page = site.get("/callbacks").text
        assert 'value="http://127.0.0.1:9/r"' in page
        assert "5ecret" not in page
        site.post("/callbacks", of="callback", url="http://127.0.0.1:9/r", method="GET", variant="xml")
        assert site.sim.settings.callback == CallbackUrl(
            "http://127.0.0.1:9/r?key=5ecret", "GET", "xml", user="me", password="pw"
        )

    def test_that_is_another_takes_no_login_along(self, site: Site) -> None:
        site.sim.settings = Settings(inbound=CallbackUrl("http://127.0.0.1:9/r", user="me", password="pw"))
        site.post("/callbacks", of="inbound", url="http://127.0.0.1:9/other")
        assert site.sim.settings.inbound == CallbackUrl("http://127.0.0.1:9/other")

    def test_that_is_empty_ends_the_calls(self, site: Site) -> None:
        site.sim.settings = Settings(inbound=CallbackUrl("http://127.0.0.1:9/r"))
        site.post("/callbacks", of="inbound", url="")
        assert site.sim.settings.inbound is None

    @pytest.mark.parametrize("fields", [{"of": "callback", "url": "ftp://x"}, {"of": "x", "url": ""}])
    def test_that_is_not_valid_is_refused(self, site: Site, fields: dict[str, str]) -> None:
        page = site.post("/callbacks", **fields)
        assert page.status == 422
        assert 'role="alert"' in page.text
        assert site.sim.settings.callback is None


class TestAFault:
    def test_is_added_by_form_and_removed_by_a_button(self, site: Site) -> None:
        fields = {
            "kind": "delay",
            "seconds": "0.01",
            "prefix": "2782",
            "times": "1",
            "carried_out": "no",
            "command": "",
        }
        assert "The fault rule was added." in followed(site, site.post("/faults", **fields))
        (rule,) = site.sim.faults.rules
        assert (rule.kind, rule.seconds, rule.prefix, rule.times, rule.carried_out) == ("delay", 0.01, "2782", 1, False)
        assert "once in all" in site.get("/faults").text
        assert "The fault rule was removed." in followed(site, site.post("/faults/remove", id=rule.id))
        assert site.sim.faults.rules == ()

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"kind": "delay"}, "Seconds is missing"),
            ({"kind": "delay", "seconds": "soon"}, "Seconds is not valid"),
            ({"kind": "reset", "nth": "1.5"}, "Nth is not valid"),
            ({"kind": "reset", "status": "500"}, "does not belong"),
            ({"kind": "none"}, "Kind is unknown"),
            ({}, "Kind is unknown"),
        ],
    )
    def test_that_is_not_valid_is_refused_and_the_form_keeps_it(
        self, site: Site, fields: dict[str, str], words: str
    ) -> None:
        page = site.post("/faults", **fields)
        assert page.status == 422
        assert words in page.text
        assert all(f'value="{value}"' in page.text for name, value in fields.items() if name != "kind")
        assert site.sim.faults.rules == ()


class TestEverything:
    def test_is_deleted_only_after_a_question(self, site: Site) -> None:
        for text in ("apples", "pears"):
            site.send(TO, text=text)
        assert '<a class="button plain" href="/delete"' in site.get("/").text
        assert "Delete 2 messages?" in site.get("/delete").text
        assert "Delete 1 message?" in site.get("/delete?q=apples").text
        assert site.get("/delete?q=colour:red").status == 400
        assert len(site.sim.messages) == 2

    def test_that_a_search_finds_is_deleted_and_nothing_else(self, site: Site) -> None:
        for text in ("apples", "pears", "green apples"):
            site.send(TO, text=text)
        assert "Nothing found" in followed(site, site.post("/messages/delete", q="apples"))
        assert [each.text for each in site.sim.messages] == ["pears"]
        assert "No messages yet" in followed(site, site.post("/messages/delete", q=""))

    def test_is_kept_if_the_search_is_nonsense(self, site: Site) -> None:
        site.send(TO, text="hello")
        page = site.post("/messages/delete", q="colour:red")
        assert page.status == 400
        assert "Nothing was deleted" in page.text
        assert len(site.sim.messages) == 1

    def test_is_as_in_the_beginning_after_a_reset(self, site: Site) -> None:
        site.send(TO, text="hello")
        assert "Everything was reset." in followed(site, site.post("/reset"))
        assert site.sim.messages == []
        assert site.sim.exchanges.latest() == []

    def test_that_goes_wrong_ends_at_once(self, site: Site) -> None:
        site.sim.faults.lose_answer("sendmsg")
        followed(site, site.post("/faults/clear"))
        site.send(TO, text="hello")

    @pytest.mark.parametrize("body", [b"", b"status", b"%ff=%ff", b"status=004&status=xx", b"x" * (2 << 20)])
    def test_odd_that_is_posted_does_no_harm(self, site: Site, body: bytes) -> None:
        site.send(TO, text="hello")
        own = {"Content-Type": "application/x-www-form-urlencoded", "Origin": site.sim.origin}
        assert site.ask("POST", f"/messages/{site.latest.id}/status", body, own).status == 422
        assert site.latest.status == "008"
