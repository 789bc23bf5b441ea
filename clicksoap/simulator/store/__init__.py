"""What outlives a simulator: messages, traffic and balances in a file."""
