"""Codecs by type hints: values of the simulator as JSON, text and database records, and their JSON schemas."""
