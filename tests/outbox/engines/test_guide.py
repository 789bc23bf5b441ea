"""The guide to several machines: its modules, its commands and its systemd units are run as they stand."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from outboxes import Store, enqueue, until

from clicksoap.outbox import MessageState, Outbox
from clicksoap.simulator import Simulator

from .conftest import end, sampled

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/how-to/several-machines.md").read_text("utf-8")
MODULE = re.compile(r"^```python (\S+\.py)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^    ((?:celery|python -m procrastinate) .*)$", re.MULTILINE)
PROGRAMS = Path(sys.executable).parent
Run = Callable[[str], subprocess.Popen[bytes]]


def commands(first: str) -> list[str]:
    """The commands of the page that begin with a word."""
    return [each for each in COMMAND.findall(PAGE) if each.startswith(first)]


def unit(name: str) -> str:
    """The command of a systemd unit, which runs in the folder of the test."""
    lines = (ROOT / "docs/deploy" / name).read_text("utf-8").splitlines()
    (command,) = [line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart=")]
    return command.replace("/srv/shop/.venv/bin/", f"{PROGRAMS}/").replace("/var/lib/sms-beat/", "")


@pytest.fixture
def environment(pg: Store, gateway: Simulator, redis: str) -> dict[str, str]:
    """What the page's environment file holds."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "CLICKSOAP_"))},
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "DATABASE_URL": pg.url,
        "BROKER_URL": redis,
        "CLICKSOAP_API_ID": "123456",
        "CLICKSOAP_USER": "acme",
        "CLICKSOAP_PASSWORD": "secret",
        "CLICKSOAP_ENDPOINT": gateway.origin,
    }


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Iterator[Run]:
    """Starts a command in a folder that holds the page's modules."""
    for name, source in MODULE.findall(PAGE):
        (tmp_path / name).write_text(source, "utf-8")
    with ExitStack() as stack:

        def start(command: str) -> subprocess.Popen[bytes]:
            log = stack.enter_context((tmp_path / "log").open("ab"))
            process = subprocess.Popen(
                shlex.split(command), cwd=tmp_path, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            stack.callback(end, process)
            return process

        yield start


def is_sent(box: Outbox, tmp_path: Path) -> None:
    def is_accepted() -> bool:
        return box.status().messages.get(MessageState.ACCEPTED) == 1

    try:
        until(is_accepted, "the message is accepted", seconds=60)
    except AssertionError:
        sys.stdout.write((tmp_path / "log").read_text("utf-8")[-3000:])
        raise


def send_and_end(box: Outbox, started: list[subprocess.Popen[bytes]], tmp_path: Path, seconds: float) -> None:
    is_sent(box, tmp_path)
    for each in started:
        each.send_signal(signal.SIGTERM)
    for each in started:
        assert each.wait(seconds) == 0


def test_the_commands_for_celery_send_what_is_due(pg: Store, run: Run, tmp_path: Path) -> None:
    box = pg.box()
    enqueue(box)
    assert len(commands("celery")) == 2
    for each in commands("celery"):
        run(each)
    is_sent(box, tmp_path)


def test_a_celery_worker_holds_one_connection_for_each_of_its_processes(
    pg: Store, gateway: Simulator, run: Run
) -> None:
    box = pg.box()
    enqueue(box)
    box.close()
    with sampled(pg.url) as seen:
        for each in commands("celery"):
            run(each)
        until(lambda: len(gateway.messages) == 1 and max(seen) >= 2, "it is sent, and both have a slice", seconds=90)
    assert max(seen) == 2


def test_the_units_for_celery_send_and_end_in_time(pg: Store, run: Run, tmp_path: Path) -> None:
    box = pg.box()
    enqueue(box)
    started = [run(unit("sms-worker.service")), run(unit("sms-beat.service"))]
    send_and_end(box, started, tmp_path, 60)


def test_the_unit_without_an_engine_sends_and_ends_in_time(pg: Store, run: Run, tmp_path: Path) -> None:
    box = pg.box()
    enqueue(box)
    started = [run(unit("clicksoap-work@.service")), run(unit("clicksoap-work@.service"))]
    send_and_end(box, started, tmp_path, 30)


def test_the_recipe_for_procrastinate_sends_what_is_due(
    pg: Store, run: Run, tmp_path: Path, environment: dict[str, str]
) -> None:
    create, work = commands("python")
    environment["DATABASE_URL"] = pg.empty()
    with Outbox(environment["DATABASE_URL"]) as box:
        enqueue(box)
        assert run(create).wait(60) == 0
        run(work)
        is_sent(box, tmp_path)


def test_a_message_of_django_is_kicked_after_the_commit(pg: Store, run: Run, environment: dict[str, str]) -> None:
    settings = (
        "import os, sys, django\n"
        "from django.conf import settings\n"
        "from urllib.parse import urlsplit\n"
        "url = urlsplit(os.environ['DATABASE_URL'])\n"
        "settings.configure(DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': url.path[1:],\n"
        "    'USER': url.username, 'HOST': url.hostname, 'PORT': url.port}})\n"
        "import threading\n"
        "from shop_orders import ship\n"
        "from shop_sms import app, box\n"
        "ship(17, '+27821234567')\n"
        "with app.connection_for_read() as connection, connection.channel() as channel:\n"
        "    queue = app.amqp.queues['sms'](channel)\n"
        "    queue.declare()\n"
        "    for _ in range(300):\n"
        "        message = queue.get(no_ack=True)\n"
        "        if message is not None:\n"
        "            break\n"
        "        threading.Event().wait(0.1)\n"
        "assert message.headers['task'] == 'clicksoap.outbox.default', message\n"
        "assert [each.state.value for each in box.get('shipped-17')] == ['pending']\n"
    )
    box = pg.box().open()
    assert run(shlex.join([sys.executable, "-c", settings])).wait(60) == 0
    assert len(box.get("shipped-17")) == 1
    assert environment["DATABASE_URL"] == pg.url
