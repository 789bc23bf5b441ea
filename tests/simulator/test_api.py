"""The API: every answer, success or error, is compared with the OpenAPI description that the simulator serves."""

import json
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.routing import Route

from clicksoap.simulator import Account, CallbackUrl, Settings, Simulator
from clicksoap.simulator.app import application
from clicksoap.simulator.simulation import Simulation

from .conftest import Wire

TO = "27820000001"
OTHER = "27830000002"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}
BASE = "/api/v1"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    data: Any

    @property
    def error(self) -> tuple[int, str]:
        """The status and the argument of a refusal."""
        assert self.data["error"]["message"]
        return self.status, self.data["error"]["argument"]


class Api:
    """A caller that believes the description and nothing else."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.wire = Wire(sim)
        self.description = json.loads(self.wire.get(f"{BASE}/openapi.json").body)

    def __call__(self, method: str, path: str, body: object = None, **query: object) -> Answer:
        raw = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if raw else {}
        return self.send(method, path, raw, headers, body, **query)

    def send(
        self, method: str, path: str, raw: bytes | None, headers: dict[str, str], body: object = None, **query: object
    ) -> Answer:
        asked = f"{BASE}{path}?{urlencode(query, doseq=True)}" if query else f"{BASE}{path}"
        reply = self.wire.exchange(method, asked, raw, headers)
        assert reply.headers["content-type"] == "application/json"
        answer = Answer(reply.status, reply.headers, json.loads(reply.body))
        operation = self._operation(method, path)
        if operation is None:
            assert answer.status in {404, 405}
            self._hold({"$ref": "#/components/schemas/Error"}, answer.data)
            return answer
        told = "200" if answer.status == 200 else f"{answer.status // 100}XX"
        self._hold(operation["responses"][told]["content"]["application/json"]["schema"], answer.data)
        if body is not None and answer.status == 200:
            self._hold(operation["requestBody"]["content"]["application/json"]["schema"], body)
        return answer

    def _operation(self, method: str, path: str) -> Any:
        for template, methods in self.description["paths"].items():
            if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
                return methods.get(method.lower())
        return None

    def _hold(self, schema: object, data: object) -> None:
        whole = {"allOf": [schema], "components": self.description["components"]}
        Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(data)

    def send_message(self, to: str = TO, text: str = "hi", **values: str) -> str:
        (line,) = self.wire.call("sendmsg", to, text=text, **WHO, **values)
        return line.removeprefix("ID: ")


@pytest.fixture
def api(sim: Simulator) -> Api:
    return Api(sim)


@pytest.fixture
def closed() -> Iterator[Api]:
    """An API of a gateway with an account of its own."""
    account = Account(7, "acme", "secret", callback=CallbackUrl("http://127.0.0.1:9/", password="hush", user="me"))
    with Simulator(accounts=[account]) as sim:
        yield Api(sim)


class TestDescription:
    def test_it_is_openapi(self, api: Api) -> None:
        validate(api.description)

    def test_it_has_every_route_of_the_application_and_no_other(self, api: Api) -> None:
        simulation = Simulation(accounts=None, settings=Settings(), clock=None, capacity=1, store=None)
        with ThreadPoolExecutor() as executor:
            routes = application(simulation, executor, executor, Event(), None).routes
        paths = [route.path for route in routes if isinstance(route, Route)]
        served = {path.removeprefix(BASE) for path in paths if path.startswith(f"{BASE}/")}
        assert served == api.description["paths"].keys()

    def test_every_operation_is_served_and_no_other_method(self, api: Api) -> None:
        for path, methods in api.description["paths"].items():
            filled = re.sub(r"{\w+}", "1", path)
            answer = api("TRACE", filled)
            assert answer.error == (405, "method")
            assert {each.lower() for each in answer.headers["allow"].split(", ")} - {"head"} == methods.keys()
            for method in methods:
                assert api(method.upper(), filled, nonsense="1").error == (422, "nonsense")

    def test_it_takes_every_password_and_gives_none(self, api: Api) -> None:
        schemas = json.dumps(api.description["components"]["schemas"])
        assert '"password": {' not in schemas
        for methods in api.description["paths"].values():
            for operation in methods.values():
                assert '"password"' not in json.dumps(operation["responses"])


class TestMessages:
    def test_they_are_listed_page_by_page_the_latest_first(self, api: Api) -> None:
        ids = [api.send_message(text=f"number {number}") for number in range(5)]
        listed = api("GET", "/messages", start=1, limit=3).data
        assert (listed["total"], listed["start"]) == (5, 1)
        assert [each["id"] for each in listed["messages"]] == ids[3:0:-1]
        assert api("GET", "/messages").data["messages"][0]["text"] == "number 4"
        assert api("GET", "/messages", start=9).data["messages"] == []

    @pytest.mark.parametrize(("name", "value"), [("start", -1), ("limit", 0), ("limit", 1001), ("limit", "ten")])
    def test_a_page_out_of_bounds_is_named(self, api: Api, name: str, value: object) -> None:
        assert api("GET", "/messages", **{name: value}).error == (422, name)
        assert api("GET", "/messages", **{name: [1, 1]}).error == (422, name)

    def test_one_is_told_with_all_that_was_and_will_be(self, api: Api) -> None:
        message_id = api.send_message(deliv_time="10", climsgid="abc")
        told = api("GET", f"/message/{message_id}").data
        assert (told["status"], told["status_text"]) == ("011", "Queued for later delivery")
        assert [each["status"] for each in told["history"]] == ["011"]
        assert [each["status"] for each in told["planned"]] == ["008", "003", "004"]
        assert told["created"].endswith("Z")
        assert (told["charge"], told["parameters"]["deliv_time"]) == ("1", "10")
        api.sim.clock.advance(minutes=11)
        told = api("GET", f"/message/{message_id}").data
        assert [each["status"] for each in told["history"]] == ["011", "008", "003", "004"]
        assert told["planned"] == []

    def test_bytes_are_hexadecimal(self, api: Api) -> None:
        (line,) = api.wire.ask("http/sendmsg", to=TO, udh="060504158A0000", text="00ff10", binary="1", **WHO)
        told = api("GET", f"/message/{line.removeprefix('ID: ')}").data
        assert (told["udh"], told["data"], told["text"]) == ("060504158a0000", "00ff10", "")

    def test_what_came_over_the_wire_can_be_had_without_the_password(self, api: Api) -> None:
        message_id = api.send_message(text="my words")
        raw = api("GET", f"/message/{message_id}/raw").data
        assert "my words" in raw["request"]
        assert message_id in raw["reply"]
        assert "secret" not in json.dumps(raw)

    def test_a_query_finds_and_deletes(self, api: Api) -> None:
        kept, deleted = api.send_message(OTHER, "stay"), api.send_message(TO, "a parcel")
        found = api("GET", "/search", query="to:2782 parcel").data
        assert [each["id"] for each in found["messages"]] == [deleted]
        assert api("DELETE", "/search", query="to:2782 parcel").data == {"deleted": 1}
        assert [each["id"] for each in api("GET", "/messages").data["messages"]] == [kept]
        assert api("GET", "/search", query="nonsense:1").error == (422, "query")
        assert api("GET", "/search").error == (422, "query")

    def test_some_or_all_are_deleted(self, api: Api) -> None:
        first, second, third = (api.send_message() for _ in range(3))
        assert api("DELETE", "/messages", {"ids": [first, "unknown"]}).data == {"deleted": 1}
        assert api("DELETE", "/messages", {"ids": []}).data == {"deleted": 0}
        assert api("DELETE", "/messages", {}).error == (422, "ids")
        assert {each.id for each in api.sim.messages} == {second, third}
        assert api("DELETE", "/messages").data == {"deleted": 2}
        assert api("GET", f"/message/{third}").error == (404, "id")

    def test_a_status_is_set_for_good(self, api: Api) -> None:
        message_id = api.send_message()
        assert api("PUT", f"/message/{message_id}/status", {"status": "007"}).data["status"] == "007"
        api.sim.clock.advance(minutes=5)
        assert api("GET", f"/message/{message_id}").data["status"] == "007"
        for wrong in ("013", 7, None):
            assert api("PUT", f"/message/{message_id}/status", {"status": wrong}).error == (422, "status")
        assert api("PUT", "/message/unknown/status", {"status": "004"}).error == (404, "id")

    @pytest.mark.parametrize("path", ["/message/no", "/message/no/raw", "/exchange/no", "/exchange/99", "/exchange/²"])
    def test_what_is_not_there_is_404(self, api: Api, path: str) -> None:
        assert api("GET", path.replace("²", "%C2%B2")).status == 404

    def test_no_exchange_is_kept_for_ever(self, api: Api) -> None:
        message_id = api.send_message()
        api.sim.exchanges.clear()
        assert api("GET", f"/message/{message_id}/raw").error == (404, "id")


class TestTraffic:
    def test_exchanges_are_listed_without_and_told_with_their_bodies(self, api: Api) -> None:
        api.send_message(text="my words")
        api.wire.log_in()
        listed = api("GET", "/exchanges", limit=1).data
        assert listed["total"] == 2
        assert [(each["command"], each["status"]) for each in listed["exchanges"]] == [("auth", 200)]
        assert "my words" in api("GET", "/exchange/1").data["request"]


class TestControl:
    def test_accounts_are_told_without_passwords_and_given_credits(self, closed: Api) -> None:
        (account,) = closed("GET", "/accounts").data["accounts"]
        assert (account["api_id"], account["balance"], account["callback"]["user"]) == (7, "1000", "me")
        assert "hush" not in json.dumps(account)
        given = closed("PUT", "/accounts/balance", {"api_id": 7, "user": "acme", "balance": "2.50"}).data
        assert given["balance"] == "2.50"
        assert closed.wire.call("getbalance", **WHO) == ["Credit: 2.50"]
        nobody = {"api_id": 8, "user": "acme", "balance": "1"}
        assert closed("PUT", "/accounts/balance", nobody).error == (404, "user")
        for wrong in (2.5, "NaN", "1e5", "", True, "1" * 30):
            body = {"api_id": 7, "user": "acme", "balance": wrong}
            assert closed("PUT", "/accounts/balance", body).error == (422, "balance")

    def test_sessions_are_told_without_ids_and_ended(self, api: Api) -> None:
        session = api.wire.log_in()
        told = api("GET", "/sessions")
        assert [(each["api_id"], each["uses"]) for each in told.data["sessions"]] == [(7, 0)]
        assert session not in json.dumps(told.data)
        assert api("DELETE", "/sessions").data == {"ended": 1}
        assert api.wire.call("ping", session_id=session)[0].startswith("ERR: 003")

    def test_the_clock_goes_forward(self, api: Api) -> None:
        message_id = api.send_message()
        assert api("GET", "/clock").data["speed"] == 1.0
        api("POST", "/clock/advance", {"seconds": 20, "minutes": 0.5})
        assert api("GET", f"/message/{message_id}").data["status"] == "004"
        assert api("POST", "/clock/advance", {"hours": -1}).error == (422, "")
        assert api("POST", "/clock/advance", {"days": 1e15}).error == (422, "")
        assert api("POST", "/clock/advance", {"days": 5_000_000}).error == (422, "")
        assert api("POST", "/clock/advance", {"days": "1"}).error == (422, "days")
        assert api("POST", "/clock/advance", {"weeks": 1}).error == (422, "weeks")
        assert api("GET", "/clock").status == 200

    def test_settings_are_told_and_changed_by_name(self, api: Api) -> None:
        settings = api("GET", "/settings").data
        assert (settings["received_after"], settings["session_calls"]) == (15.0, None)
        changed = api("PATCH", "/settings", {"unknown_id": "error", "received_after": 60.5, "session_calls": 3}).data
        assert changed == {**settings, "unknown_id": "error", "received_after": 60.5, "session_calls": 3}
        assert api("GET", "/settings").data == changed
        assert api("PATCH", "/settings", {"session_calls": None}).data["session_calls"] is None

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("unknown_id", "perhaps"),
            ("concat_default", 0),
            ("concat_default", 1.5),
            ("concat_default", True),
            ("gzip", 1),
            ("received_after", -1),
            ("received_after", 1e12),
            ("received_after", 1),
            ("session_calls", -1),
            ("nonsense", 1),
        ],
    )
    def test_a_wrong_setting_is_named_and_nothing_changed(self, api: Api, name: str, value: object) -> None:
        before = api("GET", "/settings").data
        assert api("PATCH", "/settings", {"credit_word": "Credits", name: value}).error == (422, name)
        assert api("GET", "/settings").data == before

    def test_a_callbacks_password_is_taken_kept_and_never_told(self, api: Api) -> None:
        url = {"url": "http://127.0.0.1:9/a", "user": "me"}
        told = api("PATCH", "/settings", {"callback": {**url, "password": "hush"}})
        assert told.data["callback"] == {"method": "POST", "variant": "http", **url}
        api("PATCH", "/settings", {"callback": {**url, "method": "GET"}})
        assert api.sim.gateway.settings.callback == CallbackUrl("http://127.0.0.1:9/a", "GET", "http", "me", "hush")
        api("PATCH", "/settings", {"callback": {**url, "url": "http://127.0.0.1:9/elsewhere"}})
        assert api.sim.gateway.settings.callback == CallbackUrl("http://127.0.0.1:9/elsewhere", user="me")
        assert api("PATCH", "/settings", {"callback": {"url": "gopher://a"}}).status == 422
        assert api("PATCH", "/settings", {"callback": {"link": "http://a"}}).error == (422, "callback.link")
        assert api("PATCH", "/settings", {"callback": 5}).error == (422, "callback")
        assert api("PATCH", "/settings", {"callback": "http://a"}).data["callback"]["url"] == "http://a"
        assert api("PATCH", "/settings", {"callback": "{"}).error == (422, "callback")
        assert api("PATCH", "/settings", {"callback": None}).data["callback"] is None

    def test_settings_are_taken_as_the_texts_of_the_command_line(self, api: Api) -> None:
        texts = {
            "gzip": "no",
            "session_calls": "none",
            "concat_default": "3",
            "reporting_delay": "1.5",
            "strict": "yes",
        }
        told = api("PATCH", "/settings", texts).data
        assert {name: told[name] for name in texts} == {
            "gzip": False, "session_calls": None, "concat_default": 3, "reporting_delay": 1.5, "strict": True,
        }  # fmt: skip
        assert api("PATCH", "/settings", {"concat_default": "many"}).error == (422, "concat_default")

    def test_faults_come_and_go(self, api: Api) -> None:
        rule = api("POST", "/faults", {"kind": "error", "code": "901", "command": "sendmsg", "times": 1}).data
        assert rule["hits"] == 0
        assert api.wire.call("sendmsg", TO, text="hi", **WHO)[0].startswith("ERR: 901")
        assert api.send_message()
        assert [each["hits"] for each in api("GET", "/faults").data["faults"]] == [1]
        assert api("DELETE", f"/fault/{rule['id']}").data == {"faults": []}
        assert api("DELETE", f"/fault/{rule['id']}").error == (404, "id")
        api("POST", "/faults", {"kind": "reset", "seed": None})
        assert api("DELETE", "/faults").data == {"faults": []}
        assert api("POST", "/faults", {"kind": "flood"}).error == (422, "kind")
        assert api("POST", "/faults", {"code": "901"}).error == (422, "kind")
        assert api("POST", "/faults", {"kind": "error", "probability": 2}).error == (422, "probability")
        assert api("POST", "/faults", {"kind": "reset", "id": "1"}).error == (422, "id")

    def test_info_says_what_runs_here(self, api: Api) -> None:
        api.send_message()
        info = api("GET", "/info").data
        assert (info["origin"], info["counts"]["accepted"], info["commands"]["sendmsg"]) == (api.sim.origin, 1, 1)
        assert len(info["wsdl"]) == 4
        for url in info["wsdl"]:
            assert b"definitions" in api.wire.get(url.removeprefix(api.sim.origin)).body
        assert {"number": "999301…", "error": "301", "meaning": "No credit left"} in info["refused"]
        assert "998007…" in {each["number"] for each in info["ends"]}
        assert "997002…" in {each["number"] for each in info["breaks"]}
        assert info["store"] == {"problem": ""}

    def test_a_reset_forgets_everything(self, api: Api) -> None:
        api.send_message()
        api("PATCH", "/settings", {"concat_default": 3})
        api("POST", "/faults", {"kind": "reset"})
        assert api("POST", "/reset").data["counts"]["messages"] == 0
        assert api("GET", "/settings").data["concat_default"] == 1
        assert api("GET", "/faults").data["faults"] == []


class TestRefusals:
    @pytest.mark.parametrize("raw", [b"{", b"\xff", b"[1, NaN]", b'{"a": ' + b"[" * 100_000, b"1" * 5000, b"nul"])
    def test_what_is_no_json_is_400(self, api: Api, raw: bytes) -> None:
        assert api.send("PATCH", "/settings", raw, {"Content-Type": "application/json"}).status == 400

    @pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
    def test_what_does_not_say_that_it_is_json_is_415(self, api: Api, kind: str | None) -> None:
        headers = {} if kind is None else {"Content-Type": kind}
        assert api.send("POST", "/reset", b"{}", headers).error == (415, "content-type")

    def test_what_is_too_large_is_413(self, api: Api) -> None:
        raw = b" " * (1 << 20) + b"{}"
        assert api.send("PATCH", "/settings", raw, {"Content-Type": "application/json"}).status == 413

    @pytest.mark.parametrize("raw", [b"[]", b"null", b'"a"', b'{"a": 1, "a": 2}', b""])
    def test_what_is_no_object_of_fields_is_422(self, api: Api, raw: bytes) -> None:
        assert api.send("PATCH", "/settings", raw, {"Content-Type": "application/json; charset=utf-8"}).status == 422

    def test_a_body_where_none_belongs_is_422(self, api: Api) -> None:
        assert api("POST", "/reset", {"really": True}).error == (422, "really")

    def test_half_a_character_is_refused(self, api: Api) -> None:
        raw = b'{"ids": ["\\ud800"]}'
        assert api.send("DELETE", "/messages", raw, {"Content-Type": "application/json"}).error == (422, "ids")

    @pytest.mark.parametrize("path", ["/", "/nonsense", "/messages/", "/message/a/b/c", "/message/"])
    def test_a_path_that_is_none_is_404(self, api: Api, path: str) -> None:
        assert api("GET", path).status == 404
        assert api.wire.get("/api/v2/messages").status == 404

    def test_a_head_is_a_get_without_its_body(self, api: Api) -> None:
        reply = api.wire.exchange("HEAD", f"{BASE}/messages")
        assert (reply.status, reply.body) == (200, b"")

    def test_what_breaks_is_500_and_tells_nothing(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken() -> None:
            raise RuntimeError("private matters")

        monkeypatch.setattr(api.sim.gateway, "latest", broken)
        answer = api("GET", "/messages")
        assert answer.error == (500, "")
        assert "private" not in json.dumps(answer.data) + caplog.text

    def test_a_caller_who_goes_away_harms_nobody(self, api: Api) -> None:
        place = urlsplit(api.sim.origin)
        with socket.create_connection((place.hostname, place.port or 0), timeout=30) as connection:
            head = f"PATCH {BASE}/settings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n<"
            connection.sendall(head.encode())
        assert api("GET", "/clock").status == 200


class TestHandsets:
    def test_one_answers_a_message_and_writes_of_its_own_accord(self, api: Api) -> None:
        message_id = api.send_message(from_="27800000009")
        (reply,) = api("POST", f"/message/{message_id}/reply", {"text": "thanks"}).data["messages"]
        assert (reply["sender"], reply["to"], reply["text"]) == (TO, "27800000009", "thanks")
        long = {"text": "stop " * 60, "sender": OTHER, "to": "27800000009", "api_id": 7, "user": "acme"}
        parts = api("POST", "/inbound", long).data["messages"]
        assert [each["udh"][:6] for each in parts] == ["050003", "050003"]
        listed = api("GET", "/inbound", limit=2).data
        assert (listed["total"], [each["id"] for each in listed["messages"]]) == (3, [parts[1]["id"], parts[0]["id"]])
        assert api.wire.call("sendmsg", OTHER, text="hi", **WHO)[0].startswith("ERR: 122")

    def test_what_none_can_send_is_named(self, api: Api) -> None:
        message_id = api.send_message()
        good = {"text": "hi", "sender": TO, "to": "27800000009", "api_id": 7, "user": "acme"}
        assert api("POST", f"/message/{message_id}/reply", {"text": ""}).error == (422, "text")
        assert api("POST", "/message/unknown/reply", {"text": "hi"}).error == (404, "id")
        assert api("POST", "/inbound", {**good, "sender": "me"}).error == (422, "sender")
        assert api("POST", "/inbound", {**good, "to": "Shop"}).error == (422, "to")
        assert api("POST", "/inbound", {**good, "user": "nobody"}).error == (404, "user")


class TestReports:
    def test_one_is_sent_again_and_every_call_is_listed_and_counted(self, closed: Api) -> None:
        message_id = closed.send_message()
        assert closed("POST", f"/message/{message_id}/report").data["id"] == message_id
        closed.sim.stop()  # it calls nobody any more
        closed.sim.start()
        for each in closed("GET", "/callbacks").data["callbacks"]:
            assert (each["kind"], each["message_id"], each["http_status"]) == ("report", message_id, None)

    def test_without_an_address_nobody_can_be_told(self, api: Api) -> None:
        assert api("POST", f"/message/{api.send_message()}/report").error == (422, "id")
        assert api("POST", "/message/unknown/report").error == (404, "id")
