"""A release states the truth: one version, a page for package indexes, classifiers, pins, and no secret in a file."""

import importlib.util
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import clicksoap

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
README = (ROOT / "README.md").read_text("utf-8")
PACKAGE = (ROOT / "PACKAGE.md").read_text("utf-8")
PLATFORMS = (ROOT / "docs/reference/platforms.md").read_text("utf-8")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"release_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_changelog_begins_with_this_version() -> None:
    found = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] == clicksoap.__version__


def test_the_page_for_package_indexes_has_no_picture_and_no_link_into_the_repository() -> None:
    """A package index has none of the files beside the page."""
    assert PROJECT["readme"] == "PACKAGE.md"
    assert "](" not in PACKAGE
    assert "<img" not in PACKAGE


def test_the_page_for_package_indexes_says_what_the_readme_says() -> None:
    beginning = README[: README.index("**Every recipient")]
    assert PACKAGE.startswith(beginning)
    (example,) = re.findall(r"^```python\n.*?^```", PACKAGE, re.MULTILINE | re.DOTALL)
    assert example in README


def test_the_page_for_package_indexes_names_every_extra_of_a_user() -> None:
    for extra in PROJECT["optional-dependencies"].keys() - {"bench", "dev", "docs", "release"}:
        assert f"`{extra}`" in PACKAGE, extra


def test_each_classifier_of_a_python_is_a_version_that_was_run() -> None:
    claimed = {each.rpartition(" ")[2] for each in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", each)}
    rows = re.findall(r"^\| (3\.\d[^|]*) \| supported \|", PLATFORMS, re.MULTILINE)
    assert claimed == {version for row in rows for version in row.split(", ")}


def test_the_classifier_of_the_system_is_the_one_that_was_run() -> None:
    systems = [each for each in PROJECT["classifiers"] if each.startswith("Operating System")]
    assert systems == ["Operating System :: POSIX :: Linux"]
    assert "All tests run on Linux." in PLATFORMS


def test_the_pins_of_a_release_name_no_host_and_hash_everything() -> None:
    text = (ROOT / "constraints-release.txt").read_text("utf-8")
    assert "://" not in text
    pins = [line for line in text.splitlines() if "==" in line]
    assert len(pins) > 50
    assert text.count(" \\\n    --hash=sha256:") >= len(pins)


def test_both_files_of_pins_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))

    ours, theirs = pins("constraints.txt"), pins("constraints-release.txt")
    for package in ("lxml", "requests", "zeep"):
        assert ours[package] == theirs[package]


# The bill of materials


def _bom() -> dict[str, Any]:
    return {
        "components": [{"name": "lxml", "bom-ref": "lxml==6"}, {"name": "zeep", "bom-ref": "zeep==4"}],
        "dependencies": [{"ref": "lxml==6"}, {"ref": "zeep==4", "dependsOn": ["lxml==6"]}],
    }


def test_the_bill_of_materials_names_the_libraries_inside_lxml() -> None:
    found = _module("sbom").with_native_libraries(_bom(), {"libxml2": "2.14.6"})
    assert [each["name"] for each in found["components"]] == ["lxml", "zeep", "libxml2"]
    assert found["dependencies"][0] == {"ref": "lxml==6", "dependsOn": ["libxml2@2.14.6"]}
    assert found["dependencies"][-1] == {"ref": "libxml2@2.14.6"}


def test_a_bill_without_lxml_is_refused() -> None:
    with pytest.raises(ValueError, match="lxml is not in the bill"):
        _module("sbom").with_native_libraries({"components": [], "dependencies": []}, {})


# Secrets

# Keys and tokens whose form gives them away. Passwords of examples are words, such as "secret".
SECRETS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{64}"),
    "a key of a cloud": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of a code host": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20})\b"),
    "a token of a package index": re.compile(r"\bpypi-[A-Za-z0-9_-]{50,}"),
    "a token of a chat": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "a password in an address": re.compile(
        r"https?://[^\s:/@'\"{}$]+:[^\s:/@'\"{}$]{8,}@(?!localhost|127\.|[\w.-]*example)"
    ),
}


def _files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is not a checkout: git does not list its files")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_holds_a_secret() -> None:
    found = []
    for path in _files():
        if path.suffix in {".png", ".gz"} or not path.exists():
            continue
        text = path.read_text("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {kind}" for kind, form in SECRETS.items() if form.search(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----\n" + "A" * 64,
        "AKIA" + "A" * 16,
        "gh" + "p_" + "a" * 36,
        "py" + "pi-" + "a" * 60,
        "xox" + "b-1234567890-abc",
        "ey" + "J" + "a" * 12 + ".ey" + "J" + "b" * 12 + "." + "c" * 12,
        "https://ann:" + "tr0ub4dor3" + "@sms.acme.io",
    ],
)
def test_a_secret_would_be_found(text: str) -> None:
    assert any(form.search(text) for form in SECRETS.values())
