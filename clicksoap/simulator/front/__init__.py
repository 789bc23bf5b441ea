"""Reading requests and writing replies: SOAP envelopes, the HTTP API, parameters and their rules. It keeps no state."""
