"""The steps of one send, each alone, without a network: what a profile of a call is made of.

``python -m benchmarks.steps`` prints the CPU time of each. On a busy machine, count instructions instead: run it under
``valgrind --tool=cachegrind --cache-sim=no`` with ``--step``, twice with different ``--calls``, and divide the
difference.
"""

import argparse
import gc
import time
from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import urlsplit

import clicksoap
from benchmarks.canned_server import made
from benchmarks.in_use import CALLBACK, FULL, SENDER
from benchmarks.measuring import CLIENT_CORE, pin
from benchmarks.scenario import API_ID, DOCUMENT, PASSWORD, PATHS, RPC, TEXT, USER, new_id, numbers
from clicksoap.protocol.effects import Send
from clicksoap.protocol.plan import Ledger
from clicksoap.protocol.replies import all_accepted
from clicksoap.protocol.wire import WireReply
from clicksoap.transports.incoming import IncomingReply
from clicksoap.transports.outgoing import direct_bytes

ROUNDS: Final = 25
SECONDS: Final = 0.02


def steps(binding: str, count: int) -> dict[str, Callable[[], object]]:
    """The steps of a send with credentials, sender and callback; "flow" is all of them but plan and transport."""
    client: Any = clicksoap.Client(
        API_ID, USER, PASSWORD, endpoint=f"http://127.0.0.1:9{PATHS[binding]}", auth="credentials"
    )
    core = client._core  # noqa: SLF001 - its parts are measured
    to, options = numbers(count), {"sender": SENDER, "callback": CALLBACK}
    asked = "".join([f"<to>{number}</to>" for number in to]).encode("ascii")
    raw = made(binding, b"sendmsg", asked)
    incoming = IncomingReply()
    incoming.feed(raw)
    reply = incoming.received(0.0)
    plan = core.plan(to, TEXT, dict(options))
    parameters = {**FULL.values(), "api_id": API_ID, "text": TEXT, "to": to, "climsgid": new_id()}
    parameters |= {"msg_callback": CALLBACK, "req_feat": int(parameters["req_feat"])}
    request = core.binding.encode("sendmsg", parameters)
    lines = core.binding.decode(reply, "sendmsg", parameters)
    results = cast("Any", all_accepted(plan.recipients, lines, "x"))

    def receive() -> WireReply:
        incoming = IncomingReply()
        incoming.feed(raw)
        return incoming.received(0.0)

    def flow() -> None:
        going = core.deliver(plan)
        while not isinstance(next(going), Send):
            pass
        try:
            going.send(reply)
        except StopIteration:
            return
        raise RuntimeError("the send has not ended")

    def ledger() -> None:
        kept = Ledger(plan)
        kept.next()
        kept._current, kept._results = None, results  # noqa: SLF001 - as `enter` does it
        kept.report()

    return {
        "plan": lambda: core.plan(to, TEXT, dict(options)),
        "encode": lambda: core.binding.encode("sendmsg", parameters),
        "decode": lambda: core.binding.decode(reply, "sendmsg", parameters),
        "results": lambda: all_accepted(plan.recipients, lines, "x"),
        "ledger and report": ledger,
        "flow": flow,
        "HTTP request": lambda: direct_bytes(request, urlsplit(request.url), {}),
        "HTTP reply": receive,
    }


def microseconds(step: Callable[[], object]) -> float:
    """The least CPU time of a call, over rounds."""
    found: list[float] = []
    for _ in range(ROUNDS):
        calls, began = 0, time.process_time()
        while (used := time.process_time() - began) < SECONDS:
            step()
            calls += 1
        found.append(used / calls)
    return min(found) * 1e6


def main() -> None:
    """Print the CPU time of each step, or make calls of one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binding", choices=(DOCUMENT, RPC), default=DOCUMENT)
    parser.add_argument("--recipients", type=int, default=1)
    parser.add_argument("--step", help="make calls of this step alone")
    parser.add_argument("--calls", type=int, default=100)
    arguments = parser.parse_args()
    pin(CLIENT_CORE)
    found = steps(arguments.binding, arguments.recipients)
    gc.collect()
    gc.freeze()
    if arguments.step:
        for _ in range(arguments.calls):
            found[arguments.step]()
        return
    for name, step in found.items():
        print(f"{name:20} {microseconds(step):8.1f} µs")


if __name__ == "__main__":
    main()
