"""Campaigns: a file of recipients, planned, sent, resumed and accounted for."""
