"""The gateway protocol without I/O: requests, replies, sessions, and the order of things for every call."""
