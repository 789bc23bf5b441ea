"""The store: a file that keeps messages, exchanges and balances over a restart."""
