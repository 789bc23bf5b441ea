"""Where the gateway is and which dialect is spoken there."""

import ipaddress
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

from clicksoap.contract import DEFAULT_PATHS, SERVICE_PATHS, VENDOR_ORIGIN, Dialect
from clicksoap.errors import ConfigurationError

BindingName = Literal["document_literal", "rpc_encoded"]

_NAMES: Final = " or ".join(f'"{dialect}"' for dialect in Dialect)


def resolve(
    endpoint: str | None, binding: BindingName | Dialect | None, *, allow_plaintext: bool
) -> tuple[Dialect, str]:
    """The dialect and the service URL behind ``endpoint=`` and ``binding=``.

    An origin (``https://host``) gets the path of the binding; a full service URL is taken as it is, without ``?wsdl``,
    which belongs to fetching the WSDL and breaks a POST. A documented path names the dialect by itself.

    Raises:
        ConfigurationError: The URL is none, is not safe, contradicts the binding, or does not tell the dialect.
    """
    asked = _dialect(binding)
    parts = _split(VENDOR_ORIGIN if endpoint is None else endpoint)
    _check_scheme(parts, allow_plaintext=allow_plaintext)
    path = parts.path
    if path in {"", "/"}:
        dialect = asked or Dialect.DOCUMENT_LITERAL
        path = DEFAULT_PATHS[dialect]
    else:
        known = next((found for suffix, found in SERVICE_PATHS.items() if path.endswith(suffix)), None)
        if known and asked and known is not asked:
            raise ConfigurationError(f"endpoint= is a service of {known}, binding= says {asked}: leave one of them out")
        found = known or asked
        if found is None:
            raise ConfigurationError(f"endpoint= has an unknown path: say binding={_NAMES}, or give the origin alone")
        dialect = found
    query = "&".join(item for item in parts.query.split("&") if item.lower() not in {"wsdl", "wsdl="} and item)
    return dialect, urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def _dialect(binding: str | None) -> Dialect | None:
    if binding is None:
        return None
    try:
        return Dialect(binding)
    except ValueError:
        raise ConfigurationError(f"binding= is none that exists: give {_NAMES}") from None


def _split(endpoint: object) -> SplitResult:
    problem = None
    if not isinstance(endpoint, str) or endpoint != endpoint.strip() or not endpoint.isascii():
        problem = "is no URL in ASCII"
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
    if parts.scheme == "https" or allow_plaintext or _is_loopback(parts.hostname or ""):
        return
    raise ConfigurationError(
        "endpoint= is plain http, which shows password and messages to every machine on the way: "
        "use https, or say allow_plaintext=True"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
