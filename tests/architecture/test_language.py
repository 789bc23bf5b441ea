"""The project's language: plain English in error texts, docstrings and documents, and no retired name in the code."""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "clicksoap").rglob("*.py"))
PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md", "wsdl/README.md", "benchmarks/README.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
]

# Folders and files that are not held to the rules yet.
PENDING: tuple[str, ...] = ()

MAX_WORDS = 30  # of a sentence
Breaches = Callable[[Path, str], Iterator[str]]

# Each rule and the pattern that breaks it.
PHRASES = {
    "write 'is not a' or 'has no'": re.compile(r"(?<!there )\b(?:is|are) (?:no|none)\b(?! longer)", re.IGNORECASE),
    "name the person or the program": re.compile(r"\bwhoever\b", re.IGNORECASE),
    "begin with the subject": re.compile(r"(?:^|[.:;] )what [^.?]*? (?:is|are) ", re.IGNORECASE),
}
TOO_LONG = f"at most {MAX_WORDS} words in a sentence"
RIDDLE = "say what the module or class is or does"
RETIRED = "use the field's noun"

_RIDDLE = re.compile(r"(?:What|Whether|How|Where|Who)\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+")

# Words of identifiers, in lower case: `_hub`, `HubEvent` and `hub_of` all have the word "hub".
RETIRED_WORDS = {
    "courier", "crew", "desk", "hub", "lane", "likeness", "misfortune", "misfortunes", "purse", "surroundings",
    "whereabouts",
}  # fmt: skip
# Whole identifiers.
RETIRED_NAMES = {
    "Access", "Agenda", "Core", "Figures", "Held", "Kept", "KindOf", "Order", "Questions", "Standing", "StatusReport",
    "Wanted", "Wish", "_Visit", "_persistently", "_told", "strike", "telling",
}  # fmt: skip
RETIRED_PREFIX = re.compile(r"_*MOST_")
RETIRED_MODULES = {
    "access", "agenda", "answering", "core", "damage", "figures", "guard", "life", "numbers", "patterns", "policy",
    "questions", "telling", "watching",
}  # fmt: skip
# Identifiers that belong to one folder alone.
HOMES = {"without_pauses": ROOT / "clicksoap/testing"}


@dataclass(frozen=True, slots=True)
class Passage:
    """A text or a name, and where it stands."""

    path: Path
    line: int
    text: str

    def breaks(self, rule: str) -> str:
        """The line of a failure message."""
        return f"{self.path.relative_to(ROOT).as_posix()}:{self.line}: {rule}: {self.text}"


# Rules, each for one kind of text


def breaches_of_literals(path: Path, source: str) -> Iterator[str]:
    """Error texts are often composed by helpers and constants, so every string literal of several words is read."""
    for node in _literals(ast.parse(source)):
        text = " ".join(_written(node).split())
        if " " in text:
            yield from _phrases(Passage(path, node.lineno, text))


def breaches_of_docstrings(path: Path, source: str) -> Iterator[str]:
    """The first line of a docstring stands in every list of what a module or class offers."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        docstring = ast.get_docstring(node)
        if docstring:
            passage = Passage(path, node.body[0].lineno, docstring.splitlines()[0])
            yield from _phrases(passage)
            yield from _long_sentences(passage)
            if isinstance(node, ast.Module | ast.ClassDef) and _RIDDLE.match(passage.text):
                yield passage.breaks(RIDDLE)


def breaches_of_prose(path: Path, page: str) -> Iterator[str]:
    """Paragraphs, list items, headings and the cells of tables; neither code nor the addresses of links."""
    for passage in _prose(path, page):
        yield from _phrases(passage)
        yield from _long_sentences(passage)


def breaches_of_names(path: Path, source: str) -> Iterator[str]:
    """Classes, functions, attributes, arguments, variables, modules and folders."""
    if path.stem in RETIRED_MODULES:
        yield Passage(path, 1, path.stem).breaks(RETIRED)
    places = [(1, part) for part in path.relative_to(ROOT).with_suffix("").parts]
    for line, name in sorted({*places, *_names(ast.parse(source))}):
        words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
        is_retired = name in RETIRED_NAMES or RETIRED_PREFIX.match(name)
        is_elsewhere = name in HOMES and not path.is_relative_to(HOMES[name])
        if is_retired or is_elsewhere or not RETIRED_WORDS.isdisjoint(word.lower() for word in words):
            yield Passage(path, line, name).breaks(RETIRED)


def _phrases(passage: Passage) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(passage.text):
        for rule, pattern in PHRASES.items():
            if pattern.search(sentence):
                yield Passage(passage.path, passage.line, sentence).breaks(rule)


def _long_sentences(passage: Passage) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(passage.text):
        if sum(any(map(str.isalnum, word)) for word in sentence.split()) > MAX_WORDS:
            yield Passage(passage.path, passage.line, sentence).breaks(TOO_LONG)


# Readers of code and of pages


def _literals(tree: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """String literals without docstrings; those within the fields of an f-string as well."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.JoinedStr):
            yield node
            for part in node.values:
                if isinstance(part, ast.FormattedValue):
                    yield from _literals(part)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        else:
            yield from _literals(node)


def _written(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a literal, with an ellipsis for each field."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for field in ("name", "asname", "id", "attr", "arg"):
            name = getattr(node, field, None)
            if isinstance(name, str):
                yield getattr(node, "lineno", 1), name.rpartition(".")[2]


def _prose(path: Path, page: str) -> Iterator[Passage]:
    text = re.sub(r"^```.*?^```$", lambda block: "\n" * block[0].count("\n"), page, flags=re.MULTILINE | re.DOTALL)
    begun = 0
    gathered: list[str] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        is_code = not gathered and line.startswith("    ")
        stands_alone = line.startswith(("#", "|", "<"))
        if gathered and (not line.strip() or stands_alone or re.match(r"\s*(?:[-*]|\d+\.) ", line)):
            yield Passage(path, begun, _spoken(" ".join(gathered)))
            gathered = []
        if stands_alone:
            cells = line.strip("|").split("|") if line.startswith("|") else [re.sub(r"<[^>]*>", "", line)]
            yield from (Passage(path, number, _spoken(cell)) for cell in cells)
        elif line.strip() and not is_code:
            begun = begun if gathered else number
            gathered.append(line.strip())


def _spoken(markdown: str) -> str:
    """The words of a passage: a code span counts as one, a link by its text."""
    text = re.sub(r"`[^`]+`", "`code`", markdown)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"^(?:#+|[-*]|\d+\.) ", "", text.strip())


def _held(paths: list[Path]) -> list[Path]:
    """The files that are not pending."""
    return [path for path in paths if not path.relative_to(ROOT).as_posix().startswith(PENDING)]


# The project keeps the rules


@pytest.mark.parametrize("breaches", [breaches_of_literals, breaches_of_docstrings, breaches_of_names])
def test_the_code_keeps_the_rules_of_language(breaches: Breaches) -> None:
    found = [breach for path in _held(MODULES) for breach in breaches(path, path.read_text("utf-8"))]
    assert not found, "\n".join(found)


def test_the_documents_keep_the_rules_of_language() -> None:
    found = [breach for path in _held(PAGES) for breach in breaches_of_prose(path, path.read_text("utf-8"))]
    assert not found, "\n".join(found)


# A control: each rule catches what it is about, and lets plain English pass

_CODE = ROOT / "clicksoap/example.py"
_PAGE = ROOT / "docs/example.md"


def _rules(breaches: Iterator[str]) -> list[str]:
    return [breach.split(": ")[1] for breach in breaches]


NOUN, PERSON, SUBJECT = PHRASES


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("raise ValueError(f'{name} is no setting: give a known one')", NOUN),
        ("raise ValueError(f'binding= is ' 'none that exists')", NOUN),
        ("raise ValueError(f'{x:d}, {\"such values are none that count\"}')", NOUN),
        ("_NO_TABLE = 'these are no tables: write [{}]'", NOUN),
        ("return fault(text='whoever asks must log in')", PERSON),
        ("raise ValueError('What came is not HTTP')", SUBJECT),
        ("raise ValueError('unreadable reply: what follows the header is not packed')", SUBJECT),
    ],
)
def test_a_literal_with_a_forbidden_phrase_is_found(statement: str, rule: str) -> None:
    assert _rules(breaches_of_literals(_CODE, statement)) == [rule]


def test_a_failure_names_file_and_line_and_rule_and_text() -> None:
    found = breaches_of_literals(_CODE, "\n\nraise ValueError(f'{name} is no setting')")
    assert list(found) == [f"clicksoap/example.py:3: {NOUN}: … is no setting"]


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ('"""Where requests are answered."""', RIDDLE),
        ('class Hits:\n    """What went wrong."""', RIDDLE),
        ('class Hits:\n    """How often a rule matched."""', RIDDLE),
        ('class Hits:\n    """Whether a rule matched."""', RIDDLE),
        ('"""Who may call."""', RIDDLE),
        ('def hits():\n    """What a rule counts is given."""', SUBJECT),
        ('async def hits():\n    """Count for whoever asks."""', PERSON),
        ('def hits():\n    """Count the rules that are none of ours."""', NOUN),
        (f'def hits():\n    """Count{" rules" * MAX_WORDS}."""', TOO_LONG),
    ],
)
def test_a_docstring_that_breaks_a_rule_is_found(source: str, rule: str) -> None:
    assert _rules(breaches_of_docstrings(_CODE, source)) == [rule]


@pytest.mark.parametrize(
    ("page", "rule"),
    [
        ("What a binding\ncannot say is `NotExpressible`.", SUBJECT),
        ("- Requests are kept. What is kept is bounded.", SUBJECT),
        ("| Status | Because |\n| --- | --- |\n| 400 | the body is no JSON |", NOUN),
        ("There are [no](a.md) such `is no` paths: these are none.", NOUN),
        ("# For whoever tests", PERSON),
        (f"One{' word' * 20}\n{' more' * 10}.", TOO_LONG),
        (f"1. One{' `a b c`' * MAX_WORDS}.", TOO_LONG),
    ],
)
def test_prose_that_breaks_a_rule_is_found(page: str, rule: str) -> None:
    assert _rules(breaches_of_prose(_PAGE, page)) == [rule]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("class Desk: ...", "Desk"),
        ("def f(purse): ...", "purse"),
        ("self._hub = None", "_hub"),
        ("f(lane_key=1)", "lane_key"),
        ("import foreign as courier", "courier"),
        ("from clicksoap import StatusReport", "StatusReport"),
        ("_MOST_RULES = 1000", "_MOST_RULES"),
        ("faults.strike(1)", "strike"),
        ("def without_pauses(): ...", "without_pauses"),
    ],
)
def test_a_retired_name_is_found(source: str, name: str) -> None:
    assert list(breaches_of_names(_CODE, source)) == [f"clicksoap/example.py:1: {RETIRED}: {name}"]


def test_a_retired_name_of_a_module_or_a_folder_is_found() -> None:
    for path in ("clicksoap/core.py", "clicksoap/simulator/misfortunes.py", "clicksoap/hub/events.py"):
        assert _rules(breaches_of_names(ROOT / path, "")) == [RETIRED]


def test_plain_english_and_the_fields_nouns_pass() -> None:
    code = """
        \"\"\"Fault rules: which request fails, and how.\"\"\"

        class ClientCore:
            \"\"\"Compose the requests of a client.\"\"\"

            def matches(self, most_common, github, planned):
                \"\"\"Whether a rule matches; what it counts, it keeps.\"\"\"
                raise ValueError(f"unknown binding= {self}: give one of what the documentation lists")
    """
    for breaches in (breaches_of_literals, breaches_of_docstrings, breaches_of_names):
        assert not list(breaches(_CODE, inspect.cleandoc(code)))
    page = f"""
        # What it does

        Plain words.{" One more sentence of five." * MAX_WORDS}
        See [the address](https://example.com/what-is-no-word), `is no `, and:

            what is indented is none of the prose

        ```python
        # whoever reads this, what follows is code
        ```

        What is this?
    """
    assert not list(breaches_of_prose(_PAGE, inspect.cleandoc(page)))
