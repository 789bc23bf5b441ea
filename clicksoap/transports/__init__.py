"""Carrying requests over the network; each module rests on one HTTP library."""
