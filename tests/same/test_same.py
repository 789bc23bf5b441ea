"""The comparison of two commits finds nothing between equal ones, and notices one changed byte."""

from pathlib import Path

from benchmarks.commits import exported

from .compare import Found, differences, probed

SENDS = "^Client, (document_literal|http), session: (ping|send text plain)$"


def change(package: Path, before: str, after: str) -> None:
    """Replace a text wherever the bindings of a package have it."""
    changed = 0
    for path in sorted(package.glob("clicksoap/**/bindings/*.py")):
        source = path.read_text()
        path.write_text(source.replace(before, after))
        changed += before in source
    assert changed


def test_equal_packages_are_the_same_and_one_changed_byte_is_noticed() -> None:
    with exported(None) as package:
        unchanged = probed(package, SENDS)
        assert differences(unchanged, probed(package, SENDS)) == []
        change(package, "text/xml; charset=utf-8", "text/xml; charset=UTF-8")
        found = differences(unchanged, probed(package, SENDS))
    assert len(unchanged) == 4
    assert [line.partition(": request ")[0] for line in found] == [
        "Client, document_literal, session: ping",
        "Client, document_literal, session: send text plain",
    ]
    assert all("charset=utf-8" in line and "charset=UTF-8" in line for line in found)


def test_another_outcome_of_the_same_requests_is_noticed() -> None:
    base: Found = {"call": {"requests": ["GET /"], "outcome": {"returned": None}}}
    head: Found = {"call": {"requests": ["GET /"], "outcome": {"raised": {"class": "NotSent"}}}}
    assert len(differences(base, head)) == 1
    assert differences(base, {**base, "more": {}}) == ["more: only in head"]
