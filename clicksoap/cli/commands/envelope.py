"""The command ``clicksoap envelope``: prints the exact requests of a send."""

import click

from clicksoap.cli.offline import requests_of
from clicksoap.cli.output import Output
from clicksoap.cli.sending import Sending, sending
from clicksoap.cli.verbs import Account, connected, examples, reporting

_EPILOG = examples(
    'clicksoap envelope +27821234567 "Hello"',
    'clicksoap envelope --endpoint https://api.clickatell.com/soap/webservice_vs.php +27821234567 "Hello"',
)


@click.command("envelope", epilog=_EPILOG)
@sending
@connected
@reporting
def command(*, account: Account, output: Output, **options: object) -> int:
    """Print the exact requests of a send; nothing is sent.

    Session id and password are masked. Client message ids are random in a real send, and zeros here. Credentials that
    are not configured are made up.
    """
    message = Sending(**options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    found = list(requests_of(account, message))
    for number, each in enumerate(found, start=1):
        if number > 1:
            output.line("")
        output.note(f"Request {number} of {len(found)}:")
        output.line(f"{each.method} {each.url}")
        for name, value in each.headers.items():
            output.line(f"{name}: {value}")
        output.line(f"\n{each.body.decode('utf-8')}")
    output.document(
        {
            "exit_code": 0,
            "requests": [
                {
                    "method": each.method,
                    "url": each.url,
                    "headers": dict(each.headers),
                    "body": each.body.decode("utf-8"),
                }
                for each in found
            ],
        }
    )
    return 0
