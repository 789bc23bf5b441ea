"""The version of clicksoap."""

__version__ = "0.1.0"
