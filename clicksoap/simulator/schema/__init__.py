"""Codecs by type hints: values of the simulator to and from JSON, text and database rows, and their JSON schemas."""
