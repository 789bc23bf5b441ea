"""A user's tests find a gateway, and each finds it fresh."""

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Run

APPLICATION = """
from clicksoap import AsyncClient, Client

def ship(phone):
    with Client.from_config() as sms:
        sms.send(phone, "on its way")
"""


def test_an_application_that_reads_its_configuration_sends_to_the_simulator(run: Run) -> None:
    done = run(
        """
        import asyncio
        import application
        from clicksoap import AsyncClient

        def test_it(clicksoap_simulator):
            application.ship("+27 82 123 4567")
            clicksoap_simulator.assert_sent(to="27821234567", text="on its way", count=1)

        def test_it_on_asyncio(clicksoap_simulator):
            async def main():
                async with AsyncClient.from_config() as sms:
                    await sms.send("27821234567", "hello")
            asyncio.run(main())
            clicksoap_simulator.assert_sent(text="hello", count=1)
        """,
        application=APPLICATION,
    )
    done.assert_outcomes(passed=2)


def test_what_the_surroundings_say_is_out_of_the_way_and_comes_back(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / ".config/clicksoap").mkdir(parents=True)
    (tmp_path / ".config/clicksoap/config.toml").write_text('[default]\nproxy = "http://127.0.0.1:1"\n')
    monkeypatch.setenv("CLICKSOAP_BINDING", "http")
    monkeypatch.setenv("CLICKSOAP_USER", "somebody")
    monkeypatch.setenv("CLICKSOAP_PROFILE", "prod")
    monkeypatch.setenv("CLICKATELL_PASSWORD_FILE", "/nowhere")
    done = run(
        """
        import os
        from clicksoap import Client

        def test_it(clicksoap_simulator):
            with Client.from_config() as sms:
                assert repr(sms) == "<Client document_literal>"
                sms.send("27821234567", "hello")
            clicksoap_simulator.assert_sent(user="tests")
            os.environ["CLICKSOAP_SENDER"] = "left behind"

        def test_afterwards():
            ours = {name: value for name, value in os.environ.items() if name.startswith("CLICK")}
            assert ours == {
                "CLICKSOAP_BINDING": "http", "CLICKSOAP_USER": "somebody", "CLICKSOAP_PROFILE": "prod",
                "CLICKATELL_PASSWORD_FILE": "/nowhere",
            }
        """
    )
    done.assert_outcomes(passed=2)


def test_a_profile_leads_to_the_simulator_where_the_ini_file_names_it(run: Run) -> None:
    done = run(
        """
        import pytest
        from clicksoap import Client, ConfigurationError

        @pytest.mark.parametrize("name", ["prod", "with a blank"])
        def test_it(clicksoap_simulator, name):
            with Client.from_config(name) as sms:
                sms.send("27821234567", "hello")
            clicksoap_simulator.assert_sent()

        def test_another(clicksoap_simulator):
            with pytest.raises(ConfigurationError, match="no profile 'else'"):
                Client.from_config("else")
        """,
        ini='clicksoap_profiles = prod "with a blank"',
    )
    done.assert_outcomes(passed=3)


def test_one_server_serves_all_tests_and_each_finds_it_fresh(run: Run) -> None:
    done = run(
        """
        from datetime import UTC, datetime, timedelta
        import pytest

        origins = set()

        @pytest.mark.parametrize("turn", [1, 2])
        def test_it(clicksoap_simulator, clicksoap_client, turn):
            origins.add(clicksoap_simulator.origin)
            assert len(origins) == 1
            assert clicksoap_simulator.messages == []
            assert not any(clicksoap_simulator.gateway.commands.values())
            assert abs(clicksoap_simulator.clock.now() - datetime.now(UTC)) < timedelta(hours=1)
            assert clicksoap_simulator.clock.speed == 1
            clicksoap_client.send("27821234567", "hello")
            clicksoap_simulator.assert_sent(text="hello", count=1)
            clicksoap_simulator.faults.lose_answer("sendmsg")
            clicksoap_simulator.gateway.update_settings(concat_default=3)
            clicksoap_simulator.clock.advance(days=6)
            clicksoap_simulator.clock.speed = 0
        """
    )
    done.assert_outcomes(passed=2)


def test_the_client_of_a_test_is_closed_when_it_ends(run: Run) -> None:
    done = run(
        """
        import pytest
        from clicksoap import Client

        closed = []

        @pytest.fixture(autouse=True)
        def seen(monkeypatch):
            close = Client.close
            monkeypatch.setattr(Client, "close", lambda self: (closed.append(self), close(self)))

        def test_it(clicksoap_client):
            assert not closed

        def test_afterwards():
            assert len(closed) == 1
        """
    )
    done.assert_outcomes(passed=2)


def test_an_asynchronous_test_opens_its_clients_on_its_own_loop(run: Run) -> None:
    done = run(
        """
        import asyncio
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_by_a_plugin(clicksoap_simulator, clicksoap_async_client):
            async with clicksoap_async_client() as sms, clicksoap_async_client() as another:
                await asyncio.gather(sms.send("27821234567", "hello"), another.send("27831234567", "hello"))
            clicksoap_simulator.assert_sent(text="hello", count=2)

        def test_by_hand(clicksoap_simulator, clicksoap_async_client):
            async def main():
                async with clicksoap_async_client() as sms:
                    await sms.send("27821234567", "hello")
            asyncio.run(main())
            clicksoap_simulator.assert_sent(text="hello", count=1)
        """,
        ini="filterwarnings = error",
    )
    done.assert_outcomes(passed=2)


def test_classes_of_unittest_may_use_the_fixtures(run: Run) -> None:
    done = run(
        """
        import unittest
        import pytest
        import application

        class ShippingTest(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def simulated(self, clicksoap_simulator):
                self.simulator = clicksoap_simulator

            def test_it(self):
                application.ship("27821234567")
                self.simulator.assert_sent(to="27821234567")

            def test_afterwards(self):
                self.simulator.assert_not_sent()
        """,
        application=APPLICATION,
    )
    done.assert_outcomes(passed=2)


def test_accounts_and_settings_come_from_an_overridden_fixture(run: Run) -> None:
    done = run(
        """
        import pytest
        from decimal import Decimal
        from clicksoap import AuthenticationError, Client
        from clicksoap.simulator import Account, Settings

        @pytest.fixture(scope="session")
        def clicksoap_simulator_options():
            accounts = [Account(7, "acme", "hunter2-s3cret", balance=Decimal(2)), Account(8, "other", "else")]
            return {"accounts": accounts, "settings": Settings(concat_default=3)}

        def test_it(clicksoap_simulator, clicksoap_client):
            assert clicksoap_client.balance() == 2
            assert clicksoap_simulator.gateway.settings.concat_default == 3
            with Client(7, "acme", "wrong", endpoint=clicksoap_simulator.origin) as stranger:
                with pytest.raises(AuthenticationError):
                    stranger.balance()
        """
    )
    done.assert_outcomes(passed=1)


def test_nothing_pauses_between_tries(run: Run) -> None:
    done = run(
        """
        import time

        from clicksoap.transports.driver import Driver

        def test_it(clicksoap_simulator):
            Driver.sleep(3600)

        def test_afterwards(monkeypatch):
            slept = []
            monkeypatch.setattr(time, "sleep", slept.append)
            Driver.sleep(3600)
            assert slept == [3600]
        """,
        apart=True,
    )
    done.assert_outcomes(passed=2)


def test_without_its_extra_a_fixture_fails_with_the_command_that_installs_it(run: Run) -> None:
    done = run(
        """
        def test_it(clicksoap_simulator):
            pass

        def test_another():
            pass
        """,
        apart=True,
        conftest="import sys\nsys.modules['starlette'] = None",
    )
    done.assert_outcomes(errors=1, passed=1)
    done.stdout.fnmatch_lines(['*pip install "clicksoap?simulator?"*'])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_the_plugin_can_be_switched_off(run: Run) -> None:
    source = """
        from clicksoap import Client, NotSent
        import pytest

        def test_it(clicksoap_simulator):
            pass

        def test_another():
            with Client(1, "acme", "secret", endpoint="https://gateway.example", proxy="http://127.0.0.1:1") as sms:
                with pytest.raises(NotSent):
                    sms.send("27821234567", "hello")
        """
    done = run(source, "-p", "no:clicksoap")
    done.assert_outcomes(errors=1, passed=1)
    done.stdout.fnmatch_lines(["*fixture 'clicksoap_simulator' not found*"])


def test_each_worker_of_xdist_has_a_gateway_of_its_own(run: Run) -> None:
    done = run(
        """
        import pytest

        @pytest.mark.parametrize("turn", range(4))
        def test_it(clicksoap_simulator, clicksoap_client, turn):
            clicksoap_client.send("27821234567", "hello")
            clicksoap_simulator.assert_sent(count=1)
        """,
        "-n2",
        apart=True,
    )
    done.assert_outcomes(passed=4)


def test_a_session_that_needs_no_gateway_imports_nothing_for_one() -> None:
    """Every pytest of the environment pays for the plugin."""
    program = """
import pytest, sys
before = set(sys.modules)
import clicksoap.testing.plugin
foreign = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(sorted(foreign), [name for name in sys.modules if name.startswith("clicksoap.simulator")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['clicksoap'] []"
