"""The command ``clicksoap ping``: logs in and keeps the session alive once."""

import time

import click

from clicksoap.cli.output import Output
from clicksoap.cli.verbs import Account, connected, examples, reporting

_EPILOG = examples("clicksoap ping", "clicksoap ping --profile prod --json")


@click.command("ping", epilog=_EPILOG)
@connected
@reporting
def command(*, account: Account, output: Output) -> int:
    """Log in, and keep a session alive once.

    It shows that the gateway answers and takes the credentials. `clicksoap doctor` says more when it fails.
    """
    with account.client() as sms:
        started = time.monotonic()
        sms.authenticate()
        authenticated = time.monotonic()
        sms.ping()
        ended = time.monotonic()
    login, ping = round((authenticated - started) * 1000), round((ended - authenticated) * 1000)
    output.line(f"ok: login {login} ms, ping {ping} ms")
    output.document({"exit_code": 0, "login_ms": login, "ping_ms": ping})
    return 0
