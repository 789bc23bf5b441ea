"""The examples of the page about testing pass as they stand."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs/how-to/testing.md").read_text()
EXAMPLES = dict(re.findall(r"^```python (\w+\.py)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))


def test_the_examples_of_the_page_pass(pytester: pytest.Pytester) -> None:
    for name, source in EXAMPLES.items():
        (pytester.path / name).write_text(source)
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")
    done.assert_outcomes(passed=9)
    assert len(EXAMPLES) == 7
    assert "\nimport pytest\n\nfrom" in EXAMPLES["conftest.py"]


def test_a_failure_looks_as_on_the_page(pytester: pytest.Pytester) -> None:
    shown = re.search(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert shown is not None
    pytester.makepyfile(orders=EXAMPLES["orders.py"])
    pytester.makepyfile(
        """
        import orders

        def test_it(clicksoap_simulator):
            orders.ship(17, "+27 82 123 4567")
            clicksoap_simulator.assert_sent(to="27821234567", text="Order 17 has been sent")
        """
    )
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    said = "\n".join(line.removeprefix("E").strip() for line in done.outlines if line.startswith("E"))
    wanted = [line.strip() for line in shown[1].splitlines()]
    assert "\n".join(wanted) in said.replace("AssertionError: ", "")
