"""Check of the address of a receiver of callbacks, as far as it can be reached from this machine."""

from typing import Final
from urllib.parse import urlsplit

from clicksoap.cli.doctor.examination import Examination
from clicksoap.cli.doctor.network import fetched
from clicksoap.cli.doctor.results import Result, failure, passed, skipped, warned
from clicksoap.cli.exit_codes import FAILED, USAGE
from clicksoap.errors import ClicksoapError
from clicksoap.protocol.endpoint import is_loopback

_OK_STATUS: Final = 200


def callback(examination: Examination) -> Result:
    """Call the address without parameters, as the vendor's portal does before it accepts an address."""
    url = examination.callback
    if url is None:
        return skipped("no address: give --callback")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii() or " " in url:
        return failure("not a URL", "The gateway calls http and https addresses.", "Give http://… or https://….", USAGE)
    try:
        reply = fetched(examination, url, is_direct=True)
    except ClicksoapError as error:
        return failure(
            str(error),
            "The receiver does not run, or this machine does not reach it.",
            "Start it: docs/how-to/receive.md. Then try again from another network.",
            FAILED,
        )
    if reply.status != _OK_STATUS:
        return failure(
            f"HTTP {reply.status}",
            "The vendor's portal calls the address without parameters, and accepts it only with status 200.",
            "Compare the path and the login of the receiver.",
            FAILED,
        )
    if is_loopback(parts.hostname):
        return warned(
            "HTTP 200, from this machine",
            "A loopback address is not reachable from the gateway.",
            "Register the public address.",
        )
    return passed("HTTP 200 from here; the gateway calls from its own network")
