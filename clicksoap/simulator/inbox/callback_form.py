"""Reader of the form for the addresses of the customer's server."""

from typing import Literal, cast

from clicksoap.simulator.gateway.callback_url import CallbackUrl


def without_query(url: str) -> str:
    """An address as a page may show it: the query and the fragment, which may hold a secret, are cut off."""
    return url.partition("?")[0].partition("#")[0]


def changed_address(present: CallbackUrl | None, url: str, method: str, variant: str) -> CallbackUrl | None:
    """The address that a form gives; None for an empty one.

    The page does not show the query and the login of the present address. If its other part stays as it is, they stay,
    too.

    Raises:
        ValueError: The address, the method or the variant is not valid.
    """
    if not url:
        return None
    user = password = ""
    if present is not None and url == without_query(present.url):
        url, user, password = present.url, present.user, present.password
    return CallbackUrl(
        url,
        cast('Literal["GET", "POST"]', method),  # checked by the class
        cast('Literal["http", "xml", "soap"]', variant),
        user,
        password,
    )
