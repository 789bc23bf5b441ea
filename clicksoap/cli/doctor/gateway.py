"""Checks of the gateway: WSDL, login, balance, coverage, sender."""

from pathlib import Path
from typing import Final

from clicksoap.cli.doctor.examination import Examination
from clicksoap.cli.doctor.results import Result, failure, passed, skipped, warned
from clicksoap.cli.doctor.wsdl_difference import differences
from clicksoap.cli.exit_codes import CREDIT, REJECTED, USAGE, code_of
from clicksoap.cli.explanations import ERRORS
from clicksoap.contract import ORIGINAL_RPC_PATH, Dialect, wsdl
from clicksoap.errors import ClicksoapError, GatewayError, InvalidInput
from clicksoap.options import Options

_MAX_DIFFERENCES: Final = 20


def settings(examination: Examination) -> Result:
    """Read the settings."""
    try:
        examination.read_settings()
    except ClicksoapError as error:
        return failure(
            str(error), "Without these settings, nothing can be sent.", "Run clicksoap config init, or show.", USAGE
        )
    configuration = examination.account.configuration()
    return passed(f"profile {configuration.profile}, {examination.binding} at {examination.url}")


def same_wsdl(examination: Examination) -> Result:
    """Compare the server's WSDL with the one in use."""
    if examination.binding == "http" or examination.reply is None:
        return skipped("the HTTP API has no WSDL")
    in_house = examination.options.get("wsdl")
    if in_house is None:
        expected = wsdl(Dialect(examination.binding))
    else:
        expected = in_house if isinstance(in_house, bytes) else Path(in_house).read_bytes()
    if examination.to.path.endswith(ORIGINAL_RPC_PATH):
        expected = expected.replace(b'name="msg_callback"', b'name="callback"')  # as the client sends it there
    try:
        found = differences(expected, examination.reply.body)
    except ValueError as error:
        return warned(str(error), "Other SOAP clients cannot load it.", "Tell those who run the server.")
    if not found:
        return passed("the server's WSDL says the same as the one in use")
    more = len(found) - _MAX_DIFFERENCES
    details = (*found[:_MAX_DIFFERENCES], *((f"and {more} more",) if more > 0 else ()))
    return warned(
        f"the server's WSDL differs in {len(found)} lines (- here, + there)",
        "The server may want other parameters, or in another order.",
        "For an in-house gateway, save its WSDL and set wsdl to the file.",
        details,
    )


def login(examination: Examination) -> Result:
    """Log in."""
    try:
        examination.client.authenticate()
    except ClicksoapError as error:
        return _refused(error, "The gateway does not take the credentials.")
    return passed("the gateway takes the credentials")


def balance(examination: Examination) -> Result:
    """Ask for the credits that are left."""
    try:
        found = examination.client.balance()
    except ClicksoapError as error:
        return _refused(error, "The credits cannot be asked for.")
    if found <= 0:
        return failure(f"{found} credits", "The gateway refuses every message (301).", "Buy credits.", CREDIT)
    return passed(f"{found} credits")


def coverage(examination: Examination) -> Result:
    """Ask whether the number is routed."""
    if examination.number is None:
        return skipped("no number: give --number")
    try:
        found = examination.client.coverage(examination.number)
    except ClicksoapError as error:
        return _refused(error, "The number cannot be asked for.")
    if not found.routed:
        return failure(
            "the number is not routed",
            "Messages to it would be refused (114).",
            "Check the country code, or ask the vendor for a route.",
            REJECTED,
        )
    return passed(f"routed, from {found.charge} credits" if found.charge is not None else "routed")


def sender(examination: Examination) -> Result:
    """Check the form of the sender."""
    given = examination.sender
    if given is None:
        return skipped("no sender: give --sender")
    try:
        Options.of(sender=given)
    except InvalidInput as error:
        return failure(str(error), "The gateway refuses such a sender (106).", "Give another one.", REJECTED)
    return passed("the form is valid; only a send shows if it is registered (123)")


def _refused(error: ClicksoapError, meaning: str) -> Result:
    about = ERRORS.get(error.code or "") if isinstance(error, GatewayError) else None
    if about is None:
        return failure(
            str(error), meaning, "Try again later; the checks above say how far the way is open.", code_of(error)
        )
    return failure(str(error), about.causes[0], about.mends[0], code_of(error))
