"""The layout keeps its promises: imports go one way, third parties stay where they belong."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "clicksoap"

VOCABULARY = (
    "errors",
    "messages",
    "options",
    "results",
    "events",
    "text",
    "msisdn",
    "secret",
    "redaction",
    "checks",
    "plain_data",
    "lazy_re",
)
FACTS = ("codes", "contract", "version")
FACADES = ("client", "async_client", "service", "config")

_VOCABULARY = (*VOCABULARY, *FACTS)
_PROTOCOL = ("protocol", *_VOCABULARY)
_TRANSPORTS = ("transports", *_PROTOCOL)
_CLIENT = (*FACADES, *_TRANSPORTS)

# From each folder or module to those that it may import; docs/explanation/design.md shows the same table.
ALLOWED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(FACTS, FACTS),
    **dict.fromkeys(VOCABULARY, _VOCABULARY),
    "protocol": _PROTOCOL,
    "transports": _TRANSPORTS,
    **dict.fromkeys(FACADES, _CLIENT),
    "__init__": _CLIENT,
    "outbox": ("outbox", *_CLIENT),
    "callbacks": ("callbacks", *_VOCABULARY),
    "callbacks/outbox": ("callbacks", "outbox", *_VOCABULARY),
    "simulator": ("simulator", *FACTS),
    "testing": ("testing", "simulator", "__init__", *_CLIENT),
    "cli": ("cli", "testing", "outbox", "callbacks", "simulator", "__init__", *_CLIENT),
    "__main__": ("cli",),
}
MODULES = sorted(path.relative_to(PACKAGE).with_suffix("").as_posix() for path in PACKAGE.rglob("*.py"))


def _imports(module: str, *, at_runtime: bool) -> Iterator[str]:
    """The dotted names that a module imports, without those for type checkers if only run time counts."""
    tree = ast.parse((PACKAGE / f"{module}.py").read_text())
    for node in tree.body if at_runtime else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}"
                yield dotted if _is_module(dotted) else node.module


def _is_module(dotted: str) -> bool:
    first, *rest = dotted.split(".")
    path = PACKAGE.joinpath(*rest)
    return first == "clicksoap" and bool(rest) and (path.with_suffix(".py").is_file() or path.is_dir())


def _own(module: str, *, at_runtime: bool) -> set[str]:
    """The modules of the project that a module imports, as paths."""
    found: set[str] = set()
    for dotted in _imports(module, at_runtime=at_runtime):
        if dotted == "clicksoap" or dotted.startswith("clicksoap."):
            path = "/".join(dotted.split(".")[1:]) or "__init__"
            found.add(f"{path}/__init__" if (PACKAGE / path).is_dir() else path)
    return found


def _top(module: str) -> str:
    return module.split("/", maxsplit=1)[0]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_the_table_allows_its_folder(module: str) -> None:
    for imported in _own(module, at_runtime=False):
        assert _top(imported) in ALLOWED.get(module, ALLOWED[_top(module)]), f"{module} imports {imported}"


def test_no_other_module_of_callbacks_needs_the_module_that_knows_the_outbox() -> None:
    """Receiving works without the extra of the outbox."""
    for module in MODULES:
        if _top(module) == "callbacks":
            assert "callbacks/outbox" not in _own(module, at_runtime=False), module


def test_the_table_names_every_folder_and_no_other() -> None:
    """A new folder needs a line in the table before it can be imported."""
    assert {_top(module) for module in MODULES} == {top for top in ALLOWED if (PACKAGE / top).is_dir()} | {
        top for top in ALLOWED if "/" not in top and (PACKAGE / f"{top}.py").is_file()
    }


def test_the_design_page_shows_the_same_table() -> None:
    page = (PACKAGE.parent / "docs/explanation/design.md").read_text()
    rows = re.findall(r"^\| (?!from|---)([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    assert rows.pop() == ("`cli`", "everything")
    groups = {"facts": FACTS, "vocabulary": VOCABULARY, "clients": FACADES}
    for first, second in rows:
        group, _, names = first.rpartition(": ")
        members = tuple(re.findall(r"[\w/]+", names))
        assert not group or members == groups[group]
        allowed = {name for word in re.findall(r"\w+", second) for name in groups.get(word, (word,))}
        for member in members:
            own = set() if group else {_top(member)}
            assert set(ALLOWED[member]) - {"__init__"} == allowed | own, member


def test_what_reads_and_writes_the_simulators_wire_needs_only_codes_contract_and_masking() -> None:
    """The front keeps no state and knows no fault: whatever it read and wrote can be used and tested alone."""
    for module in MODULES:
        if module.startswith("simulator/front/"):
            for imported in _own(module, at_runtime=False):
                assert imported.startswith("simulator/front/") or imported in {
                    "codes", "contract", "simulator/masking",
                }, f"{module} imports {imported}"  # fmt: skip


def test_no_imports_go_in_a_circle() -> None:
    graph = {module: _own(module, at_runtime=True) for module in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in done:
            for imported in graph[module]:
                visit(imported, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("zeep", {"protocol/bindings/soap", "service"}),
        ("requests", {"transports/requests", "transports/requests_failures", "client"}),
        ("pytest", {"testing/plugin"}),
        (
            "urllib3",
            {
                "transports/requests",
                "transports/requests_failures",
                "transports/connection",
            },
        ),
    ],
)
def test_a_library_is_imported_only_where_it_belongs(library: str, allowed: set[str]) -> None:
    users = {
        module
        for module in MODULES
        if any(name.split(".")[0] == library for name in _imports(module, at_runtime=False))
    }
    assert users <= allowed


def test_the_vocabulary_needs_no_third_party() -> None:
    for module in VOCABULARY:
        for name in _imports(module, at_runtime=True):
            assert name.split(".")[0] in {*sys.stdlib_module_names, "clicksoap"}


def test_the_simulator_shares_nothing_with_the_client_but_codes_and_contract_and_version() -> None:
    """A shared mistake would agree with itself."""
    for module in MODULES:
        if _top(module) == "simulator":
            shared = {imported for imported in _own(module, at_runtime=False) if _top(imported) != "simulator"}
            assert shared <= set(FACTS)


def test_importing_clicksoap_loads_neither_zeep_nor_lxml_nor_requests() -> None:
    heavy = ("zeep", "lxml", "requests", "urllib3", "asyncio")
    program = f"import clicksoap, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_program_of_threads_never_loads_asyncio() -> None:
    """Zeep loads httpx where it is installed, and httpx asyncio; that is not for us to prevent."""
    program = (
        "import sys; sys.modules['httpx'] = None; from clicksoap import Client\n"
        "with Client(1, 'acme', 'secret', endpoint='http://127.0.0.1:1', retry=None) as sms:\n"
        "    try: sms.send('27820001234', 'x')\n"
        "    except Exception as error: print(type(error).__name__)\n"
        "print('asyncio' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["NotSent", "False"]


def test_every_public_name_can_be_had_and_every_unknown_one_is_refused() -> None:
    import clicksoap  # noqa: PLC0415

    assert sorted(clicksoap.__all__) == clicksoap.__all__
    for name in clicksoap.__all__:
        assert getattr(clicksoap, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Clinet'"):
        _ = clicksoap.Clinet  # type: ignore[attr-defined]
