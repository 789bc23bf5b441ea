"""What both transports trust, and through which proxy they go."""

import base64
import functools
import os
import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_auth_from_url

from clicksoap.errors import ConfigurationError
from clicksoap.transports.connections import TimedTLSSocket

FilePath = str | os.PathLike[str]
ClientCert = FilePath | tuple[FilePath, FilePath]


def tls_context(ca: FilePath | None, client_cert: ClientCert | None, user: str) -> ssl.SSLContext:
    """The TLS settings: certificate and host name verified, TLS 1.2 at least.

    Args:
        ca: What to trust instead of the usual.
        client_cert: What to show.
        user: Whose settings they are. urllib3 changes what it is given: once pyOpenSSL was injected into it, it looks
            at host names by itself, and the settings no longer do; so nobody else may have the same ones.

    Raises:
        ConfigurationError: ``ca`` or ``client_cert`` cannot be used; the text names which.
    """
    return _usual_tls_context(user) if ca is None and client_cert is None else _new_tls_context(ca, client_cert)


@functools.cache
def _usual_tls_context(_: str) -> ssl.SSLContext:
    # Reading the bundle takes ten times longer than anything else in a client's construction.
    return _new_tls_context(None, None)


def _new_tls_context(ca: FilePath | None, client_cert: ClientCert | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it verifies certificate and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = TimedTLSSocket
    try:
        bundle = Path(DEFAULT_CA_BUNDLE_PATH if ca is None else ca or "\0")  # "" would be the folder one stands in
        if bundle.is_dir():
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except (OSError, ValueError, TypeError):
        raise ConfigurationError("ca= is no file or folder of certificates in PEM") from None
    if client_cert is not None:
        try:
            certificate, key = (client_cert, None) if isinstance(client_cert, str | os.PathLike) else client_cert
            # A password callback that gives nothing: a protected key fails instead of asking on the terminal.
            context.load_cert_chain(certificate, key, password=lambda: "")
        except (OSError, ValueError, TypeError):
            raise ConfigurationError(
                "client_cert= is no certificate with its unprotected key in PEM: give one path or two"
            ) from None
    return context


def checked_proxy(proxy: object) -> str:
    """A proxy's URL, if it is one.

    Raises:
        ConfigurationError: It is none.
    """
    text = proxy if isinstance(proxy, str) and re.fullmatch(r"[!-~]+", proxy) else ""
    try:
        parts = urlsplit(text)
        "".join(get_auth_from_url(text)).encode("latin-1")  # as Basic credentials have them
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError("proxy= is no URL of a proxy: give http://host:port or https://host:port")
    return text


def proxy_headers(proxy: str) -> dict[str, str]:
    """What tells a proxy the credentials of its URL."""
    user, password = get_auth_from_url(proxy)
    pair = base64.b64encode(f"{user}:{password}".encode("latin-1")).decode("ascii")
    return {"Proxy-Authorization": f"Basic {pair}"} if user else {}
