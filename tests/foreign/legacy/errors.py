"""Asks for the balance and copes with whatever goes wrong: zeep, its exceptions."""
# ruff: noqa: T201 - a script speaks by printing

import sys

import requests
import zeep
import zeep.exceptions

wsdl = sys.argv[1]
client = zeep.Client(wsdl)  # type: ignore[no-untyped-call]

try:
    balance = client.service.getbalance(api_id=123456, user="acme", password="secret")
except zeep.exceptions.Fault as fault:
    print("the gateway is at fault:", fault.code.rpartition(":")[2], fault.message, "|", fault)
except (zeep.exceptions.TransportError, requests.exceptions.RequestException) as error:
    print("try again later:", getattr(error, "status_code", 0))
else:
    print("balance:", balance)
