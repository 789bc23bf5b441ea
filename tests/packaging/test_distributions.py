"""What is shipped is complete: the WSDLs are found however clicksoap came onto the machine, without a network."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import lxml
import pytest

ROOT = Path(__file__).parents[2]
DEPENDENCIES = Path(lxml.__file__).parents[1]

# Builds a client of each binding and encodes a message, with every way to the network closed.
PROGRAM = """
import socket, sys
def closed(*args, **kwargs): raise AssertionError("the network was touched")
socket.socket.connect = socket.getaddrinfo = closed
import clicksoap
from clicksoap import Client, Text
for binding in ("document_literal", "rpc_encoded"):
    with Client(1, "user", "secret", binding=binding) as sms:
        sms.segments(Text("hello"))
        sms._core.binding.encode("sendmsg", {"to": ["27821234567"], "text": "hello"})
print(clicksoap.__file__)
"""


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (found,) = distributions.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def sdist(distributions: Path) -> Path:
    (found,) = distributions.glob("*.tar.gz")
    return found


def _run(python: str | Path, where: Path, *paths: Path, before: str = "") -> str:
    """Where clicksoap was loaded from when the program ran with these paths, in an empty folder."""
    search = os.pathsep.join(str(path) for path in paths)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"}
    # -S: without the site-packages of the running environment, and so without its editable clicksoap.
    done = subprocess.run(
        [str(python), "-S", "-c", before + PROGRAM],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_wheel_holds_the_package_its_types_mark_the_wsdls_and_the_inbox(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "clicksoap/py.typed",
        "clicksoap/wsdl/document_literal.wsdl",
        "clicksoap/wsdl/rpc_encoded.wsdl",
        "clicksoap/wsdl/soap-encoding.xsd",
        "clicksoap/simulator/inbox/static/inbox.css",
        "clicksoap/simulator/inbox/static/inbox.js",
        "clicksoap/simulator/inbox/templates/base.html",
    } <= names
    assert {"clicksoap"} == {name.split("/")[0] for name in names if ".dist-info/" not in name}


def test_pytest_finds_the_fixtures_of_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")  # noqa: S202 - our own wheel
    (tmp_path / "test_users.py").write_text(
        "import clicksoap\n\n"
        "def test_it(clicksoap_simulator, clicksoap_client):\n"
        "    clicksoap_client.send('27821234567', 'hello')\n"
        "    clicksoap_simulator.assert_sent(count=1)\n"
        f"    assert clicksoap.__file__.startswith({str(tmp_path)!r})\n"
    )
    search = os.pathsep.join([str(tmp_path / "site"), str(DEPENDENCIES)])
    command = [sys.executable, "-S", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "test_users.py"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": search, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_sdist_holds_what_a_packager_needs(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"wsdl/rpc_encoded.wsdl", "clicksoap/client.py", "tests/conftest.py", "LICENSE", "README.md"} <= names


def test_an_installed_wheel_builds_clients_without_a_network(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    python = tmp_path / "venv/bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True)
    found = _run(python, tmp_path, site, DEPENDENCIES)
    assert found.startswith(str(site))


def test_an_unpacked_sdist_builds_clients_without_a_network(sdist: Path, tmp_path: Path) -> None:
    # By the command, since the safe way of doing it in Python came between two patch releases of 3.11.
    subprocess.run([sys.executable, "-m", "tarfile", "-e", str(sdist), str(tmp_path)], check=True)
    (unpacked,) = tmp_path.iterdir()
    assert _run(sys.executable, tmp_path, unpacked, DEPENDENCIES).startswith(str(unpacked))


def test_a_zip_on_the_path_builds_clients_without_a_network(wheel: Path, tmp_path: Path) -> None:
    assert _run(sys.executable, tmp_path, wheel, DEPENDENCIES).startswith(str(wheel))


def test_a_plain_checkout_builds_clients_without_a_network(tmp_path: Path) -> None:
    assert _run(sys.executable, tmp_path, ROOT, DEPENDENCIES).startswith(str(ROOT))


@pytest.mark.parametrize(
    ("frozen", "words"),
    [
        ("", "installed without its WSDLs"),
        ("sys.frozen = True", "frozen application was built without the WSDLs.*data"),
    ],
)
def test_a_wheel_without_its_wsdls_says_so_and_takes_no_stranger_s_folder(
    wheel: Path, tmp_path: Path, frozen: str, words: str
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if "wsdl/" not in name:
                archive.extract(name, tmp_path)
    stranger = tmp_path / "wsdl"
    stranger.mkdir()
    (stranger / "document_literal.wsdl").write_text("<no/>")
    # As the bootloader of PyInstaller marks an application that it has frozen.
    with pytest.raises(AssertionError, match=rf"clicksoap\.errors\.ConfigurationError: .*{words}"):
        _run(sys.executable, tmp_path, tmp_path, DEPENDENCIES, before=f"import sys\n{frozen}\n")


def test_the_base_install_asks_for_three_packages_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert [line.split()[1].split(">")[0].split("<")[0] for line in required] == ["lxml", "requests", "zeep"]


def test_the_constraints_name_no_host_and_hash_everything() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text
    pins = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
    assert pins
    assert text.count(" \\\n    --hash=sha256:") >= len(pins)
