"""The WSDL that the simulator serves: the bundled one, with the address of the service as the caller reached it."""

from typing import Final

from lxml import etree

from clicksoap.contract import ORIGINAL_RPC_PATH, Dialect, wsdl

_SOAP_ADDRESS: Final = "{http://schemas.xmlsoap.org/wsdl/soap/}address"
_PART: Final = "{http://schemas.xmlsoap.org/wsdl/}part"


def served_wsdl(dialect: Dialect, path: str, address: str) -> bytes:
    """The WSDL of a service.

    Args:
        dialect: The dialect of the service.
        path: The service's path; on the original RPC path, ``msg_callback`` is renamed to ``callback``.
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
