"""The next release of clicksoap, as the tests make it: a copy of the package with one more migration."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from clicksoap.outbox import schema

_ROOT: Final = Path(__file__).parents[2]
NEXT: Final = "9000"
SAID: Final = (
    f"the outbox has version {NEXT}, which this clicksoap does not know (it works with {schema.VERSION}): "
    "start this program again with the clicksoap that upgraded it, or a later one"
)
_MIGRATION: Final = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{version}", "{before}"


def upgrade() -> None:
    for table in ("message", "request", "account", "campaign"):
        op.add_column(f"clicksoap_{{table}}", sa.Column("added", sa.String(20)))
    op.create_index("clicksoap_message_added", "clicksoap_message", ["added"])
    op.execute({statement!r})
"""


def make_release(folder: Path, statement: str = "SELECT 1") -> Path:
    """Make a copy of the package with one more migration; programs that are started in the folder use it."""
    # The WSDLs lie within an installed package.
    for each, place in (("clicksoap", "clicksoap"), ("wsdl", "clicksoap/wsdl"), ("tests/outbox/proofs",) * 2):
        shutil.copytree(_ROOT / each, folder / place, ignore=shutil.ignore_patterns("__pycache__"))
    package = folder / "clicksoap" / "outbox"
    code = (package / "schema.py").read_text("utf-8")
    changed = re.sub(r'^VERSION: Final = "\d+"$', f'VERSION: Final = "{NEXT}"', code, flags=re.MULTILINE)
    assert changed != code
    (package / "schema.py").write_text(changed, "utf-8")
    migration = _MIGRATION.format(version=NEXT, before=schema.VERSION, statement=statement)
    (package / "migrations" / "versions" / f"{NEXT}_added.py").write_text(migration, "utf-8")
    return folder


@contextmanager
def of_version(version: str) -> Iterator[None]:
    """Have this program read an outbox of a version whose tables differ in nothing that it reads."""
    module: Any = schema
    known, module.VERSION = module.VERSION, version
    try:
        yield
    finally:
        module.VERSION = known
