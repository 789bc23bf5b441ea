"""``clicksoap explain``: every code, and requests of files."""

import json
from pathlib import Path

import pytest

from clicksoap.cli import explanations
from clicksoap.codes import ERRORS, STATUSES
from clicksoap.contract import Dialect

from .conftest import Run


def test_every_code_is_explained() -> None:
    assert explanations.ERRORS.keys() == ERRORS.keys()
    assert explanations.STATUSES.keys() == STATUSES.keys()
    for each in (*explanations.ERRORS.values(), *explanations.STATUSES.values()):
        assert each.causes
        assert each.mends
        assert all(text.endswith(".") for text in (*each.causes, *each.mends))


@pytest.mark.parametrize(
    ("what", "shown"),
    [
        ("105", ["error 105: Invalid destination address"]),
        ("010", ["status 010: Expired"]),
        ("00A", ["status 010: Expired"]),
        ("1", ["error 001: Authentication failed", "status 001: Unknown message"]),
        ("ERR: 301, No Credit Left To: 27820000000", ["error 301: No credit left"]),
        ("ID: 0123456789abcdef0123456789abcdef Status: 012", ["status 012: Out of credit"]),
    ],
)
def test_a_code_or_a_line_of_an_answer_is_explained(run: Run, what: str, shown: list[str]) -> None:
    result = run("explain", what)
    heads = [line for line in result.stdout.splitlines() if line.startswith(("error ", "status "))]
    assert result.exit_code == 0
    assert [head.startswith(each) for head, each in zip(heads, shown, strict=True)] == [True] * len(shown)
    assert "Likely causes:" in result.stdout
    assert "What to do:" in result.stdout


def test_one_of_two_meanings_may_be_asked_for(run: Run) -> None:
    for option, kind in (("--status", "status"), ("--error", "error")):
        data = json.loads(run("explain", "--json", option, "001").stdout)
        assert [each["kind"] for each in data["explanations"]] == [kind]


@pytest.mark.parametrize("what", ["013", "999", "nowhere.xml", ".", "a\0b"])
def test_what_is_neither_a_code_nor_a_file_is_refused(run: Run, what: str) -> None:
    assert run("explain", what).exit_code == 2


@pytest.mark.parametrize("binding", [each.value for each in Dialect])
@pytest.mark.parametrize("auth", ["session", "credentials"])
def test_a_request_in_a_file_gets_the_simulators_reasons(run: Run, tmp_path: Path, binding: str, auth: str) -> None:
    variables = {"CLICKSOAP_BINDING": binding, "CLICKSOAP_AUTH": auth}
    good = run("envelope", "--quiet", "27821234567", "hello", variables=variables).stdout
    bad = good.replace("27821234567", "0821234567")
    (tmp_path / "good.txt").write_text(good)
    (tmp_path / "bad.xml").write_text(bad[bad.index("<?xml") :])
    assert run("explain", "good.txt").stdout == f"sendmsg over {binding}: accepted\n"
    refused = run("explain", "bad.xml")
    assert refused.exit_code == 3
    assert '105 to "0821234567": begins with a national 0; give the country code' in refused.stdout
    data = json.loads(run("explain", "--json", "bad.xml").stdout)
    assert (data["command"], data["outcome"], data["code"]) == ("sendmsg", "refused", "105")


def test_a_file_that_holds_no_request_gets_a_reason_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html><body>hello</body></html>")
    result = run("explain", "page.html")
    assert result.exit_code == 3
    assert "unreadable" in result.stdout
