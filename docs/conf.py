"""The documentation site: Sphinx reads the Markdown pages as they stand; `make docs` builds it.

The source folder is the root of the project, so that a link from a page to README.md or to a file of the code is the
same in a repository browser and on the site.
"""

import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.nodes import make_refnode

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from clicksoap import __version__  # noqa: E402 - the sources beside this file, not an installed package

PACKAGES = ("clicksoap", "clicksoap.outbox", "clicksoap.callbacks", "clicksoap.testing", "clicksoap.simulator")
FOREIGN = {"requests", "sqlalchemy"}

project = "clicksoap"
author = "The clicksoap authors"
release = version = __version__
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "docs/**.md",
    "wsdl/README.md",
    "benchmarks/README.md",
    "tests/README.md",
    "tests/fuzzing/README.md",
]
exclude_patterns = ["PACKAGE.md", "docs/_build", ".*"]  # PACKAGE.md is for package indexes alone

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 4
suppress_warnings = ["myst.xref_ambiguous"]
linkcheck_ignore = [r"http://(127\.0\.0\.1|localhost)"]

# Docstrings: Google's style; `name` in single backticks links to the name if the site has it.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# Members of these classes are not repeated under each of their children.
_PARENTS = "ClicksoapError,BaseException,Exception,object,int,str,tuple,dict,Enum,StrEnum,IntEnum,IntFlag,Sequence"
autodoc_default_options = {"members": True, "inherited-members": _PARENTS}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"clicksoap {version}"
html_extra_path = ["site"]  # index.html at the top leads to the start page
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_show_sphinx = False
html_copy_source = False


def add_toctrees(_app: Sphinx, name: str, content: list[str]) -> None:
    """Make the navigation from the lists of links of the start page: one part for each heading.

    In a repository browser, the start page is then plain Markdown without a directive.
    """
    if name != root_doc:
        return
    _, *sections = re.split(r"^## (.+)$", content[0], flags=re.MULTILINE)
    for caption, text in zip(sections[::2], sections[1::2], strict=True):
        links = re.findall(r"^- \[([^\]]+)\]\(([^)#]+)\.md\)", text, re.MULTILINE)
        entries = "\n".join(f"{title[0].upper()}{title[1:]} <{target}>" for title, target in links)
        content[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"


def join_sentences(_app: Sphinx, what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Undo napoleon's reading of "sentence: sentence" as "type: description"; types stand in the annotations."""
    field = ":rtype:" if what != "property" else ":type:"
    place = next((index for index, line in enumerate(lines) if line.startswith(field)), None)
    first = next((index for index, line in enumerate(lines) if line.startswith(":returns:")), 0)
    if place is not None:
        begun = lines.pop(place).removeprefix(field).strip()
        head, mark, rest = lines[first].rpartition(":returns: ") if what != "property" else ("", "", lines[first])
        lines[first] = f"{head}{mark}{begun}: {rest.strip()}"


def public_name(app: Sphinx, _environment: object, node: pending_xref, content: nodes.TextElement) -> nodes.Node | None:
    """Find what a reference means: a type in the module of its own, or an attribute of a documented class."""
    target, domain = str(node.get("reftarget", "")), app.env.domains.python_domain
    for name in (target, target.rpartition(".")[0]):
        for package in PACKAGES:
            full = f"{package}.{name.rpartition('.')[2]}"
            if name and full in domain.objects:
                page, anchor, *_ = domain.objects[full]
                return make_refnode(app.builder, str(node["refdoc"]), page, anchor, content, full)
    # A type that is not exported, or of another library, has no page; what a text names has to exist.
    is_type = node.get("reftype") == "class" or target.partition(".")[0] in {*sys.stdlib_module_names, *FOREIGN}
    return content if is_type else None


def setup(app: Sphinx) -> None:
    """Register the hooks of this file."""
    app.connect("source-read", add_toctrees)
    app.connect("autodoc-process-docstring", join_sentences, priority=900)  # after napoleon
    app.connect("missing-reference", public_name)
