"""TLS settings and proxy URLs, the same for both transports."""

import base64
import functools
import os
import re
import ssl
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

import certifi  # comes with requests

from clicksoap.errors import ConfigurationError
from clicksoap.protocol.wire import ClientCert, FilePath


def tls_context(ca: FilePath | None, client_cert: ClientCert | None) -> ssl.SSLContext:
    """The TLS settings: certificate and host name verified, TLS 1.2 at least.

    Args:
        ca: The CA bundle (or folder) to trust instead of certifi's.
        client_cert: The client's own certificate.

    Raises:
        ConfigurationError: ``ca`` or ``client_cert`` cannot be used; the text names which.
    """
    if ca is None and client_cert is None:
        return _default_context()
    return _new_tls_context(ca, client_cert)


@functools.cache
def _default_context() -> ssl.SSLContext:
    """The settings of most clients: reading the bundle takes ten times longer than anything else in a construction."""
    return _new_tls_context(None, None)


def _new_tls_context(ca: FilePath | None, client_cert: ClientCert | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it verifies certificate and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        bundle = Path(certifi.where() if ca is None else ca or "\0")  # "" would be the folder one stands in
        if bundle.is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except (OSError, ValueError, TypeError):
        if ca is None:  # the reason is the machine's, such as too many open files
            raise
        raise ConfigurationError("ca= is not usable: give a file or folder of certificates in PEM") from None
    if client_cert is not None:
        try:
            certificate, key = (client_cert, None) if isinstance(client_cert, str | os.PathLike) else client_cert
            # A password callback that gives nothing: a protected key fails instead of asking on the terminal.
            context.load_cert_chain(certificate, key, password=lambda: "")
        except (OSError, ValueError, TypeError):
            raise ConfigurationError(
                "client_cert= is not usable: give one path or two, of a certificate and its unprotected key in PEM"
            ) from None
    return context


def checked_proxy(proxy: object) -> str:
    """Check the URL of a proxy.

    Raises:
        ConfigurationError: It is none.
    """
    text = proxy if isinstance(proxy, str) and re.fullmatch(r"[!-~]+", proxy) else ""
    try:
        parts = urlsplit(text)
        "".join(_proxy_credentials(parts)).encode("latin-1")  # as Basic credentials have them
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError("proxy= is not the URL of a proxy: give http://host:port or https://host:port")
    return text


def proxy_headers(proxy: str) -> dict[str, str]:
    """The headers that carry the credentials of a proxy's URL."""
    user, password = _proxy_credentials(urlsplit(proxy))
    pair = base64.b64encode(f"{user}:{password}".encode("latin-1")).decode("ascii")
    return {"Proxy-Authorization": f"Basic {pair}"} if user else {}


def _proxy_credentials(proxy: SplitResult) -> tuple[str, str]:
    """User and password of a proxy's URL; both are empty unless both are given, as requests has it."""
    if proxy.username is None or proxy.password is None:
        return "", ""
    return unquote(proxy.username), unquote(proxy.password)
