"""Logs in, sends to two numbers and asks what became of it: suds, Document/Literal."""
# ruff: noqa: T201 - a script speaks by printing

import sys

import suds.client

address = sys.argv[1]
client = suds.client.Client(address + "?wsdl", cache=None)

session = client.service.auth(123456, "acme", "secret")[4:]
for reply in client.service.sendmsg(session_id=session, to=["27821234567", "9991210000"], text="Grüße"):
    print(reply[:4], reply.partition(" To: ")[2])
(reply,) = client.service.sendmsg(session_id=session, to="27821234567", text="alone")
print(client.service.querymsg(session_id=session, apimsgid=str(reply)[4:]))
print(client.service.delmsg(session_id=session, apimsgid=str(reply)[4:]))
