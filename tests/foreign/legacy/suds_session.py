"""Logs in and works with the session: suds."""
# ruff: noqa: T201 - a script speaks by printing

import sys

import suds.client

address = sys.argv[1]
client = suds.client.Client(address + "?wsdl", cache=None)

reply = client.service.auth(123456, "acme", "secret")
if reply[:3] != "OK:":
    sys.exit(reply)
session = reply[4:]
print(len(session), "digits")
print(client.service.ping(session))
print(client.service.getbalance(session_id=session))
print(client.service.auth(api_id=123456, user="acme", password="wrong"))
replies = client.service.querymsg(session_id=session, climsgid="nobody's")
print("".join(getattr(replies, "item", replies)))
