"""Sends a text as generated stubs do, every argument by position: zeep, RPC/Encoded's order."""
# ruff: noqa: T201 - a script speaks by printing

import sys

import zeep

address = sys.argv[1]
client = zeep.Client(address + "?wsdl")  # type: ignore[no-untyped-call]

session = client.service.auth(123456, "acme", "secret")[4:]
print(client.service.ping(session))

# session_id, api_id, user, password, to, from, text, concat, deliv_ack, msg_callback, deliv_time, max_credits,
# req_feat, queue, escalate, mo, cliMsgId, unicode, msg_type, udh, data, validity
to = {"_value_1": ["27821234567", "27831234567"]}
print(client.service.sendmsg(session, 0, "", "", to, "", "plain", 0, 0, 0, 0, 0.0, 0, 0, 0, 0, "", 0, "", "", "", 0))
print(client.service.sendmsg("", 123456, "acme", "secret", to, "27820000000", "03A9", 2, 1, 3, 5, 1.5, 32, 1, 1, 1,
                             "order42", 1, "", "", "", 60))  # fmt: skip
print(client.service.querymsg(session, 0, "", "", "", "order42")[0])
print(client.service.delmsg(session, "", "", "", "", "order42")[0])
print(client.service.getbalance(session, 0, "", ""))
print(client.service.routeCoverage(session, 0, "", "", "27821234567"))
