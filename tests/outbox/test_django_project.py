"""The Django project of the pages passes its tests on its own test database, in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from clicksoap.outbox import Outbox

ROOT = Path(__file__).parents[2]
PAGES = "".join((ROOT / "docs/how-to" / name).read_text("utf-8") for name in ("frameworks.md", "testing.md"))
FILES = dict(re.findall(r"^```python shop/(\w+\.py)\n(.*?)^```", PAGES, re.MULTILINE | re.DOTALL))
SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parents[1]
SECRET_KEY = "of the tests"
INSTALLED_APPS = ["shop.apps.ShopConfig"]
USE_TZ = True
DATABASES = {"default": %s}
"""


@pytest.fixture(params=["sqlite", "pg"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of the project, whose usual database holds an outbox with a version of its own."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/shop.db"
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{tmp_path}/shop.db"}
    else:
        url = str(request.getfixturevalue("pg").empty())
        parts = urlsplit(url)
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username or "",
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
        }
    with Outbox(url):
        pass
    (tmp_path / "url").write_text(url)
    shop = tmp_path / "shop"
    shop.mkdir()
    settings = FILES["settings_of_tests.py"]
    if request.param != "sqlite":
        settings = settings.split("# On SQLite only")[0]
    (shop / "settings.py").write_text(SETTINGS % database + settings)
    for name in FILES.keys() - {"settings_of_tests.py"}:
        (shop / name).write_text(FILES[name])
    for name in ("__init__.py", "models.py"):
        (shop / name).write_text("")
    return tmp_path


def django(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "CLICKSOAP_"))}
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        cwd=project,
        env={**environment, "DJANGO_SETTINGS_MODULE": "shop.settings", "PYTHONPATH": f"{project}:{ROOT}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_tests_of_the_project_pass_and_its_database_can_be_dropped(project: Path) -> None:
    assert FILES.keys() == {"sms.py", "apps.py", "orders.py", "runner.py", "tests.py", "settings_of_tests.py"}
    for _ in range(2):  # if the first run had left its database, the second one would ask what to do with it
        done = django(project, "test")
        assert (done.returncode, "Ran 2 tests" in done.stderr) == (0, True), done.stdout + done.stderr


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_migrate_makes_the_outbox_of_a_new_database(project: Path) -> None:
    sms = project / "shop/sms.py"
    url = f"sqlite:///{project}/another.db"
    sms.write_text(f"{sms.read_text()}\n\ndef database_url() -> str:\n    return {url!r}\n")
    assert not Outbox(url).exists()
    done = django(project, "migrate")
    assert (done.returncode, Outbox(url).exists()) == (0, True), done.stderr


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_an_outbox_of_the_usual_database_is_refused_in_its_tests(project: Path) -> None:
    """The control: this is what the recipe is for."""
    sms = project / "shop/sms.py"
    url = (project / "url").read_text()
    sms.write_text(f"{sms.read_text()}\n\n@cache\ndef outbox() -> Outbox:\n    return Outbox({url!r})\n")
    done = django(project, "test", "--noinput", "shop.tests.ShipTest")
    assert done.returncode == 1
    assert "OutboxMismatch: the transaction's database holds another outbox" in done.stderr, done.stderr


@pytest.mark.parametrize("project", ["sqlite"], indirect=True)
def test_a_transaction_test_case_leaves_its_messages_to_the_next_one(project: Path) -> None:
    """The control: this is why the page empties the tables."""
    tests = project / "shop/tests.py"
    source = tests.read_text()
    assert "    def tearDown(self):" in source
    again = "    def test_the_worker_sends_it_again(self):\n        self.test_the_worker_sends_it()\n"
    tests.write_text(f"{source}\n{again}")
    assert django(project, "test", "--noinput", "shop.tests.SendTest").returncode == 0
    tests.write_text(f"{source}\n{again}".replace("    def tearDown(self):", "    def unused(self):"))
    done = django(project, "test", "--noinput", "shop.tests.SendTest")
    assert "no message was sent with" in done.stderr, done.stderr
