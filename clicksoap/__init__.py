"""Send SMS through the Clickatell SOAP gateway contract."""

__version__ = "0.1.0"
