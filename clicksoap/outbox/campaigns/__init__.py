"""Campaigns: a file or a list of rows, planned, sent and accounted for."""
