"""Writes the bill of materials (CycloneDX) of ``clicksoap[all]``: ``python sbom.py FILE``, run by ``make sbom``.

The bill names the C libraries inside lxml, too, which no list of Python packages shows.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
# Printed by the Python whose packages are listed.
NATIVE: Final = """
import json, lxml.etree as etree
print(json.dumps({
    "libxml2": ".".join(map(str, etree.LIBXML_COMPILED_VERSION)),
    "libxslt": ".".join(map(str, etree.LIBXSLT_COMPILED_VERSION)),
}))
"""


def with_native_libraries(bom: dict[str, Any], versions: Mapping[str, str]) -> dict[str, Any]:
    """The bill of materials with the libraries inside lxml as components that lxml depends on.

    Args:
        bom: The bill of the Python packages.
        versions: The versions of the libraries by their names.

    Raises:
        ValueError: lxml is not among the components.
    """
    (lxml,) = [each for each in bom["components"] if each["name"] == "lxml"] or [None]
    if lxml is None:
        raise ValueError("lxml is not in the bill of materials: list an environment with clicksoap")
    references = [f"{name}@{version}" for name, version in versions.items()]
    inside = [
        {
            "type": "library",
            "name": name,
            "version": version,
            "bom-ref": f"{name}@{version}",
            "purl": f"pkg:generic/{name}@{version}",
            "description": "compiled into lxml",
        }
        for name, version in versions.items()
    ]
    dependencies = [
        {**each, "dependsOn": [*each.get("dependsOn", []), *references]} if each["ref"] == lxml["bom-ref"] else each
        for each in bom["dependencies"]
    ]
    leaves = [{"ref": reference} for reference in references]
    return {**bom, "components": [*bom["components"], *inside], "dependencies": [*dependencies, *leaves]}


def main(target: Path) -> None:
    """Install the wheel in ``dist`` with all extras, and write the bill of what is there."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "venv/bin/python"
        pins = Path(folder) / "constraints.txt"
        lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        pins.write_text("".join(line.removesuffix(chr(92)).rstrip() + chr(10) for line in lines if "==" in line))
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", python.parents[1]], check=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        subprocess.run([*pip, "-c", str(pins), f"{wheel}[all]"], check=True)
        versions = json.loads(subprocess.run([python, "-c", NATIVE], capture_output=True, check=True).stdout)
        program = Path(sys.executable).with_name("cyclonedx-py")
        command: list[str | Path] = [
            program,
            "environment",
            "--pyproject",
            ROOT / "pyproject.toml",
            "--output-format",
            "JSON",
            python,
        ]
        bom = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    target.write_text(json.dumps(with_native_libraries(bom, versions), indent=2) + "\n", "utf-8")
    print(f"{target}: {len(bom['components']) + len(versions)} components, with", *map(" ".join, versions.items()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
