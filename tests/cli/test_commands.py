"""The command line as its user sees it."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

CLICKSOAP = Path(sys.executable).with_name("clicksoap")


def _clicksoap(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CLICKSOAP, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_demo_ends_with_code_0_and_shows_both_bindings() -> None:
    done = _clicksoap("demo")
    assert (done.returncode, done.stderr) == (0, "")
    for shown in ("document_literal.wsdl", "rpc_encoded.wsdl", "http://127.0.0.1:", "105 Invalid destination address"):
        assert shown in done.stdout
    assert "998.00 after" in done.stdout


def test_demo_gives_the_same_as_json() -> None:
    done = _clicksoap("demo", "--json")
    literal, encoded = json.loads(done.stdout)
    assert (literal["binding"], encoded["binding"]) == ("document_literal", "rpc_encoded")
    for said in (literal, encoded):
        assert [row["state"] for row in said["recipients"]] == ["accepted", "accepted", "rejected"]
        assert [row["routed"] for row in said["recipients"]] == [True, True, False]
        assert float(said["balance_before"]) - float(said["balance_after"]) == 2


def test_simulator_serves_its_wsdls_until_it_is_interrupted() -> None:
    with subprocess.Popen([CLICKSOAP, "simulator", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(5)]
            urls = re.findall(r"http://\S+wsdl", "".join(said))
            assert len(urls) == 4
            for url in urls:
                assert "definitions" in requests.get(url, timeout=10).text
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = _clicksoap("simulator", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "try --port 0" in done.stderr


@pytest.mark.parametrize(
    ("hidden", "arguments", "install"),
    [
        ("click", ["demo"], 'pip install "clicksoap[cli]"'),
        ("rich", ["demo"], 'pip install "clicksoap[cli]"'),
        ("starlette", ["demo"], 'pip install "clicksoap[simulator]"'),
        ("uvicorn", ["simulator"], 'pip install "clicksoap[simulator]"'),
    ],
)
def test_a_missing_extra_is_one_line_with_the_install_command(hidden: str, arguments: list[str], install: str) -> None:
    program = f"""
import sys
sys.modules[{hidden!r}], sys.argv[1:] = None, {arguments!r}
from clicksoap.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert install in done.stderr
    assert done.stderr.count("\n") == 1


def test_version_and_help_answer() -> None:
    assert _clicksoap("--version").stdout.startswith("clicksoap, version ")
    assert "simulator" in _clicksoap("-h").stdout
