"""What speaks to the gateway's callers: both SOAP dialects and the HTTP API."""
