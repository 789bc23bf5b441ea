"""Carrying requests over the network: two transports, and the drivers that run flows over them."""
