"""No call of a test leaves the machine, and none that tried goes unnoticed."""

import os
import subprocess
import sys

import pytest

from clicksoap import Client, OutcomeUnknown, report_of
from clicksoap.testing import NetworkForbidden
from clicksoap.testing.network import NetworkGuard, installed_guard

from .conftest import Run

# Nobody may be asked for an address, and nobody be connected to.
CLOSED = """
import socket

import pytest


@pytest.fixture(autouse=True)
def closed(monkeypatch):
    def refuse(*args, **named):
        raise AssertionError("the network was touched")
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
"""
SWALLOWS = """
from clicksoap import Client, ClicksoapError

def remind(endpoint=None, **named):
    try:
        with Client(1, "acme", "secret", endpoint=endpoint, **named) as sms:
            sms.send("27821234567", "hello")
    except ClicksoapError:
        pass
"""


def test_a_call_beyond_this_machine_fails_and_says_where_to_and_how_to_let_it_out(run: Run) -> None:
    done = run(
        """
        import asyncio
        import pytest
        import requests
        from clicksoap import AsyncClient, Client

        def test_the_vendor():
            with Client(1, "acme", "secret") as sms:
                sms.send("27821234567", "hello")

        def test_asyncio():
            async def main():
                async with AsyncClient(1, "acme", "secret", endpoint="https://sms.example") as sms:
                    await sms.send("27821234567", "hello")
            asyncio.run(main())

        def test_a_session_of_ones_own():
            with requests.Session() as own, Client(1, "a", "b", endpoint="https://10.1.2.3", session=own) as sms:
                sms.balance()

        def test_a_proxy():
            proxy = "http://127.0.0.1:1"
            with Client(1, "a", "b", endpoint="https://proxied.example", proxy=proxy, auth="credentials") as sms:
                sms.balance()

        def test_the_raw_service():
            with Client(1, "a", "b", endpoint="https://raw.example") as sms:
                sms.service.getbalance(api_id=1, user="a", password="b")

        def test_a_name_that_only_looks_local():
            with Client(1, "a", "b", endpoint="http://sms.localhost", binding="http", http_method="GET") as sms:
                sms.balance()
        """,
        conftest=CLOSED,
    )
    done.assert_outcomes(failed=6)
    shown = done.stdout.str()
    for host in ("api.clickatell.com", "sms.example", "10.1.2.3", "proxied.example", "raw.example", "sms.localhost"):
        assert f"NetworkForbidden: a test tried to call the gateway at {host}, and nothing was sent" in shown
    assert "set `clicksoap_allow_network = true` in pytest's ini file" in shown
    assert "network was touched" not in shown


def test_a_test_whose_application_swallowed_it_fails_at_its_end(run: Run) -> None:
    done = run(
        """
        import os, threading, unittest
        import pytest
        from application import remind

        def test_swallowed():
            remind("https://one.example")
            remind("https://two.example")
            remind("https://one.example")

        def test_by_a_thread():
            thread = threading.Thread(target=remind, args=("https://thread.example",))
            thread.start()
            thread.join()

        def test_skipped_after_it():
            remind("https://skipped.example")
            pytest.skip("no reason")

        class OldTest(unittest.TestCase):
            def test_it(self):
                remind("https://old.example")

        @pytest.fixture
        def remembering():
            remind("https://before.example")

        def test_before(remembering):
            pass

        def test_innocent():
            pass
        """,
        application=SWALLOWS,
        conftest=CLOSED,
    )
    done.assert_outcomes(failed=5, passed=1)
    done.stdout.fnmatch_lines(["clicksoap refused calls of the gateway at one.example, two.example: tests stay*"])
    for host in ("thread", "skipped", "old", "before"):
        done.stdout.fnmatch_lines([f"clicksoap refused calls of the gateway at {host}.example: *"])


def test_what_is_swallowed_by_a_fixture_at_its_end_is_an_error(run: Run) -> None:
    done = run(
        """
        import pytest
        from application import remind

        @pytest.fixture
        def forgetful():
            yield
            remind("https://after.example")

        def test_after(forgetful):
            pass

        def test_innocent():
            pass
        """,
        application=SWALLOWS,
        conftest=CLOSED,
    )
    done.assert_outcomes(passed=2, errors=1)
    done.stdout.fnmatch_lines(["clicksoap refused calls of the gateway at after.example: *"])


def test_what_is_swallowed_outside_of_tests_fails_the_session(run: Run) -> None:
    done = run(
        """
        from application import remind

        remind("https://import.example")

        def test_innocent():
            pass
        """,
        application=SWALLOWS,
    )
    done.assert_outcomes(passed=1)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(["*outside of tests*", "clicksoap refused calls of the gateway at import.example: *"])


def test_a_failure_for_another_reason_shows_what_was_refused_before(run: Run) -> None:
    done = run(
        """
        from application import remind

        def test_it(clicksoap_simulator):
            remind("https://sms.example")
            clicksoap_simulator.assert_sent()

        def test_innocent():
            pass
        """,
        application=SWALLOWS,
    )
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["*Captured clicksoap call*", "clicksoap refused calls of the gateway at sms.example: *"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_forked_child_is_refused_and_its_parent_s_test_fails(run: Run) -> None:
    done = run(
        """
        import os
        from application import remind

        def test_it():
            child = os.fork()
            if not child:
                remind("https://child.example")
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0

        def test_innocent():
            pass
        """,
        application=SWALLOWS,
        conftest=CLOSED,
        apart=True,
    )
    done.assert_outcomes(failed=1, passed=1)
    done.stdout.fnmatch_lines(["clicksoap refused calls of the gateway at child.example: *"])


def test_the_ini_file_lets_calls_out(run: Run) -> None:
    done = run(
        """
        from clicksoap import Client, NotSent
        from clicksoap.testing import NetworkForbidden
        import pytest

        def test_it():
            with Client(1, "a", "b", endpoint="https://sms.example", proxy="http://127.0.0.1:1", retry=None) as sms:
                with pytest.raises(NotSent, match="refused"):
                    sms.send("27821234567", "hello")
        """,
        ini="clicksoap_allow_network = true",
    )
    done.assert_outcomes(passed=1)


def test_a_refused_message_is_known_not_to_be_sent() -> None:
    with (
        installed_guard(NetworkGuard(allows=False, switch="nothing")) as guard,
        Client(1, "acme", "hunter2", binding="http", http_method="GET", auth="credentials") as sms,
    ):
        with pytest.raises(NetworkForbidden) as refused:
            sms.send(["27821234567", "27831234567"], "hello")
        assert "api.clickatell.com" in guard.problem()
        assert not guard.problem()
    report = report_of(refused.value)
    assert report is not None
    assert len(report.not_sent) == 2
    assert not refused.value.may_have_taken_effect
    assert "hunter2" not in f"{refused.value!r} {vars(refused.value)}"


def test_loopback_is_no_other_machine() -> None:
    with installed_guard(NetworkGuard(allows=False, switch="nothing")) as guard:
        for host in ("127.0.0.1", "127.9.9.9", "[::1]", "localhost"):
            guard.check(f"http://{host}:8025/http/sendmsg?to=27821234567")
        for host in ("127.0.0.1.example", "localhost.example", "127.1", "192.0.2.1", "[2001:db8::1]", "0.0.0.0"):  # noqa: S104
            with pytest.raises(NetworkForbidden):
                guard.check(f"http://{host}/")


def test_the_guards_of_nested_sessions_take_turns() -> None:
    with installed_guard(NetworkGuard(allows=False, switch="outer")) as outer:
        with (
            installed_guard(NetworkGuard(allows=True, switch="inner")),
            Client(1, "a", "b", proxy="http://127.0.0.1:1") as sms,
        ):
            with pytest.raises(Exception, match="refused") as allowed:
                sms.send("27821234567", "hello")
            assert not isinstance(allowed.value, NetworkForbidden | OutcomeUnknown)
        with Client(1, "a", "b") as sms, pytest.raises(NetworkForbidden):
            sms.balance()
        assert outer.problem()


def test_a_program_started_by_a_test_is_not_guarded_but_sees_the_simulator(run: Run) -> None:
    program = "from clicksoap import Client; Client.from_config().send('27821234567', 'hello')"
    done = run(
        f"""
        import subprocess, sys

        def test_it(clicksoap_simulator):
            subprocess.run([sys.executable, "-c", {program!r}], check=True)
            clicksoap_simulator.assert_sent(text="hello")
        """
    )
    done.assert_outcomes(passed=1)


def test_nobody_is_asked_where_no_tests_run() -> None:
    program = "import clicksoap.protocol.flows, clicksoap.protocol.egress; print(clicksoap.protocol.egress._check)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"
