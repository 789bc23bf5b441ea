"""Checks of the network: name, connection, proxy, certificate, the server's answer, its clock."""

import http.client
import os
import socket
import ssl
import time
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import Final

from clicksoap.cli.doctor.examination import TIMEOUT, Examination
from clicksoap.cli.doctor.results import Result, failure, passed, skipped, warned
from clicksoap.cli.exit_codes import FAILED, NOT_SENT
from clicksoap.errors import ClicksoapError
from clicksoap.protocol.wire import WireReply, WireRequest
from clicksoap.transports.outgoing import port_of
from clicksoap.transports.sockets import SocketTransport
from clicksoap.transports.tls import proxy_headers, tls_context

_FEW_DAYS: Final = 14
_DAY: Final = 86400
_MAX_DRIFT: Final = 60
_OK_STATUS: Final = 200
_EXPIRED, _WRONG_HOST = 10, 62  # X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_HOSTNAME_MISMATCH of OpenSSL
_VARIABLES: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


def dns(examination: Examination) -> Result:
    """Look up the name of the first machine on the way."""
    host, port = examination.first_host
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return failure(
            f"{host} has no address: {error.strerror}",
            "The name is misspelt, or this machine cannot look up names.",
            "Compare the endpoint (clicksoap config show), and try another program with the same name.",
            NOT_SENT,
        )
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    return passed(f"{host} is {', '.join(addresses)}")


def tcp(examination: Examination) -> Result:
    """Connect to the first machine on the way."""
    host, port = examination.first_host
    started = time.monotonic()
    try:
        socket.create_connection((host, port), timeout=TIMEOUT.connect).close()
    except OSError as error:
        reason = "the time ran out" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
        return failure(
            f"{host} port {port}: {reason}",
            "Nothing listens there, or a firewall drops the connection.",
            "Check the port of the endpoint. If only a proxy leads out of this network, set proxy.",
            NOT_SENT,
        )
    return passed(f"{host} port {port} answers after {_ms(started)} ms")


def proxy(examination: Examination) -> Result:
    """Ask the proxy for a tunnel, or say that none is used."""
    if examination.proxy is None:
        variables = [each for each in _VARIABLES if os.environ.get(each)]
        if variables:
            return warned(
                f"none is set, though {variables[0]} is",
                "clicksoap reads no proxy from such variables.",
                "If the gateway is reached through a proxy alone, set CLICKSOAP_PROXY.",
            )
        return passed("none is used")
    if examination.proxy.scheme == "https":
        return skipped("the proxy speaks TLS; the check of the server uses it")
    if examination.to.scheme != "https":
        return passed("used without a tunnel, because the endpoint is plain http")
    try:
        connection = _tunnel(examination)
        with closing(connection):
            connection.connect()
    except (OSError, http.client.HTTPException) as error:
        return failure(
            f"it makes no tunnel: {error}",
            "The proxy refuses the gateway's address, or asks for a login.",
            "Put user and password into the URL of proxy, or ask for an exception for the gateway.",
            NOT_SENT,
        )
    return passed(f"{examination.proxy.hostname} makes a tunnel")


def tls(examination: Examination) -> Result:
    """Make a TLS connection, and count the days that the certificate has left."""
    to = examination.to
    if to.scheme != "https":
        return skipped("the endpoint is plain http")
    if examination.proxy is not None and examination.proxy.scheme == "https":
        return skipped("the proxy speaks TLS; the check of the server uses it")
    try:
        context = tls_context(examination.options.get("ca"), examination.options.get("client_cert"))
        with closing(_tunnel(examination)) as connection:
            connection.connect()
            with context.wrap_socket(connection.sock, server_hostname=to.hostname) as secured:
                certificate = secured.getpeercert() or {}
                version = secured.version()
    except ssl.SSLCertVerificationError as error:
        return _untrusted(error, to.hostname or "")
    except (OSError, http.client.HTTPException, ClicksoapError) as error:
        return failure(
            f"no TLS connection: {getattr(error, 'reason', None) or error}",
            "The server speaks no TLS at this port, or none from 1.2 on.",
            "Compare the endpoint's scheme and port.",
            NOT_SENT,
        )
    seconds = ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()
    days = int(seconds // _DAY)
    finding = f"{version}, the certificate has {days} days left"
    if days < _FEW_DAYS:
        return warned(finding, "After that day, nothing can be sent.", "Have the server's certificate renewed.")
    return passed(finding)


def server(examination: Examination) -> Result:
    """Fetch the WSDL, or the ping of the HTTP API."""
    is_http = examination.binding == "http"
    url = examination.url if is_http else f"{examination.url}?wsdl"
    try:
        examination.reply = fetched(examination, url)
    except ClicksoapError as error:
        return failure(
            str(error), "The server gives no HTTP answer.", "Compare the endpoint's scheme and port.", NOT_SENT
        )
    reply = examination.reply
    kind = reply.headers.get("content-type", "no type")
    finding = f"HTTP {reply.status}, {kind}, {len(reply.body)} bytes"
    if is_http or (reply.status == _OK_STATUS and b"definitions" in reply.body):
        return passed(finding)
    return failure(
        f"{url} gives {finding}, and no WSDL",
        "An HTTP server answers there, but it is not the SOAP service of the gateway.",
        "Compare the path of the endpoint: clicksoap config show. The origin alone is enough.",
        FAILED,
    )


def clock(examination: Examination) -> Result:
    """Compare this machine's clock with the Date of the server's answer."""
    date = examination.reply.headers.get("date") if examination.reply is not None else None
    if date is None:
        return skipped("the server's answer has no Date")
    try:
        drift = time.time() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return skipped("the server's Date cannot be read")
    if abs(drift) <= _MAX_DRIFT:
        return passed(f"within {_MAX_DRIFT} seconds of the server's")
    return warned(
        f"{abs(round(drift))} seconds {'ahead of' if drift > 0 else 'behind'} the server's",
        "Times of delivery are wrong by as much, and certificates may seem expired.",
        "Switch on time synchronization, such as NTP.",
    )


def fetched(examination: Examination, url: str, *, is_direct: bool = False) -> WireReply:
    """The answer to a GET, on the way that the settings describe.

    Raises:
        ClicksoapError: There is none.
    """
    options = examination.options
    transport = SocketTransport(
        headers={},
        proxy=None if is_direct else options.get("proxy"),
        ca=None if is_direct else options.get("ca"),
        client_cert=None if is_direct else options.get("client_cert"),
    )
    try:
        return transport.send(WireRequest("GET", url, {}, b""), TIMEOUT, time.monotonic() + TIMEOUT.total)
    finally:
        transport.close()


def _tunnel(examination: Examination) -> http.client.HTTPConnection:
    """A connection to the gateway without TLS of its own, through the proxy if there is one."""
    host, port = examination.first_host
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT.read)
    if examination.proxy is not None:
        to = examination.to
        connection.set_tunnel(to.hostname or "", port_of(to), proxy_headers(examination.options.get("proxy") or ""))
    return connection


def _untrusted(error: ssl.SSLCertVerificationError, host: str) -> Result:
    finding = f"the certificate is refused: {error.verify_message}"
    if error.verify_code == _EXPIRED:
        return failure(
            finding,
            "The certificate of the server has expired, or the clock of this machine is wrong.",
            "Have it renewed. Compare the date of this machine.",
            NOT_SENT,
        )
    if error.verify_code == _WRONG_HOST:
        return failure(
            finding,
            f"The certificate is for another name than {host}.",
            "Use the name of the certificate in the endpoint.",
            NOT_SENT,
        )
    return failure(
        finding,
        "The certificate is signed by an authority that this machine does not trust, such as that of a company.",
        "Set ca to the file of that authority.",
        NOT_SENT,
    )


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
