"""The services: the HTTP routes, the connections and the handling of requests, over SOAP and the HTTP API."""
