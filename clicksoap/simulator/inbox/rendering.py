"""Rendering of pages from templates, with security headers."""

import importlib.resources
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from clicksoap.simulator.inbox import callback_form, hex_dump, labels, marking, phone, pretty_print, reveal, udh

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    # Not no-referrer: browsers would send Origin: null with our own forms, as with a page of another site.
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
"""The HTTP headers of every page."""


def page(template: str, status: int = 200, /, **values: object) -> Response:
    """Render a page.

    Args:
        template: The name of its template, without ``.html``.
        status: The HTTP status.
        **values: The variables of the template.
    """
    content = _environment.get_template(f"{template}.html").render(values)
    # Half of a surrogate pair cannot be encoded; the page is still shown.
    return Response(content.encode("utf-8", "replace"), status, HEADERS, "text/html; charset=utf-8")


def fragment(macro: str, *values: object) -> str:
    """Render a part of a page with a macro of ``rows.html``."""
    made: object = getattr(_environment.get_template("rows.html").module, macro)(*values)
    return str(made)


def _source(name: str) -> str:
    return importlib.resources.files("clicksoap.simulator.inbox").joinpath("templates", name).read_text("utf-8")


def _time_element(at: datetime, *, with_date: bool = False) -> Markup:
    """A time element in the local time of this machine; the script replaces it by the browser's time."""
    local = at.astimezone()
    shown = local.strftime("%Y-%m-%d %H:%M:%S" if with_date else "%H:%M:%S")
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC"{}>{}</time>').format(
        utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        Markup(" data-date") if with_date else "",
        shown,
    )


def _amount(amount: Decimal) -> str:
    """An amount without trailing zeros and without an exponent."""
    plain = f"{amount:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _query(**values: object) -> str:
    """A URL query of the values that are neither None nor empty."""
    given = {name: str(value) for name, value in values.items() if value not in {None, ""}}
    return f"?{urlencode(given, errors='replace')}" if given else ""


def _build_environment() -> Environment:
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
        "time_element": _time_element,
        "amount": _amount,
        "indented": pretty_print.indented,
        "decoded_fields": pretty_print.decoded_fields,
        "hex_dump": hex_dump.hex_dump,
        "without_query": callback_form.without_query,
        "revealed": reveal.revealed,
        "marked": marking.marked,
        "udh_elements": udh.udh_elements,
        "phone_display": phone.phone_display,
        "label": phone.display_label,
    }
    names: dict[str, Any] = environment.globals
    names |= {
        "query": _query,
        "status_labels": labels.STATUS_LABELS,
        "service_names": labels.SERVICE_NAMES,
        "exchange_result": labels.exchange_result,
        "answer_mishap": labels.answer_mishap,
        "is_refused_field": marking.is_refused_field,
        "is_refused_path": marking.is_refused_path,
    }
    return environment


_environment: Final = _build_environment()
