"""Snippets of code that send a first message to the simulator, for the empty inbox."""

from shlex import quote
from typing import Final

from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.inbox.sample_message import TEST_NUMBER

Snippet = tuple[str, str, str]
"""The name of a snippet, its title, and the code."""

_UNKNOWN: Final = "…"


def snippets(gateway: Gateway, origin: str) -> list[Snippet]:
    """The snippets, with the first account of the gateway but not its password.

    Args:
        gateway: The gateway, for its accounts.
        origin: The address of the simulator.
    """
    accounts = [account for account, _, _ in gateway.accounts()]
    api_id, user, password = (
        (accounts[0].api_id, accounts[0].user, _UNKNOWN) if accounts else (123456, "acme", "secret")
    )
    settings = {"ENDPOINT": origin, "API_ID": api_id, "USER": user, "PASSWORD": password}
    environment = "\n".join(f"export CLICKSOAP_{name}={quote(str(value))}" for name, value in settings.items())
    curl = (
        f"curl {origin}/http/sendmsg -d api_id={api_id} -d user={quote(user)} -d password={password}"
        f" -d to={TEST_NUMBER} -d text=Hello"
    )
    python = (
        "from clicksoap import Client\n\n"
        f'with Client({api_id}, {user!r}, "{password}", endpoint="{origin}") as sms:\n'
        f'    print(sms.send("{TEST_NUMBER}", "Hello"))'
    )
    php_user = user.replace("\\", "\\\\").replace("'", "\\'")
    php = (
        f"$sms = new SoapClient('{origin}/soap/document_literal/webservice?wsdl',\n"
        "    ['cache_wsdl' => WSDL_CACHE_NONE]);\n"
        f"print_r($sms->sendmsg(['api_id' => {api_id}, 'user' => '{php_user}', 'password' => '{password}',\n"
        f"    'to' => ['{TEST_NUMBER}'], 'text' => 'Hello']));"
    )
    return [
        ("curl", "curl", curl),
        ("python", "Python", python),
        ("php", "PHP", php),
        ("shell", "Settings for a shell", environment),
    ]
