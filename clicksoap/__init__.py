"""Send SMS through the Clickatell SOAP gateway contract.

Example::

    from clicksoap import Client

    with Client(api_id=123456, user="acme", password="…") as sms:
        report = sms.send(["+27 82 123 4567", "27831234567"], "Your parcel is at the door")
"""

import importlib
from typing import TYPE_CHECKING

from clicksoap.version import __version__

if TYPE_CHECKING:
    from clicksoap.async_client import AsyncBatch, AsyncClient
    from clicksoap.client import Batch, Client
    from clicksoap.codes import MessageStatus
    from clicksoap.errors import (
        AccountError,
        AuthenticationError,
        BatchError,
        ClicksoapError,
        ConfigurationError,
        GatewayError,
        GatewayFailure,
        InsufficientCredit,
        InvalidCallback,
        InvalidInput,
        KeyTaken,
        LimitExceeded,
        NotExpressible,
        NotSent,
        OutboxError,
        OutboxMismatch,
        OutboxUnavailable,
        OutcomeUnknown,
        ParameterRefused,
        PartlySent,
        ProtocolError,
        RecipientError,
        SenderError,
        SessionExpired,
        SoapFault,
        TransportError,
        TransportLost,
        TransportTimeout,
        UnknownMessage,
        report_of,
    )
    from clicksoap.events import Concatenation, DeliveryReport, InboundMessage
    from clicksoap.messages import (
        Binary,
        BinaryType,
        Feature,
        Message,
        MmsClass,
        MmsNotification,
        PushAction,
        Text,
        WapPush,
    )
    from clicksoap.options import BatchOptions, CallbackOn, SendOptions
    from clicksoap.protocol.arguments import ViewOptions
    from clicksoap.protocol.observing import Exchange, Observer
    from clicksoap.protocol.retry import Retry
    from clicksoap.protocol.timeout import Timeout
    from clicksoap.results import (
        Charge,
        Coverage,
        FoundRequest,
        QueriedStatus,
        RecipientResult,
        SendReport,
        State,
    )
    from clicksoap.secret import Secret
    from clicksoap.text import Alphabet, Segments, transliterate

__all__ = [
    "AccountError",
    "Alphabet",
    "AsyncBatch",
    "AsyncClient",
    "AuthenticationError",
    "Batch",
    "BatchError",
    "BatchOptions",
    "Binary",
    "BinaryType",
    "CallbackOn",
    "Charge",
    "ClicksoapError",
    "Client",
    "Concatenation",
    "ConfigurationError",
    "Coverage",
    "DeliveryReport",
    "Exchange",
    "Feature",
    "FoundRequest",
    "GatewayError",
    "GatewayFailure",
    "InboundMessage",
    "InsufficientCredit",
    "InvalidCallback",
    "InvalidInput",
    "KeyTaken",
    "LimitExceeded",
    "Message",
    "MessageStatus",
    "MmsClass",
    "MmsNotification",
    "NotExpressible",
    "NotSent",
    "Observer",
    "OutboxError",
    "OutboxMismatch",
    "OutboxUnavailable",
    "OutcomeUnknown",
    "ParameterRefused",
    "PartlySent",
    "ProtocolError",
    "PushAction",
    "QueriedStatus",
    "RecipientError",
    "RecipientResult",
    "Retry",
    "Secret",
    "Segments",
    "SendOptions",
    "SendReport",
    "SenderError",
    "SessionExpired",
    "SoapFault",
    "State",
    "Text",
    "Timeout",
    "TransportError",
    "TransportLost",
    "TransportTimeout",
    "UnknownMessage",
    "ViewOptions",
    "WapPush",
    "__version__",
    "report_of",
    "transliterate",
]

# Every name is loaded with its module on first use: whoever needs one error class does not wait for zeep, lxml and
# requests, which the facades bring along.
_MODULES = {
    "async_client": ("AsyncBatch", "AsyncClient"),
    "client": ("Batch", "Client"),
    "codes": ("MessageStatus",),
    "errors": (
        "AccountError",
        "AuthenticationError",
        "BatchError",
        "ClicksoapError",
        "ConfigurationError",
        "GatewayError",
        "GatewayFailure",
        "InsufficientCredit",
        "InvalidCallback",
        "InvalidInput",
        "KeyTaken",
        "LimitExceeded",
        "NotExpressible",
        "NotSent",
        "OutboxError",
        "OutboxMismatch",
        "OutboxUnavailable",
        "OutcomeUnknown",
        "ParameterRefused",
        "PartlySent",
        "ProtocolError",
        "RecipientError",
        "SenderError",
        "SessionExpired",
        "SoapFault",
        "TransportError",
        "TransportLost",
        "TransportTimeout",
        "UnknownMessage",
        "report_of",
    ),
    "events": ("Concatenation", "DeliveryReport", "InboundMessage"),
    "messages": (
        "Binary",
        "BinaryType",
        "Feature",
        "Message",
        "MmsClass",
        "MmsNotification",
        "PushAction",
        "Text",
        "WapPush",
    ),
    "options": ("BatchOptions", "CallbackOn", "SendOptions"),
    "protocol.arguments": ("ViewOptions",),
    "protocol.observing": ("Exchange", "Observer"),
    "protocol.retry": ("Retry",),
    "protocol.timeout": ("Timeout",),
    "results": ("Charge", "Coverage", "FoundRequest", "QueriedStatus", "RecipientResult", "SendReport", "State"),
    "secret": ("Secret",),
    "text": ("Alphabet", "Segments", "transliterate"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

# Hidden from type checkers: a visible __getattr__ would make them accept any name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = importlib.import_module(f"clicksoap.{_HOME[name]}")
        found = globals()[name] = getattr(module, name)
        return found

    def __dir__() -> list[str]:
        return __all__
