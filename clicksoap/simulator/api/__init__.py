"""The simulator's own API: everything that a test or a tool wants to see or to change, as JSON."""
