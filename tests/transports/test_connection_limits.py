"""The limits of connections that the outside world sets."""

from clicksoap.transports.connection_limits import IDLE_SECONDS, MAX_CONNECTIONS


def test_an_idle_connection_is_given_up_before_common_servers_close_it() -> None:
    """A POST over a connection that the server closes at the same moment is lost, and its outcome is unknown.

    Apache closes after 5 seconds (KeepAliveTimeout), as do uvicorn and Node; one second is left for the way.
    """
    assert IDLE_SECONDS <= 4


def test_a_client_has_room_for_the_threads_of_a_usual_pool() -> None:
    assert MAX_CONNECTIONS >= 32
