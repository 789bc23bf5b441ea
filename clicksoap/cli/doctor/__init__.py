"""Checks of the way to the gateway, of the account and of the callback address."""
