"""The foreign SOAP stacks of these tests: PHP, Perl, Mono and node as child processes, off the network."""

import base64
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NoReturn

import pytest
from figures import record

from clicksoap.contract import DEFAULT_PATHS, Dialect

HERE: Final = Path(__file__).parent
FILES: Final = HERE.parent.parent / "wsdl"
PHP: Final = ["php", "-d", "soap.wsdl_cache_enabled=0", "-d", "display_errors=stderr", "-d", "error_reporting=-1"]
CLOSED_PORT: Final = "http://127.0.0.1:9"
"""A proxy that is not there: where a child cannot get an own network, it is sent to this one for everything."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count each test as one pair of programs; a test that is skipped for want of a program counts as skipped."""
    report = yield
    if call.when == "call" or not report.passed:
        words = item.path.stem.removeprefix("test_").replace("_", " ")
        record(f"foreign programs, {words}", pairs=1, wrong=int(report.failed), skipped=int(report.skipped))
    return report


def unavailable(what: str) -> NoReturn:
    """Skip for want of a foreign stack; where CI is set its absence is a failure."""
    reason = f"{what} is not installed (tests/foreign/install.sh)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Child:
    """Runs foreign programs without a network."""

    prefix: Sequence[str]

    def __call__(self, *command: str) -> str:
        done = subprocess.run(
            [*self.prefix, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=self.environment(),
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    @staticmethod
    def environment() -> dict[str, str]:
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), CLOSED_PORT)
        return {**os.environ, **proxies, "no_proxy": "", "NO_PROXY": "", "LC_ALL": "C.UTF-8"}


@pytest.fixture(scope="session")
def offline() -> Child:
    """Runs a command that has no network at all where the kernel lets us say so."""
    return Child(("unshare", "-rn") if works("unshare", "-rn", "true") else ())


@pytest.fixture(scope="session")
def php() -> list[str]:
    """The words that start PHP with ext-soap."""
    if not works("php", "-r", "exit(extension_loaded('soap') ? 0 : 1);"):
        unavailable("PHP with ext-soap")
    return PHP


@pytest.fixture(scope="session")
def perl() -> list[str]:
    """The words that start Perl, which has SOAP::Lite."""
    if not works("perl", "-MSOAP::Lite", "-e", "1"):
        unavailable("Perl's SOAP::Lite")
    return ["perl"]


@pytest.fixture(scope="session")
def csharp(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The words that run a C# script by Mono, with a proxy class from the WSDL."""
    if not (works("mcs", "--version") and shutil.which("wsdl") and works("mono", "--version")):
        unavailable("Mono")
    return ["sh", str(HERE / "csharp" / "run.sh"), str(tmp_path_factory.mktemp("csharp")), str(FILES)]


@pytest.fixture(scope="session")
def javascript() -> list[str]:
    """The words that start node, which has the package soap."""
    modules = HERE / "node" / "node_modules"
    if not ((modules / "soap").is_dir() and works("node", "--version")):
        unavailable("node with soap")
    return ["env", f"NODE_PATH={modules}", "node"]


@pytest.fixture(scope="session")
def sh() -> list[str]:
    """The words that start a shell, which has curl."""
    if not works("curl", "--version"):
        unavailable("curl")
    return ["sh"]


@pytest.fixture
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse this process every name and every address beyond loopback."""
    local = {"127.0.0.1", "::1", "localhost"}
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def guarded_look_up(host: str | bytes | None, *rest: Any, **named: Any) -> Any:
        if host not in local:
            raise AssertionError(f"a test asked for the address of {host!r}")
        return look_up(host, *rest, **named)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in local:
            raise AssertionError(f"a test connected to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    monkeypatch.setattr(socket.socket, "connect", guarded_connect)


@pytest.fixture(scope="session")
def wsdl_files() -> Mapping[Dialect, Path]:
    """The WSDLs as the files that foreign stacks load."""
    return {dialect: FILES / f"{dialect}.wsdl" for dialect in Dialect}


@pytest.fixture(scope="session")
def php_request(
    php: list[str], offline: Child, wsdl_files: Mapping[Dialect, Path]
) -> Iterator[Callable[[Dialect, str, Mapping[str, Any]], tuple[bytes, str]]]:
    """Gives the request (body, SOAPAction) that PHP's SoapClient would send; one PHP process serves the whole run.

    Operation and parameters carry the dialect's own names.
    """
    command = [*offline.prefix, *php, str(HERE / "php" / "request.php")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8", env=offline.environment()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def ask(dialect: Dialect, operation: str, parameters: Mapping[str, Any]) -> tuple[bytes, str]:
            job = {
                "wsdl": str(wsdl_files[dialect]),
                "dialect": dialect,
                "operation": operation,
                "parameters": dict(parameters),
            }
            print(json.dumps(job), file=questions, flush=True)
            answer = answers.readline()
            assert answer, "PHP ended; its reason stands on stderr"
            sent = json.loads(answer)
            assert sent["version"] == 1
            return sent["body"].encode(), sent["action"]

        yield ask
        questions.close()  # the end of its input ends the process


@dataclass(frozen=True)
class Recorded:
    """A request as PHP's SoapServer saw it."""

    dialect: Dialect
    operation: str
    action: str | None
    parameters: dict[str, Any]
    """What PHP decoded, in the order and under the names in which it was handed on."""
    reply: list[str]
    body: bytes


@dataclass(frozen=True)
class PhpGateway:
    """A view on the running gateway that begins with the test."""

    origin: str
    record: Path
    in_house: Path
    begin: int

    def url(self, dialect: Dialect) -> str:
        return self.origin + DEFAULT_PATHS[dialect]

    def house(self, dialect: Dialect, name: str) -> str:
        """The address of the service that PHP makes of the WSDL of that name, once `install` has put it there."""
        return f"{self.origin}/in-house/{dialect}/{name}"

    def install(self, name: str, wsdl: bytes) -> Path:
        """Hand PHP a WSDL of an in-house gateway."""
        path = self.in_house / f"{name}.wsdl"
        path.write_bytes(wsdl)
        return path

    def requests(self) -> list[Recorded]:
        return [self._read(entry) for entry in entries(self.record, self.begin)]

    @staticmethod
    def _read(entry: dict[str, Any]) -> Recorded:
        entry["dialect"] = Dialect(entry["dialect"])
        entry["body"] = base64.b64decode(entry["body"])
        return Recorded(**entry)


@dataclass(frozen=True)
class Form:
    """A request of the HTTP API as PHP read it."""

    method: str
    path: str
    body: bytes
    fields: dict[str, bytes]
    """What PHP made of the form, the values as octets."""
    shown: str | None
    """The text as the vendor documents its reading, done by PHP; None where there is none."""


@dataclass(frozen=True)
class PhpForms:
    """A view on the running recorder of the HTTP API that begins with the test."""

    origin: str
    record: Path
    begin: int

    def requests(self) -> list[Form]:
        return [self._read(entry) for entry in entries(self.record, self.begin)]

    @staticmethod
    def _read(entry: dict[str, Any]) -> Form:
        fields = {name: base64.b64decode(value) for name, value in dict(entry["fields"]).items()}
        shown = None if entry["shown"] is None else base64.b64decode(entry["shown"]).decode()
        return Form(entry["method"], entry["path"], base64.b64decode(entry["body"]), fields, shown)


def entries(record: Path, begin: int) -> Iterator[dict[str, Any]]:
    with record.open("rb") as lines:
        lines.seek(begin)
        for line in lines:
            yield json.loads(line)


@contextlib.contextmanager
def php_server(php: Sequence[str], script: str, environment: Mapping[str, str]) -> Iterator[str]:
    """PHP's web server with a script behind every path; gives its origin."""
    # PHP picks the port and says which; without allow_url_fopen its SOAP stack cannot fetch anything.
    command = [*php, "-d", "allow_url_fopen=0", "-S", "127.0.0.1:0", str(HERE / "php" / script)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **environment, "PHP_CLI_SERVER_WORKERS": "4", "LC_ALL": "C.UTF-8"},
        start_new_session=True,  # PHP leaves its workers behind when it ends: the group is ended as a whole
    ) as process:
        assert process.stderr is not None
        reader: threading.Thread | None = None
        try:
            origin = announced(process.stderr)
            reader = threading.Thread(target=drain, args=(process.stderr,))
            reader.start()
            with urllib.request.urlopen(origin, timeout=30) as answer:
                assert answer.read() == b"ready\n"
            yield origin
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            if reader is not None:
                reader.join()


@pytest.fixture(scope="session")
def php_gateway_now(
    php: list[str], wsdl_files: Mapping[Dialect, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], PhpGateway]]:
    """PHP's web server with its SoapServers behind it, for the whole run; gives a view that begins now."""
    folder = tmp_path_factory.mktemp("php_gateway")
    record, original = folder / "record.jsonl", folder / "original.wsdl"
    record.touch()
    # The original service calls this part by another name, which is all that is known to differ.
    original.write_bytes(wsdl_files[Dialect.RPC_ENCODED].read_bytes().replace(b"msg_callback", b"callback"))
    paths = {f"WSDL_{dialect.upper()}": str(path) for dialect, path in wsdl_files.items()}
    environment = {**paths, "WSDL_ORIGINAL": str(original), "IN_HOUSE": str(folder), "RECORD": str(record)}
    with php_server(php, "gateway.php", environment) as origin:
        yield lambda: PhpGateway(origin, record, folder, record.stat().st_size)


@pytest.fixture
def php_gateway(php_gateway_now: Callable[[], PhpGateway]) -> PhpGateway:
    """The PHP gateway, with the requests since this test began."""
    return php_gateway_now()


@pytest.fixture(scope="session")
def php_forms_now(php: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], PhpForms]]:
    """PHP's web server with a recorder of the HTTP API behind it; gives a view that begins now."""
    record = tmp_path_factory.mktemp("php_forms") / "record.jsonl"
    record.touch()
    with php_server(php, "http.php", {"RECORD": str(record)}) as origin:
        yield lambda: PhpForms(origin, record, record.stat().st_size)


@pytest.fixture
def php_forms(php_forms_now: Callable[[], PhpForms]) -> PhpForms:
    """The recorder of the HTTP API, with the requests since this test began."""
    return php_forms_now()


def announced(log: IO[str]) -> str:
    """The origin that PHP says it listens on."""
    for line in log:
        _, found, rest = line.partition("Development Server (")
        if found:
            return rest.partition(")")[0]
    raise AssertionError("PHP's web server did not start")


def drain(log: IO[str]) -> None:
    """Keep PHP from waiting for somebody to read its log."""
    for _ in log:
        pass
