"""The pages as they come over the wire: what they show, and what they are sent with."""

import http.client
import re
import shlex
from decimal import Decimal
from html import unescape
from itertools import pairwise
from urllib.parse import quote, urlsplit

import pytest

from clicksoap import Secret, config
from clicksoap.codes import ERRORS, STATUSES
from clicksoap.contract import SERVICE_PATHS
from clicksoap.simulator import Account, Simulator

from .conftest import TO, Site

PAGES = [
    "/",
    "/?q=status:delivered",
    "/refused",
    "/delete",
    "/traffic",
    "/callbacks",
    "/handset",
    "/faults",
    "/accounts",
    "/reset",
]
MISSING = ["/messages/0", "/messages/delete", "/traffic/7", "/traffic/07", "/traffic/none"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def kept_to_itself(headers: dict[str, str]) -> bool:
    return (
        headers["content-security-policy"] == POLICY
        and headers["cross-origin-resource-policy"] == "same-origin"
        and headers["x-content-type-options"] == "nosniff"
        and headers["referrer-policy"] == "same-origin"
        and headers["cache-control"] == "no-store"
    )


class TestEveryPage:
    @pytest.mark.parametrize("path", PAGES)
    def test_is_html_that_is_kept_to_itself(self, site: Site, path: str) -> None:
        site.send(TO, text="hello")
        page = site.get(path)
        assert page.status == 200
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert kept_to_itself(page.headers)

    @pytest.mark.parametrize("path", MISSING)
    def test_about_what_is_not_there_says_so(self, site: Site, path: str) -> None:
        page = site.get(path)
        assert page.status == 404
        assert "no longer kept" in page.text
        assert kept_to_itself(page.headers)

    @pytest.mark.parametrize("path", [*PAGES, *MISSING, "/messages/{id}", "/traffic/1"])
    def test_holds_no_script_or_style_and_nothing_from_elsewhere(self, site: Site, path: str) -> None:
        site.send(TO, text="hello", from_="Shop")
        text = site.get(path.format(id=site.latest.id)).text
        assert re.findall(r"<script[^>]*>", text) == ['<script src="/static/inbox.js" defer>']
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
        for loaded in re.findall(r'(?:src|action)="([^"]*)"|<link[^>]*href="([^"]*)"', text):
            assert "".join(loaded).startswith("/")

    @pytest.mark.parametrize("path", PAGES)
    def test_has_landmarks_a_title_and_a_way_past_the_links(self, site: Site, path: str) -> None:
        text = site.get(path).text
        assert re.search(r"<title>[^<]+ · clicksoap simulator</title>", text)
        assert text.count("<main ") == text.count("<h1") == 1
        assert '<a class="skip" href="#main">' in text
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', text))
        assert labelled >= set(re.findall(r'<(?:input|select|textarea) id="([^"]+)"', text))

    @pytest.mark.parametrize("path", PAGES)
    def test_answers_head_without_a_body(self, site: Site, path: str) -> None:
        connection = http.client.HTTPConnection(urlsplit(site.sim.origin).netloc, timeout=30)
        connection.request("HEAD", path, headers={"Accept": "text/html"})
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (200, b"")
        assert int(reply.headers["content-length"]) > 1000
        connection.close()

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    def test_refuses_other_methods(self, site: Site, method: str) -> None:
        for path in ("/", "/messages/0", "/traffic", "/events", "/static/inbox.css"):
            assert site.ask(method, path).status == 405

    def test_does_nothing_when_an_action_is_merely_looked_at(self, site: Site) -> None:
        site.send(TO, text="hello")
        for action in ("status", "report", "reply", "delete"):
            assert site.get(f"/messages/{site.latest.id}/{action}").status == 405
        assert site.get("/messages/delete").status == 404
        assert site.get("/faults/clear").status == 405
        assert len(site.sim.messages) == 1


class TestAPathThatThereIsNot:
    def test_is_a_page_for_browsers_and_plain_text_for_programs(self, site: Site) -> None:
        page = site.get("/nowhere")
        assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "Show all messages" in page.text
        assert kept_to_itself(page.headers)
        for method, accept in (("GET", "*/*"), ("POST", "text/html")):
            assert site.ask(method, "/nowhere", headers={"Accept": accept}).text == "Not Found"
        assert [each.status for each in site.sim.exchanges.latest()] == [404, 404, 404]


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("inbox.css", "text/css; charset=utf-8"),
            ("inbox.js", "text/javascript; charset=utf-8"),
            ("icon.svg", "image/svg+xml"),
        ],
    )
    def test_have_their_types_and_are_not_sent_twice(self, site: Site, name: str, kind: str) -> None:
        first = site.get(f"/static/{name}")
        assert (first.status, first.headers["content-type"]) == (200, kind)
        again = site.ask("GET", f"/static/{name}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status, again.text) == (304, "")

    @pytest.mark.parametrize("name", ["none.css", "..%2frendering.py", "%2e%2e", "inbox.css%00", "base.html"])
    def test_others_are_not_to_be_had(self, site: Site, name: str) -> None:
        assert site.get(f"/static/{name}").status == 404


class TestTheList:
    def test_is_for_browsers_and_programs_get_a_few_words(self, site: Site) -> None:
        for accept in ("*/*", "text/plain", ""):
            page = site.ask("GET", "/", headers={"Accept": accept})
            assert page.headers["content-type"] == "text/plain; charset=utf-8"
            assert f"{site.sim.origin}/soap/webservice.php?wsdl" in page.text
        assert "<html" in site.get("/").text

    def test_says_where_to_send_to_while_it_is_empty(self, site: Site) -> None:
        text = site.get("/").text
        assert all(f"{site.sim.origin}{path}?wsdl" in text for path in SERVICE_PATHS)
        lines = re.findall(r"^(?:<[^\n]*>)?export (CLICKSOAP_\w+)=([^<\n]*)", text, re.MULTILINE)
        found = config.load(environ=dict(lines))
        assert found["endpoint"] == site.sim.origin
        password = found["password"]
        assert isinstance(password, Secret)
        assert (found["api_id"], found["user"], password.reveal()) == ("123456", "acme", "secret")

    def test_has_a_line_for_curl_that_works(self, site: Site) -> None:
        line = unescape(re.findall(r'<pre id="snippet-curl"[^>]*>([^<]*)</pre>', site.get("/").text)[0])
        given = shlex.split(line)
        assert given[0] == "curl"
        fields = "&".join(value for option, value in pairwise(given) if option == "-d")
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        site.ask("POST", given[1].removeprefix(site.sim.origin), fields.encode(), kind)
        assert site.latest.text == "Hello"

    def test_has_a_script_in_python_that_works(self, site: Site) -> None:
        code = unescape(re.findall(r'<pre id="snippet-python"[^>]*>([^<]*)</pre>', site.get("/").text)[0])
        exec(code, {"print": lambda _: None})  # noqa: S102 - the page's own snippet
        assert site.latest.text == "Hello"

    def test_names_an_account_that_there_is_but_not_its_password(self) -> None:
        with Simulator(accounts=[Account(77, "o'shop", "5ecret")]) as sim:
            text = Site(sim).get("/").text
        assert "CLICKSOAP_API_ID=77" in text
        assert "o&#39;&#34;&#39;&#34;&#39;shop" in text
        assert "5ecret" not in text

    def test_shows_the_latest_message_first(self, site: Site) -> None:
        for text in ("one", "two", "three"):
            site.send(TO, text=text)
        assert re.findall(r"<bdi>(\w+)</bdi></span>", site.get("/").text) == ["three", "two", "one"]

    def test_shows_texts_and_never_runs_them(self, site: Site) -> None:
        site.send(TO, text="<script>alert(1)</script>", from_="<b>&\"'")
        for path in ("/", f"/messages/{site.latest.id}", "/traffic/1", f"/?q={quote('<script>')}"):
            text = site.get(path).text
            assert "<script>alert" not in text
            assert re.search("&(amp;)?lt;script&", text)
            assert "<b>&" not in text

    def test_shows_what_is_searched_for(self, site: Site) -> None:
        site.send("27820000001", text="apples")
        site.send("27820000002", text="pears")
        site.sim.gateway.set_status(site.latest.id, "004")
        for query, found in [("apples", ["apples"]), ("to:002", ["pears"]), ("-status:delivered", ["apples"])]:
            page = site.get(f"/?q={quote(query)}")
            assert re.findall(r"<bdi>(\w+)</bdi></span>", page.text) == found
            assert "1 of 2 found" in page.text
        assert "Nothing found" in site.get("/?q=plums").text

    def test_says_what_is_wrong_with_a_search_and_keeps_it(self, site: Site) -> None:
        site.send(TO, text="hello")
        page = site.get("/?q=colour%3Ared")
        assert page.status == 400
        assert "Unknown search field colour:" in page.text
        assert 'value="colour:red"' in page.text

    def test_comes_in_pages_that_keep_the_search(self, site: Site) -> None:
        numbers = [f"2782{number:07}" for number in range(120)]
        site.send(*numbers, text="hello")
        first, second, last = (site.get(f"/?q=hello&page={number}").text for number in (1, 2, 3))
        shown = [re.findall(r'class="cover"[^>]*>(\d+)<', page) for page in (first, second, last)]
        assert [len(each) for each in shown] == [50, 50, 20]
        assert [number for each in shown for number in each] == numbers[::-1]
        assert 'rel="next" href="/?q=hello&amp;page=2"' in first
        assert 'rel="prev" href="/?q=hello&amp;page=1"' in second
        assert 'rel="next"' not in last
        assert "Page 2 of 3" in second

    @pytest.mark.parametrize(("asked", "given"), [("0", 1), ("-1", 1), ("x", 1), ("99", 2), ("9" * 40, 1), ("٣", 1)])
    def test_has_no_page_beyond_its_last(self, site: Site, asked: str, given: int) -> None:
        site.send(*(f"2782{number:07}" for number in range(60)), text="hello")
        assert f"Page {given} of 2" in site.get(f"/?page={quote(asked)}").text

    def test_stays_one_page_however_many_messages_there_are(self) -> None:
        with Simulator(accounts=[Account(123456, "acme", "5ecret", balance=Decimal(10_000))]) as sim:
            site = Site(sim)
            for fortieth in range(40):
                site.send(*(f"27{fortieth:02}{number:07}" for number in range(250)), text=f"hello {fortieth}")
            page = site.get("/?q=" + quote('hello -"hello 39" to:2707'))
        assert "250 of 10000 found" in page.text
        assert len(page.text) < 100_000


class TestAMessage:
    def test_is_a_bubble_with_its_sender_number_account_and_charge(self, site: Site) -> None:
        site.send(TO, text="Your parcel\nis here", from_="Shop", climsgid="order77", msg_callback="7")
        text = site.page_of(site.latest)
        assert '<p class="text" dir="auto">Your parcel\nis here</p>' in text
        assert all(each in text for each in (f"To {TO}", "<bdi>Shop</bdi>", "123456 / acme", "order77", "19 of 160"))
        assert "Charged <strong>1</strong>, callback: 7" in text

    def test_has_its_statuses_past_and_planned(self, site: Site) -> None:
        site.send(TO, text="hello")
        line = site.page_of(site.latest).partition('<ol class="timeline"')[2].partition("</ol>")[0]
        assert re.findall(r"<small>(\d+)</small>( <em>planned</em>)?", line) == [
            ("008", ""),
            ("003", " <em>planned</em>"),
            ("004", " <em>planned</em>"),
        ]
        assert re.search(r'<time datetime="[^"]+Z" title="[^"]+ UTC"', line)

    def test_of_several_parts_shows_where_they_are_cut(self, site: Site) -> None:
        site.send(TO, text="x" * 152 + "€" + "y" * 10, concat="2")
        text = site.page_of(site.latest)
        assert f'title="Part 1 of 2: 152 of 153 septets">{"x" * 152}</span>' in text
        assert f'title="Part 2 of 2: 12 of 153 septets">€{"y" * 10}</span>' in text

    def test_in_another_script_runs_as_that_script_does(self, site: Site) -> None:
        site.send(TO, text="שלום".encode("utf-16-be").hex(), unicode="1")
        text = site.page_of(site.latest)
        assert '<p class="text" dir="auto">שלום</p>' in text
        assert "4 of 70 UTF-16 units" in text

    @pytest.mark.parametrize("options", [{"msg_type": "SMS_FLASH"}, {"req_feat": "512"}])
    def test_that_is_flash_is_shown_as_such(self, site: Site, options: dict[str, str]) -> None:
        site.send(TO, text="now", **options)
        assert "Flash: shown at once" in site.page_of(site.latest)

    def test_in_bytes_is_a_dump_with_its_header_in_words(self, site: Site) -> None:
        site.send(TO, udh="06050415811581", data="00ff41")
        text = site.page_of(site.latest)
        assert "<strong>Ports</strong> to 5505 (0x1581, ringing tone)" in text
        assert "00 FF 41" in text
        assert "..A" in text

    def test_that_is_a_notification_of_a_picture_says_what_and_from_whom(self, site: Site) -> None:
        mms = {"mms_class": "81", "mms_expire": "60", "mms_from": "Ann", "mms_url": "http://mms.example/1"}
        site.send(TO, command="ind_push", mms_subject="The sea", **mms)
        text = site.page_of(site.latest)
        assert all(each in text for each in ("MMS", "The sea", "<bdi>Ann</bdi>", "81 advertisement"))

    @pytest.mark.parametrize(
        ("url", "followed"),
        [
            ("https://shop.example/?a=1", "https://shop.example/?a=1"),
            ("http%3A%2F%2Fshop.example%2F", "http://shop.example/"),
        ],
    )
    def test_that_is_a_push_leads_to_the_web_and_tells_nobody_from_where(
        self, site: Site, url: str, followed: str
    ) -> None:
        site.send(TO, command="si_push", si_id="1", si_text="look", si_url=url)
        assert f'<a href="{followed}" rel="noopener noreferrer nofollow" target="_blank">' in site.page_of(site.latest)

    @pytest.mark.parametrize(
        "url",
        ["javascript:alert(1)", "JavaScript%3Aalert(1)", "data:text/html,x", "//shop.example", "http:", "http://["],
    )
    def test_that_is_a_push_to_anywhere_else_leads_nowhere(self, site: Site, url: str) -> None:
        site.send(TO, command="si_push", si_id="1", si_text="look", si_url=url)
        text = site.page_of(site.latest)
        assert "not a web address" in text
        assert "nofollow" not in text

    def test_has_its_request_and_reply_with_the_password_masked(self, site: Site) -> None:
        site.send(TO, text="hello")
        text = site.page_of(site.latest)
        assert "&lt;password&gt;•••&lt;/password&gt;" in text
        assert f"&lt;return&gt;ID: {site.latest.id}&lt;/return&gt;" in text
        assert "5ecret" not in text

    def test_says_when_its_request_is_no_longer_kept(self, site: Site) -> None:
        site.send(TO, text="hello")
        site.sim.exchanges.clear()
        assert "Request no. 1 has been dropped." in site.page_of(site.latest)

    def test_knows_those_that_the_same_request_brought(self, site: Site) -> None:
        site.send("27820000001", "27820000002", text="both")
        site.send("27820000003", text="alone")
        assert "Sent by the same request" not in site.page_of(site.latest)
        text = site.page_of(site.sim.messages[0])
        assert re.findall(r'class="cover"[^>]*>(\d+)<', text) == ["27820000001", "27820000002"]

    def test_of_a_trial_account_shows_the_canned_text_whatever_was_sent(self) -> None:
        with Simulator(accounts=[Account.on_trial(123456, "acme", "5ecret")]) as sim:
            site = Site(sim)
            site.send(TO, text="x" * 159)
            assert "A trial account sent this text" in site.page_of(site.latest)


class TestTraffic:
    def test_shows_refused_and_unreadable_requests_too(self, site: Site) -> None:
        site.send(TO, text="hello")
        site.send("9991050000", TO, text="hello")
        site.send("9991050000", text="hello")
        site.ask("POST", "/soap/webservice.php", b"<broken", {"Content-Type": "text/xml"})
        text = site.get("/traffic").text
        commands = re.findall(r'<span class="who"><a[^>]*>(\w+)</a>', text)
        results = re.findall(r'<span class="chip \w+">([^<]+)</span>', text)
        assert list(zip(results, commands, strict=True)) == [
            ("HTTP 500", "unreadable"),
            ("ERR 105", "sendmsg"),
            ("partly ERR 105", "sendmsg"),
            ("OK", "sendmsg"),
        ]

    def test_has_a_page_for_each_exchange(self, site: Site) -> None:
        site.send(TO, text="hello")
        text = site.get("/traffic/1").text
        assert f'<a class="cover" href="/messages/{site.latest.id}">{TO}</a>' in text
        assert "POST</strong> /soap/document_literal/webservice" in text

    def test_shows_a_query_of_the_http_api_in_its_fields(self, site: Site) -> None:
        site.get("/http/sendmsg?api_id=123456&user=acme&password=5ecret&to=27821234567&text=%E9t%E9+here")
        text = site.get("/traffic/1").text
        assert '<dt>text</dt><dd class="breaking"><bdi>été here</bdi></dd>' in text
        assert "5ecret" not in text

    def test_shows_answers_that_were_lost(self, site: Site) -> None:
        site.sim.faults.lose_answer("sendmsg")
        with pytest.raises(ConnectionError):
            site.send(TO, text="hello")
        assert "No answer" in site.get("/traffic").text
        assert "the connection broke" in site.get("/traffic/1").text

    def test_comes_in_pages(self, site: Site) -> None:
        for _ in range(55):
            site.get("/http/ping")
        assert "Page 2 of 2" in site.get("/traffic?page=2").text
        assert len(re.findall(r'class="cover"', site.get("/traffic?page=2").text)) == 5


class TestTheRest:
    def test_every_magic_number_is_shown(self, site: Site) -> None:
        text = site.get("/faults").text
        assert all(f"999{code}…" in text for code in ERRORS)
        assert all(f"998{code}…" in text for code in STATUSES)

    def test_accounts_are_shown_with_what_is_left_on_them(self, site: Site) -> None:
        site.send(TO, TO, text="hello")
        text = site.get("/accounts").text
        assert '<strong class="number">998</strong> credits left, 1 a message' in text
        assert "5ecret" not in text

    def test_resetting_asks_first(self, site: Site) -> None:
        site.send(TO, text="hello")
        assert "1 message and 1 exchange are deleted" in site.get("/reset").text
        assert len(site.sim.messages) == 1
