"""Pages out of templates, with the headers that keep them to themselves."""

import importlib.resources
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from clicksoap.simulator.inbox import envelopes, hexadecimal, phone, udh, words

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    # Not no-referrer: with that, browsers say Origin: null of our own forms, which looks like a page of another site.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
"""What every page is sent with."""


def page(template: str, status: int = 200, /, **values: object) -> Response:
    """A page.

    Args:
        template: The name of its template, without the ending.
        status: The HTTP status.
        **values: What the template shows.
    """
    content = _environment.get_template(f"{template}.html").render(values)
    # Half of a pair of surrogates is no text, and yet must not keep a page from being shown.
    return Response(content.encode("utf-8", "replace"), status, HEADERS, "text/html; charset=utf-8")


def fragment(macro: str, *values: object) -> str:
    """A piece of a page: what one of the macros in ``rows.html`` makes of some values."""
    made: object = getattr(_environment.get_template("rows.html").module, macro)(*values)
    return str(made)


def _source(name: str) -> str:
    return importlib.resources.files("clicksoap.simulator.inbox").joinpath("templates", name).read_text("utf-8")


def _moment(at: datetime, *, with_date: bool = False) -> Markup:
    """A moment in the local time of this machine; the browser puts its own in that place."""
    local = at.astimezone()
    shown = local.strftime("%Y-%m-%d %H:%M:%S" if with_date else "%H:%M:%S")
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC"{}>{}</time>').format(
        utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        Markup(" data-date") if with_date else "",
        shown,
    )


def _plain(amount: Decimal) -> str:
    """An amount without needless zeros, and never with an exponent."""
    plain = f"{amount:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _query(**values: object) -> str:
    """The values that say something, as a query."""
    said = {name: str(value) for name, value in values.items() if value not in {None, ""}}
    return f"?{urlencode(said, errors='replace')}" if said else ""


def _prepared() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    filters: dict[str, Any] = environment.filters
    filters |= {
        "moment": _moment,
        "plain": _plain,
        "laid_out": envelopes.laid_out,
        "fields": envelopes.fields,
        "dump": hexadecimal.dump,
        "elements": udh.elements,
        "shown": phone.shown,
        "label": phone.label_of,
    }
    names: dict[str, Any] = environment.globals
    names |= {
        "query": _query,
        "statuses": words.ALL,
        "services": words.SERVICES,
        "result_of": words.result_of,
    }
    return environment


_environment: Final = _prepared()
