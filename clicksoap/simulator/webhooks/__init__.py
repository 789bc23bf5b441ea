"""Webhooks: HTTP calls to the customer's server with delivery reports and inbound messages."""
