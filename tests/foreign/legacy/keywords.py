"""Sends a text, asks what became of it and what it cost, and stops another: zeep, by keyword."""
# ruff: noqa: T201 - a script speaks by printing

import sys

import zeep

address = sys.argv[1]
client = zeep.Client(address + "?wsdl")  # type: ignore[no-untyped-call]

me = {"api_id": 123456, "user": "acme", "password": "secret"}

for reply in client.service.sendmsg(**me, to=["27821234567", "9991210000"], text="Grüße & <Küsse>", climsgid="order42"):
    if reply.startswith("ID: "):
        message_id = reply[len("ID: ") :].split(" ")[0]
        print("sent", message_id, "to", reply[reply.index("To: ") + 4 :])
    else:
        print("refused", reply[len("ERR: ") :])

status = client.service.querymsg(**me, apimsgid=message_id)
print(status, "so the status is", status[-3:], "of the message", status[4:36])
print(client.service.querymsg(**me, climsgid="order42") == status)
print(client.service.getmsgcharge(**me, apimsgid=message_id).split(" ")[3])

(later,) = client.service.sendmsg(**me, to="27821234567", text="later", deliv_time=60, **{"from": "27820000000"})
print(client.service.delmsg(**me, apimsgid=later[4:]))

batch = client.service.startbatch(**me, template="Dear #field1#")[4:]
print(client.service.senditem(**me, batch_id=batch, to=["27821234567"], field1="Zoé"))
print(client.service.quicksend(**me, batch_id=batch, to=["27821234567", "27831234567"]))
print(client.service.endbatch(**me, batch_id=batch))

print(client.service.si_push(**me, to=["27821234567"], si_id="1", si_url="http://shop.test/?a=1&b=2", si_text="look"))
print(client.service.routecoverage(**me, msisdn="27821234567"))
print(client.service.routecoverage(**me, msisdn="9991234567"))
print(client.service.token_pay(**me, token="1234567890123456"))
print("balance", float(client.service.getbalance(**me)[len("Credit: ") :]))
print(client.service.getbalance(api_id=123456, user="acme", password="wrong")[:8])
print(client.service["ping"](session_id="0" * 32))
