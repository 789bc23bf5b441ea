"""Tries an installed clicksoap, away from its sources: ``python smoke.py base`` or ``python smoke.py all``.

`base` is the install without extras. `all` adds the simulator, the outbox, the callbacks and the command line.
"""

import asyncio
import importlib.metadata
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import clicksoap


def base() -> None:
    """Both bindings encode, the HTTP API too, and a missing extra is one clear line."""
    for binding in ("document_literal", "rpc_encoded", "http"):
        sms = clicksoap.Client(1, "acme", "secret", endpoint="http://127.0.0.1:1", binding=binding, retry=None)
        assert sms.segments("hello").parts == 1
        try:
            sms.send("27821234567", "hello")
        except clicksoap.NotSent as error:
            assert error.report.not_sent
        else:
            raise AssertionError("somebody listens at port 1")
    for module, extra in (("simulator", "simulator"), ("outbox", "outbox")):
        try:
            __import__(f"clicksoap.{module}")
        except ImportError as error:
            assert f'pip install "clicksoap[{extra}]"' in str(error), error
        else:
            raise AssertionError(f"the extra {extra} is installed")


def everything() -> None:
    """The simulator answers both clients over each binding; outbox, callbacks and the command line work."""
    from clicksoap.callbacks import CallbackRequest, parse_report
    from clicksoap.outbox import Outbox
    from clicksoap.simulator import Simulator

    async def asynchronously(origin: str) -> None:
        async with clicksoap.AsyncClient(1, "acme", "secret", endpoint=origin) as sms:
            assert len((await sms.send(["27821234567", "27831234567"], "hello")).accepted) == 2

    with Simulator() as gateway:
        for binding in ("document_literal", "rpc_encoded", "http"):
            with clicksoap.Client(1, "acme", "secret", endpoint=gateway.origin, binding=binding) as sms:
                report = sms.send(["27821234567", "9991051234"], "Zażółć € ça va")
                assert [result.state.value for result in report] == ["accepted", "rejected"]
                assert sms.status(report[0].message_id).code == "008"
        asyncio.run(asynchronously(gateway.origin))
        with (
            tempfile.TemporaryDirectory() as folder,
            clicksoap.Client(1, "acme", "secret", endpoint=gateway.origin) as sms,
            Outbox(f"sqlite:///{folder}/outbox.db") as outbox,
        ):
            with outbox.transaction() as transaction:
                outbox.enqueue(transaction, "27821234567", "hello", key="1")
            assert outbox.work(sms, until_settled=True).accepted == 1
    query = b"api_id=1&apiMsgId=abc&cliMsgId=&timestamp=1218007814&to=27821234567&from=&charge=1&status=004"
    assert parse_report(CallbackRequest("GET", query)).is_delivered
    program = Path(sysconfig.get_path("scripts")) / "clicksoap"
    for words in (["--version"], ["demo"], ["segments", "hello"]):
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    site = Path(sysconfig.get_path("purelib"))
    assert Path(clicksoap.__file__).is_relative_to(site), "these are the sources, and not the installed package"
    assert importlib.metadata.version("clicksoap") == clicksoap.__version__
    {"base": base, "all": everything}[sys.argv[1]]()
    print(f"{sys.argv[1]}: clicksoap {clicksoap.__version__} works on Python {sys.version.split()[0]}")
