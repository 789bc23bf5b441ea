"""The simulated gateway: accounts, sessions, messages and commands, without SOAP and HTTP."""
