"""What every contender sends: the same text, to the same numbers, within the same session."""

import uuid
from typing import Final

API_ID: Final = 123456
USER: Final = "acme"
PASSWORD: Final = "loopback only"  # noqa: S105 - of no account
SESSION: Final = "5f8a1f3e2d4c6b7a8091a2b3c4d5e6f7"
"""What the canned server gives as session id; who does not log in sends it all the same."""

TEXT: Final = "Your parcel is at the door & waits for you until 18:00"
SIZES: Final = (1, 10, 300)

DOCUMENT: Final = "document_literal"
RPC: Final = "rpc_encoded"
HTTP: Final = "http"
BINDINGS: Final = (DOCUMENT, RPC, HTTP)

PATHS: Final = {
    DOCUMENT: "/soap/document_literal/webservice",
    RPC: "/soap/webservice_vs.php",
    HTTP: "/http/sendmsg",
}
NAMESPACES: Final = {
    DOCUMENT: "http://api.clickatell.com/soap/document_literal/webservice",
    RPC: "http://api.clickatell.com/soap/webservice",
}
ACTIONS: Final = {
    DOCUMENT: "http://api.clickatell.com/soap/document_literal/webservice/sendmsg",
    RPC: "http://api.clickatell.com/soap/webservice_vs.php/sendmsg",
}
ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING: Final = "http://schemas.xmlsoap.org/soap/encoding/"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

# The parts of RPC/Encoded's sendmsg in the WSDL's order, with their types; its servers need all of them.
RPC_PARTS: Final = {
    "session_id": "xsd:string",
    "api_id": "xsd:int",
    "user": "xsd:string",
    "password": "xsd:string",
    "to": "ns1:ArrayOfString",
    "from": "xsd:string",
    "text": "xsd:string",
    "concat": "xsd:int",
    "deliv_ack": "xsd:int",
    "msg_callback": "xsd:int",
    "deliv_time": "xsd:int",
    "max_credits": "xsd:float",
    "req_feat": "xsd:int",
    "queue": "xsd:int",
    "escalate": "xsd:int",
    "mo": "xsd:int",
    "cliMsgId": "xsd:string",
    "unicode": "xsd:int",
    "msg_type": "xsd:string",
    "udh": "xsd:string",
    "data": "xsd:string",
    "validity": "xsd:int",
}
UNSET: Final = {"xsd:string": "", "xsd:int": 0, "xsd:float": 0}


def numbers(count: int) -> list[str]:
    """So many different recipients."""
    return [f"2782{index:07d}" for index in range(count)]


def new_id() -> str:
    """A client message id; each request has one of its own."""
    return uuid.uuid4().hex
