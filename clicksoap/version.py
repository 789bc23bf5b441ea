"""The version of clicksoap."""

__version__ = "1.0.0rc1"
