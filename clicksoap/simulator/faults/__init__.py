"""Fault rules: which request fails, and how."""
