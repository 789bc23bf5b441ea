"""The WSDL as the simulator serves it: the bundled one, naming the address at which it was asked for."""

from typing import Final

from lxml import etree

from clicksoap.contract import ORIGINAL_RPC_PATH, Dialect, wsdl

_SOAP_ADDRESS: Final = "{http://schemas.xmlsoap.org/wsdl/soap/}address"
_PART: Final = "{http://schemas.xmlsoap.org/wsdl/}part"


def served_wsdl(dialect: Dialect, path: str, address: str) -> bytes:
    """The WSDL of a service.

    Args:
        dialect: The dialect spoken there.
        path: The service's path; the original RPC service says ``callback`` where the others say ``msg_callback``.
        address: The service's address as the caller reached it.
    """
    root = etree.fromstring(wsdl(dialect))
    for place in root.iter(_SOAP_ADDRESS):
        place.set("location", address)
    if path == ORIGINAL_RPC_PATH:
        for part in root.iter(_PART):
            if part.get("name") == "msg_callback":
                part.set("name", "callback")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
