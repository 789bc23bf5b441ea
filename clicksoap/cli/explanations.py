"""Explanations of the gateway's error codes and message statuses: likely causes, and what mends them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of one code.

    Attributes:
        causes: Likely causes, the likeliest first.
        mends: What to do about it.
    """

    causes: tuple[str, ...]
    mends: tuple[str, ...]


_DOCTOR: Final = "Run clicksoap doctor."

ERRORS: Final[dict[str, Explanation]] = {
    "001": Explanation(
        (
            "User, password and API id do not belong together. The gateway says 001 for any of the three.",
            "The password was changed in the vendor's portal, and not here.",
            "The variable or file of the password holds blanks around it.",
        ),
        ("Run clicksoap config show: it says where each value comes from.", "Log in to the portal with the same user."),
    ),
    "002": Explanation(
        ("The user does not exist, or the password is wrong. Newer gateways say 001 instead.",),
        ("Check user and password in the vendor's portal.",),
    ),
    "003": Explanation(
        (
            "A session dies after 15 minutes without a call.",
            "Another program uses the session id of an earlier login.",
        ),
        ("Nothing, with clicksoap: it logs in again by itself.", "In a program of your own, log in once and repeat."),
    ),
    "004": Explanation(
        ("The vendor froze the account, for example for an unpaid bill or for complaints about messages.",),
        ("Ask the vendor's support. Nothing can be sent until then.",),
    ),
    "005": Explanation(
        ("The request carries neither a session id nor user and password.", "The parameter's name is misspelt."),
        ("Log in first (auth), or send api_id, user and password.", "Names are case-sensitive: session_id."),
    ),
    "007": Explanation(
        (
            "The API id takes requests from some addresses only, and yours is not in the list.",
            "The outgoing address of this machine changed, for example behind a new proxy.",
        ),
        (
            "Add the address to the API id in the portal, or switch the lock off.",
            "Send through the machine in the list.",
        ),
    ),
    "100": Explanation(
        ("The gateway could not read the XML or JSON of the request.",),
        ("Print the request: clicksoap envelope.", "Check the encoding that the first line of the XML names."),
    ),
    "101": Explanation(
        (
            "A required parameter is missing or empty.",
            "A name is misspelt: parameter names are case-sensitive.",
            "A value is out of its range, or there are more recipients than the gateway takes in one request.",
        ),
        ("Let the simulator read the request: clicksoap explain request.xml.",),
    ),
    "102": Explanation(
        ("udh is not hexadecimal, or its first octet is not the length of the rest.",),
        ("Give an even number of hexadecimal digits, beginning with the length.",),
    ),
    "103": Explanation(
        ("The gateway does not know this message id.", "It forgets the status after 6 days, the charge after 15."),
        ("Compare the 32 digits with those of the answer to the send.", "Ask with the account that sent the message."),
    ),
    "104": Explanation(
        (
            "No request with this client message id arrived.",
            "A request that was lost on its way may still arrive: a denial proves nothing in the first minute.",
        ),
        ("After a lost answer, ask again a minute later. Only then may the message be sent again.",),
    ),
    "105": Explanation(
        (
            "The number is not in international form: it begins with 0 or 00, or has no country code.",
            "It is too short or too long, or holds other characters than digits.",
        ),
        ("Write +27821234567 or 27821234567.", 'For national numbers, set region, such as region = "ZA".'),
    ),
    "106": Explanation(
        (
            "The sender is longer than 16 digits or 11 characters, or holds characters that are not allowed.",
            "A name does not go with 8-bit messages.",
        ),
        ("Give digits in international form, or a name of up to 11 letters and digits.",),
    ),
    "107": Explanation(
        ("The text is empty, perhaps after a template was filled in.",),
        ("Give a text.",),
    ),
    "108": Explanation(
        ("api_id is missing, is not a number, or belongs to another account.", "The API id is of another kind of API."),
        ("Copy the API id from the portal: the one of the SOAP or HTTP API.",),
    ),
    "109": Explanation(
        ("A status or a stop was asked for without an id.",),
        ("Give the gateway's message id (apimsgid) or your own (climsgid).",),
    ),
    "110": Explanation(
        ("A message by email could not be read. Only the gateway's email interface says so.",),
        ("Check the form of the email.",),
    ),
    "111": Explanation(
        ("The request came over an interface that the API id is not for.",),
        ("Use an API id of this interface.",),
    ),
    "112": Explanation(
        ("msg_type is not one of the documented words. They are case-sensitive.",),
        ("Give SMS_TEXT, SMS_FLASH or another documented word, or leave it out.",),
    ),
    "113": Explanation(
        (
            "The text needs more parts than concat allows. Without concat, some accounts allow one.",
            "One character outside of the GSM alphabet makes 70 characters of 160.",
        ),
        ("Count it: clicksoap segments TEXT.", "Raise --max-parts, shorten the text, or use --plain."),
    ),
    "114": Explanation(
        (
            "No route leads to the network of this number.",
            "No route has a feature that the message asks for, such as a name as the sender.",
        ),
        ("Ask: clicksoap coverage NUMBER.", "Leave out the sender or the features, or ask the vendor for a route."),
    ),
    "115": Explanation(
        ("The message waited for longer than its validity.",),
        ("Raise --validity. For large batches the vendor advises 4 hours or more.",),
    ),
    "116": Explanation(
        ("unicode=1 is set, and the text is not hexadecimal UTF-16BE with four digits for each unit.",),
        (
            "Give plain text to clicksoap: it encodes by itself.",
            "In a program of your own, encode as UTF-16BE without BOM.",
        ),
    ),
    "120": Explanation(
        ("The time of delivery is past, or more than 7 days ahead.", "The clock of this machine is wrong."),
        ("Give a time within 7 days.", _DOCTOR),
    ),
    "121": Explanation(
        ("The number is on a list of blocked numbers.",),
        ("Take it out of your list of recipients, or ask the vendor's support.",),
    ),
    "122": Explanation(
        ("The person answered STOP, END, CANCEL, UNSUBSCRIBE or QUIT.",),
        ("Take the number out of your list of recipients. Sending on is illegal in many countries.",),
    ),
    "123": Explanation(
        ("The sender is not registered with the account, or not approved yet.",),
        ("Register it in the portal, or send without --sender.",),
    ),
    "128": Explanation(
        ("The number was delisted: messages to it are not accepted any more.",),
        ("Take it out of your list of recipients.",),
    ),
    "130": Explanation(
        ("The account sent as many messages as it may. The answer ends in the time until which it waits.",),
        ("Wait until that time, then send to the rest.", "Ask the vendor for a higher limit."),
    ),
    "201": Explanation(
        ("The batch does not exist, was closed, or is older than 24 hours.",),
        ("Start a new batch.",),
    ),
    "202": Explanation(
        ("startbatch came without a template.",),
        ("Give a template with #field1#, #field2# and so on.",),
    ),
    "301": Explanation(
        ("The account has too little credit for this message.", "Expensive networks and several parts cost more."),
        ("Ask: clicksoap balance. Buy credits, then send to those that are not_sent.",),
    ),
    "302": Explanation(
        ("The message costs more than max_credits allows.",),
        ("Raise --max-credits, or leave it out.",),
    ),
    "901": Explanation(
        ("The gateway had an internal error. It does not say what it did before.",),
        ("Ask whether the message arrived: clicksoap status --client-id ID. Then repeat it.",),
    ),
}
"""The explanation of each error code."""

_WAIT: Final = "Wait: clicksoap status --wait 60s ID."

STATUSES: Final[dict[str, Explanation]] = {
    "001": Explanation(
        ("The gateway does not know the id, or its report is late.", "The message is older than 6 days."),
        ("Compare the id, and ask again later. This status proves nothing.",),
    ),
    "002": Explanation(("A network did not take the message, and the gateway tries again.",), (_WAIT,)),
    "003": Explanation(
        ("The message is with the network. The phone may be off or out of reach.",),
        (_WAIT, "Some networks never report more than this."),
    ),
    "004": Explanation(("The message is on the phone.",), ("Nothing.",)),
    "005": Explanation(
        ("The content was refused, for example octets in a text, or a feature that the network lacks.",),
        ("Send plain text, without flash, header or special sender.",),
    ),
    "006": Explanation(("You or the vendor's staff stopped the message.",), ("Send it again if it was a mistake.",)),
    "007": Explanation(
        ("The phone was off for too long, is full, or the number does not exist.",),
        ("Check the number. Send again at another time.",),
    ),
    "008": Explanation(("The gateway accepted the message and handles it now.",), (_WAIT,)),
    "009": Explanation(
        ("No route leads to the network.", "max_credits was lower than the price of every route."),
        ("Ask: clicksoap coverage NUMBER.", "Raise --max-credits, or leave it out."),
    ),
    "010": Explanation(
        ("The message waited in the gateway for longer than its validity. It costs nothing.",),
        ("Raise --validity, and send it again.",),
    ),
    "011": Explanation(
        ("The message waits for the time that the send named.",),
        ("Wait, or stop it: clicksoap stop ID.",),
    ),
    "012": Explanation(
        ("The credit was used up before the message went on.",),
        ("Ask: clicksoap balance. Buy credits, and send it again.",),
    ),
    "014": Explanation(
        ("The account sent as many messages as it may.",),
        ("Send it again later, or ask the vendor for a higher limit.",),
    ),
}
"""The explanation of each message status."""
