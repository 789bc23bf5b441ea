"""Health checks and metrics: alive, ready, counters; and nothing private."""

import re

from clicksoap.simulator import Simulator

from .conftest import Wire

TO = "27820000001"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}


def metrics(wire: Wire) -> dict[str, int]:
    reply = wire.get("/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: dict[str, int] = {}
    for line in reply.body.decode().splitlines():
        if not re.fullmatch(r"# TYPE [a-z_]+ (counter|gauge)", line):
            name, value = re.fullmatch(r'([a-z_]+(?:{[a-z]+="\w+"(?:,[a-z]+="\w+")*})?) ([0-9]+)', line).groups()  # type: ignore[union-attr]
            assert name not in found
            found[name.removeprefix("clicksoap_simulator_")] = int(value)
    return found


def test_it_lives_and_is_ready(wire: Wire) -> None:
    for path in ("/livez", "/readyz"):
        reply = wire.get(path)
        assert (reply.status, reply.body) == (200, b"ok\n")
        assert wire.exchange("POST", path).status == 405


def test_metrics_count_what_happened(sim: Simulator, wire: Wire) -> None:
    assert metrics(wire)["messages_accepted_total"] == 0
    sim.faults.add("error", command="getbalance", times=1)
    wire.ask("http/getbalance", **WHO)
    for _ in range(3):
        wire.ask("http/sendmsg", to=TO, text="my words", **WHO)
    sim.clock.advance(minutes=1)
    wire.ask("http/sendmsg", to=TO, text="my words", **WHO)
    sim.gateway.delete([sim.messages[0].id])
    found = metrics(wire)
    assert (found["messages_accepted_total"], found["messages_kept"]) == (4, 3)
    assert (found['messages{status="004"}'], found['messages{status="008"}']) == (2, 1)
    assert found['commands_total{command="sendmsg"}'] == 4
    assert found['commands_total{command="ping"}'] == 0
    assert found["exchanges_total"] == 5
    assert found['fault_hits_total{kind="error"}'] == 1
    assert found["store_ok"] == 1
    assert found["process_resident_memory_bytes"] > 1_000_000


def test_no_number_and_no_text_is_among_them(wire: Wire) -> None:
    wire.ask("http/sendmsg", to=TO, text="my words", from_="Shop", **WHO)
    page = wire.get("/metrics").body.decode()
    assert not any(word in page for word in (TO, "words", "Shop", "acme", "secret"))
