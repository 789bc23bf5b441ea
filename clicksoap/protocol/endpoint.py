"""Endpoints: the binding and the URL behind what a caller gives as ``endpoint=`` and ``binding=``."""

import ipaddress
import re
from typing import Final, Literal, get_args
from urllib.parse import SplitResult, urlsplit, urlunsplit

from clicksoap.contract import DEFAULT_PATHS, SERVICE_PATHS, VENDOR_ORIGIN, Dialect
from clicksoap.errors import ConfigurationError

BindingName = Literal["document_literal", "rpc_encoded", "http"]
HttpMethod = Literal["POST", "GET"]

_NAMES: Final[tuple[BindingName, ...]] = get_args(BindingName)
_CHOICES: Final = ", ".join(f'"{name}"' for name in _NAMES)
# Also behind a question mark too many.
_WSDL: Final = re.compile(r"(?i)(?:(?:^\?*|\?+)wsdl=?)+$")
_HTTP_PATH: Final = re.compile(r"(.*?)/(?:http|mms|utils|http_batch)/[A-Za-z_]+(?:\.php)?")


def resolve(
    endpoint: str | None, binding: BindingName | None, *, allow_plaintext: bool, default_path: str | None = None
) -> tuple[BindingName, str]:
    """The binding and the URL behind ``endpoint=`` and ``binding=``.

    An origin (``https://host``) gets the path of the binding; a full service URL is taken as it is, without ``?wsdl``,
    which belongs to fetching the WSDL and breaks a POST. A documented path names the binding by itself. For the HTTP
    API the URL is what stands before its paths.

    Args:
        endpoint: What the caller gave, None for the vendor's host.
        binding: What the caller gave.
        allow_plaintext: Whether plain http may leave this machine.
        default_path: The path for an origin, where an in-house WSDL names its own.

    Raises:
        ConfigurationError: The URL is none, is not safe, contradicts the binding, or does not tell it.
    """
    if binding is not None and binding not in _NAMES:
        raise ConfigurationError(f"unknown binding=: give one of {_CHOICES}")
    parts = _split(VENDOR_ORIGIN if endpoint is None else endpoint)
    _check_scheme(parts, allow_plaintext=allow_plaintext)
    known = _known(parts.path)
    if known and binding and known != binding:
        raise ConfigurationError(f"endpoint= is a service of {known}, binding= says {binding}: leave one of them out")
    found = known or binding
    path = parts.path
    if found is None and path in {"", "/"}:
        found = "document_literal"
    if found is None:
        raise ConfigurationError(
            f"endpoint= has an unknown path: give binding=, one of {_CHOICES}, or the origin alone"
        )
    if found == "http":
        api = _HTTP_PATH.fullmatch(path)
        return found, urlunsplit((parts.scheme, parts.netloc, api[1] if api else path.rstrip("/"), "", ""))
    if path in {"", "/"}:
        path = default_path or DEFAULT_PATHS[Dialect(found)]
    query = "&".join(item for each in parts.query.split("&") if (item := _WSDL.sub("", each)))
    return found, urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def _known(path: str) -> BindingName | None:
    """The binding that a documented path belongs to, whatever stands before it."""
    dialect = next((found for suffix, found in SERVICE_PATHS.items() if path.endswith(suffix)), None)
    if dialect is not None:
        return "document_literal" if dialect is Dialect.DOCUMENT_LITERAL else "rpc_encoded"
    return "http" if _HTTP_PATH.fullmatch(path) else None


def _split(endpoint: object) -> SplitResult:
    problem = None
    if not isinstance(endpoint, str) or not re.fullmatch(r"[!-~]*", endpoint):
        problem = "is not a URL in ASCII without blanks"
    else:
        try:
            parts = urlsplit(endpoint)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            problem = "cannot be read as a URL"
        else:
            if not usable:
                problem = "has no host, or is neither http nor https"
            elif "@" in parts.netloc:
                problem = "holds credentials: give user= and password=, and a proxy's own in proxy="
            elif parts.fragment:
                problem = "holds a fragment (#), which no server sees"
            else:
                return parts
    raise ConfigurationError(f"endpoint= {problem}: give an origin such as {VENDOR_ORIGIN} or a service URL")


def _check_scheme(parts: SplitResult, *, allow_plaintext: bool) -> None:
    if parts.scheme == "https" or allow_plaintext or is_loopback(parts.hostname or ""):
        return
    raise ConfigurationError(
        "endpoint= is plain http, and every machine on the way can read password and messages: "
        "use https, or allow_plaintext=True"
    )


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
