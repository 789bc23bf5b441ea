"""Why requests were refused: the tab, the banner, the marked element, the search, and lost answers."""

import re
from html import unescape
from urllib.parse import quote

import pytest

from clicksoap.simulator import Simulator

from .conftest import TO, Site, following

XML = {"Content-Type": "text/xml; charset=utf-8"}


def marks(page: str) -> list[str]:
    """The marked parts of the request as it is indented."""
    shown = page.partition("As it was sent")[0]
    return [unescape(re.sub("<[^>]*>", "", each)) for each in re.findall(r"<mark>(.*?)</mark>", shown, re.DOTALL)]


def refusals(site: Site) -> str:
    return site.get("/refused").text


class TestTheTab:
    def test_counts_what_was_refused_and_shows_it_with_its_reason(self, site: Site) -> None:
        assert re.search(r"data-refused hidden>0<", site.get("/").text)
        site.send(TO, text="hello")
        site.send(TO, text="hello", climsgid="cli-1")
        assert re.search(r"data-refused>1<", site.get("/").text)
        text = refusals(site)
        assert "101 climsgid &#34;cli-1&#34;" in text
        assert text.count('class="cover"') == 1

    def test_counts_live_on_the_first_list(self, sim: Simulator, site: Site) -> None:
        with following(sim, "of=messages") as stream:
            assert stream.next()["refused"] == 0
            site.send("0821234567", text="hello")
            stream.until(lambda each: each["refused"] == 1)

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("apples", 1),
            ("code:105", 1),
            ("code:10", 0),
            ("parameter:climsgid", 1),
            ("to:0821", 1),
            ("reason:national", 1),
            ("-code:105", 1),
            ('"only letters"', 1),
            ("outcome:refused", 2),
        ],
    )
    def test_is_searched(self, site: Site, query: str, found: int) -> None:
        site.send("0821234567", text="apples")
        site.send(TO, text="pears", climsgid="cli-1")
        page = site.get(f"/refused?q={quote(query)}").text
        assert f"{found} of 2 found" in page
        assert page.count('class="cover"') == found

    @pytest.mark.parametrize("path", ["/refused", "/traffic"])
    @pytest.mark.parametrize(
        ("query", "words"),
        [("colour:red", "Unknown search field colour"), ('"', "quotation mark"), ("to:", "is empty")],
    )
    def test_says_what_is_wrong_with_a_search(self, site: Site, path: str, query: str, words: str) -> None:
        page = site.get(f"{path}?q={quote(query)}")
        assert page.status == 400
        assert words in page.text


class TestAnExchange:
    @pytest.mark.parametrize(
        ("given", "to", "marked"),
        [
            ({"climsgid": "cli-1"}, [TO], ["<climsgid>cli-1</climsgid>"]),
            ({}, [TO, "0821234567"], ["<to>0821234567</to>"]),
            ({"unicode": "1", "text": "zz"}, [TO], ["<text>zz</text>"]),
            ({"validity": "99999"}, [TO], ["<validity>99999</validity>"]),
            ({"password": "wrong"}, [TO], ["<password>•••</password>"]),
        ],
    )
    def test_marks_the_element_that_is_wrong(
        self, site: Site, given: dict[str, str], to: list[str], marked: list[str]
    ) -> None:
        site.send(*to, **{"text": "hello", **given})
        page = site.get("/traffic/1").text
        assert "refused</h2>" in page
        assert marks(page) == marked

    def test_marks_the_operation_if_an_element_is_missing(self, site: Site) -> None:
        site.send(text="hello")
        assert marks(site.get("/traffic/1").text) == ['<x:sendmsg xmlns:x="urn:x">']

    def test_marks_the_line_that_cannot_be_read(self, site: Site) -> None:
        site.ask("POST", "/soap/webservice.php", b"<a>\n<b></c>\n</a>", XML)
        page = site.get("/traffic/1").text
        assert "Why it could not be read" in page
        assert marks(page) == ["<b></c>"]

    def test_marks_the_line_of_a_byte_that_is_no_text(self, site: Site) -> None:
        site.ask("POST", "/soap/webservice.php", b"<a>\n<b>caf\xe9</b>\n</a>", XML)
        assert marks(site.get("/traffic/1").text) == ["<b>café</b>"]

    def test_marks_a_field_of_a_form(self, site: Site) -> None:
        site.get(f"/http/sendmsg?api_id=123456&user=acme&password=5ecret&to={TO}&text=hello&cliMsgId=cli-1")
        page = site.get("/traffic/1").text
        assert "<dt>cliMsgId</dt>" in page
        assert marks(page) == ["cli-1"]

    def test_marks_a_path_that_there_is_not(self, site: Site) -> None:
        site.ask("POST", "/soap/webservice_VS.php", b"<a/>", XML)
        assert marks(site.get("/traffic/1").text) == ["/soap/webservice_VS.php"]

    def test_has_its_headers_folded_below_the_body(self, site: Site) -> None:
        site.send(TO, text="hello")
        page = site.get("/traffic/1").text
        assert page.index("&lt;text&gt;hello") < page.index("<dt>content-type</dt>")
        assert re.search(r"<details[^>]*><summary>\d+ headers</summary>\s*<dl", page)

    def test_takes_hostile_text_in_little_time(self, site: Site) -> None:
        for body in (b"<" * 60_000, b"<a" * 30_000, b"<a>" * 20_000, b"</" * 30_000, b"<to>1" * 12_000):
            site.ask("POST", "/soap/webservice.php", body, XML)
        assert [site.get(f"/traffic/{number}").status for number in range(1, 6)] == [200] * 5


class TestALostAnswer:
    def test_is_marked_at_the_message_and_in_the_traffic(self, site: Site) -> None:
        site.sim.faults.lose_answer("sendmsg")
        with pytest.raises(ConnectionError):
            site.send(TO, text="hello")
        assert '<span class="tag bad">answer lost</span>' in site.get("/").text
        assert '<span class="tag bad">answer lost</span>' in site.get("/traffic").text
        page = site.page_of(site.latest)
        assert "The answer was lost" in page
        assert "sends it twice" in page

    def test_is_not_said_of_an_answer_that_arrived(self, site: Site) -> None:
        site.send(TO, text="hello")
        assert "answer lost" not in site.get("/").text
        assert "The answer was" not in site.page_of(site.latest)


class TestTheList:
    def test_puts_the_messages_of_one_request_together(self, site: Site) -> None:
        site.send("27820000001", "27820000002", "27820000003", text="three")
        site.send("27820000004", text="one")
        page = site.get("/").text
        assert re.findall(r'href="/traffic/(\d+)">3 in one request', page) == ["1"]
        assert page.count('class="what joined"') == 2

    def test_reveals_characters_that_cannot_be_seen(self, site: Site) -> None:
        site.send(TO, text="pay\u202eme\u0007\u200b".encode("utf-16-be").hex(), unicode="1")
        for page in (site.get("/").text, site.page_of(site.latest)):
            assert 'title="U+202E right-to-left override">RLO</span>' in page
            assert ">BEL</span>" in page
            assert ">ZWSP</span>" in page
            assert "\u202e" not in page

    def test_keeps_emojis_that_are_joined(self, site: Site) -> None:
        family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
        site.send(TO, text=family.encode("utf-16-be").hex(), unicode="1")
        assert family in site.page_of(site.latest)
