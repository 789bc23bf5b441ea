"""Access control: this machine, the simulator's own pages, and callers with the login are let in."""

import base64
import logging
import socket
from urllib.parse import urlsplit

import pytest

from clicksoap.simulator import Simulator

from .conftest import DOCUMENT, Reply, Wire

WHO = "api_id=7&user=acme&password=secret"
SEND = f"/http/sendmsg?{WHO}&to=27820000001&text=hi"
LOGIN = "ann:quiet:please"


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


class TestHost:
    @pytest.mark.parametrize(
        "host",
        [
            "localhost",
            "LOCALHOST:8025",
            "localhost.",
            "app.localhost:1",
            "127.0.0.1:1",
            "127.8.8.8",
            "[::1]:80",
            "[::1]",
        ],
    )
    def test_this_machine_has_many_names(self, wire: Wire, host: str) -> None:
        assert wire.exchange("GET", "/api/v1/clock", headers={"Host": host}).status == 200
        assert wire.exchange("GET", DOCUMENT, headers={"Host": host}).status == 200

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example",
            "evil.example:8025",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "",
            "[",
            ":",
        ],
    )
    def test_a_name_that_was_made_to_lead_here_is_refused_everywhere(self, wire: Wire, host: str) -> None:
        for path in ("/", "/api/v1/messages", DOCUMENT, SEND, "/metrics", "/livez"):
            reply = wire.exchange("GET", path, headers={"Host": host})
            assert reply.status in {400, 421}, path
        assert wire.sim.messages == []

    def test_without_a_host_as_in_http_1_0_this_machine_is_served(self, sim: Simulator) -> None:
        place = urlsplit(sim.origin)
        with socket.create_connection((place.hostname, place.port or 0), timeout=30) as connection:
            connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")

    def test_a_name_that_was_allowed_is_served_and_no_other(self) -> None:
        with Simulator(names=["API.clickatell.com"]) as sim:
            told = [
                Wire(sim).exchange("GET", "/livez", headers={"Host": host}).status
                for host in ("api.clickatell.com", "api.clickatell.com:8025", "localhost", "clickatell.com")
            ]
        assert told == [200, 200, 200, 421]

    def test_with_a_login_any_name_will_do(self) -> None:
        with Simulator(login=LOGIN) as sim:
            reply = Wire(sim).exchange("GET", "/api/v1/clock", headers={"Host": "sms:8025", **basic(LOGIN)})
            assert reply.status == 200


class TestOrigin:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:1"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "{origin}", "Sec-Fetch-Site": "cross-site"},
        ],
    )
    def test_pages_of_other_sites_change_nothing_and_send_nothing(self, wire: Wire, headers: dict[str, str]) -> None:
        said = {name: value.replace("{origin}", wire.sim.origin) for name, value in headers.items()}
        for method, path in (
            ("POST", "/api/v1/reset"),
            ("DELETE", "/api/v1/messages"),
            ("PUT", "/api/v1/accounts/balance"),
            ("POST", DOCUMENT),
            ("GET", f"{DOCUMENT}?wsdl"),
            ("GET", SEND),
            ("POST", SEND),
            ("GET", f"/utils/routeCoverage.php?{WHO}&msisdn=27"),
        ):
            assert wire.exchange(method, path, headers=said).status == 403, path
        assert wire.sim.gateway.commands["sendmsg"] == 0

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "{origin}"},
            {"Origin": "{origin}", "Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
        ],
    )
    def test_its_own_pages_and_programs_do_as_they_like(self, wire: Wire, headers: dict[str, str]) -> None:
        said = {name: value.replace("{origin}", wire.sim.origin) for name, value in headers.items()}
        assert wire.exchange("POST", "/api/v1/reset", headers=said).status == 200
        assert wire.exchange("GET", SEND, headers=said).body.startswith(b"ID: ")

    def test_a_link_from_elsewhere_may_be_followed_but_not_read(self, wire: Wire) -> None:
        reply = wire.exchange("GET", "/api/v1/messages", headers={"Sec-Fetch-Site": "cross-site"})
        assert reply.status == 200
        assert not [name for name in reply.headers if name.startswith("access-control-")]

    def test_what_the_api_is_refused_is_said_in_json(self, wire: Wire) -> None:
        reply = wire.exchange("POST", "/api/v1/reset", headers={"Origin": "null"})
        assert reply.headers["content-type"] == "application/json"
        assert b'"argument": "origin"' in reply.body


class TestLogin:
    def test_people_need_it_and_services_and_health_do_not(self) -> None:
        with Simulator(login=LOGIN) as sim:
            wire = Wire(sim)
            for path in ("/", "/api/v1/messages", "/api/v1/openapi.json", "/metrics", "/nonsense"):
                reply = wire.get(path)
                assert reply.status == 401, path
                assert reply.headers["www-authenticate"].startswith('Basic realm="clicksoap simulator"')
                assert wire.exchange("GET", path, headers=basic(LOGIN)).status in {200, 404}
            for path in ("/livez", "/readyz", f"{DOCUMENT}?wsdl"):
                assert wire.get(path).status == 200
            assert wire.get(SEND).body.startswith(b"ID: ")

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Basic",
            "Basic !",
            "Basic YW5u",
            "Bearer YW5uOnF1aWV0OnBsZWFzZQ==",
            "Basic YW5uOnF1aWV0OnBsZWFzZQ== x",
            "Basic \xe4",
        ],
    )
    def test_what_is_no_login_is_refused(self, header: str) -> None:
        with Simulator(login=LOGIN) as sim:
            assert Wire(sim).exchange("GET", "/metrics", headers={"Authorization": header}).status == 401

    @pytest.mark.parametrize("given", ["ann:quiet", "ann:quiet:pleasE", "bob:quiet:please", ":", "ann:quiet:please:"])
    def test_another_login_is_refused(self, given: str) -> None:
        with Simulator(login=LOGIN) as sim:
            assert Wire(sim).exchange("GET", "/metrics", headers=basic(given)).status == 401

    def test_letters_of_any_kind_may_be_in_it(self) -> None:
        with Simulator(login="zoë:ключ€") as sim:
            assert Wire(sim).exchange("GET", "/metrics", headers=basic("zoë:ключ€")).status == 200

    def test_it_is_told_nobody(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG), Simulator(login=LOGIN) as sim:
            replies: list[Reply] = [Wire(sim).get("/"), Wire(sim).exchange("GET", "/", headers=basic(LOGIN))]
        told = caplog.text + repr(vars(sim)) + "".join(repr(reply) for reply in replies)
        assert "quiet" not in told

    @pytest.mark.parametrize("login", ["", "ann", "ann:", ":quiet"])
    def test_half_a_login_is_an_error(self, login: str) -> None:
        with pytest.raises(ValueError, match="'user:password'"):
            Simulator(login=login)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - refused
    def test_beyond_this_machine_it_takes_a_login(self, host: str) -> None:
        with pytest.raises(ValueError, match=r"host .* login="):
            Simulator(host=host)

    def test_with_one_every_address_can_be_listened_on(self) -> None:
        with Simulator(host="0.0.0.0", login=LOGIN) as sim:  # noqa: S104 - with a login
            assert urlsplit(sim.origin).hostname == "127.0.0.1"
            assert Wire(sim).get("/livez").status == 200
