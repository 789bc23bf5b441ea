"""Sends a text as generated stubs do, every argument by position: zeep, Document/Literal's order."""
# ruff: noqa: T201 - a script speaks by printing

import sys

import zeep

address = sys.argv[1]
client = zeep.Client(address + "?wsdl")  # type: ignore[no-untyped-call]

session = client.service.auth(123456, "acme", "secret")[4:]
print(client.service.ping(session))

# session_id, api_id, user, password, text, to, from, concat, msg_callback, deliv_ack, deliv_time, max_credits,
# req_feat, queue, escalate, mo, climsgid, unicode, msg_type, udh, data, validity
to = ["27821234567", "27831234567"]
print(client.service.sendmsg(session, 0, "", "", "plain", to, "", 0, 0, 0, 0, 0, 0, 0, 0, 0, "", 0, "", "", "", 0))
print(client.service.sendmsg(None, 123456, "acme", "secret", "03A9", to, "27820000000", 2, 3, 1, 5, 2, 32, 1, 1, 1,
                             "order42", 1, "", "", "", 60))  # fmt: skip
print(client.service.querymsg(session, 0, "", "", "", "order42"))
print(client.service.getbalance(session, 0, "", ""))
