"""Who may call: addresses behind proxies, passwords, paths; and what is said when everybody may."""

import logging
import traceback
from base64 import b64encode

import pytest

from clicksoap import ConfigurationError, Secret
from clicksoap.callbacks import CallbackRequest, Callbacks

PATH = "/hooks/0f8e2a6b4c1d9357"


def status(callbacks: Callbacks, *, peer: str | None = "192.0.2.1", path: str = "/", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return callbacks.handle(CallbackRequest("GET", b"", named, b"", path, peer)).status


def basic(text: str, encoding: str = "utf-8") -> str:
    return f"Basic {b64encode(text.encode(encoding)).decode()}"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("196.216.236.2", "", 200),
        ("196.216.236.3", "", 403),
        ("::ffff:196.216.236.2", "", 200),
        ("2001:db8::7", "", 200),
        ("10.0.0.1", "196.216.236.2", 200),
        ("10.0.0.1", "196.216.236.2:4711", 200),
        ("10.0.0.1", "[2001:db8::7]:4711", 200),
        ("10.0.0.1", "196.216.236.2, 10.1.1.1", 200),
        ("10.0.0.1", "196.216.236.2, 203.0.113.9", 403),  # the caller wrote the first one itself
        ("10.0.0.1", "203.0.113.9", 403),
        ("10.0.0.1", "", 403),
        ("10.0.0.1", "nonsense", 403),
        ("203.0.113.9", "196.216.236.2", 403),  # not a trusted proxy
        (None, "196.216.236.2", 200),
        (None, "", 403),
        ("nonsense", "", 403),
    ],
)
def test_the_address_counts_that_the_trusted_proxies_saw(peer: str | None, forwarded: str, expected: int) -> None:
    callbacks = Callbacks(allow=["196.216.236.2", "2001:db8::/32"], trusted_proxies=["10.0.0.0/8", "unix"])
    assert status(callbacks, peer=peer, x_forwarded_for=forwarded) == expected


def test_a_unix_socket_is_trusted_only_if_it_is_named() -> None:
    callbacks = Callbacks(allow=["196.216.236.2"], trusted_proxies=["10.0.0.0/8"])
    assert status(callbacks, peer=None, x_forwarded_for="196.216.236.2") == 403


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (basic("gateway:the-old-one"), 200),
        (basic("gateway:the-nëw-one"), 200),
        (basic("gateway:the-nëw-one", "latin-1"), 200),
        (basic("other:x:y-is:one"), 200),
        (basic("gateway:the-old-one").replace("Basic", "basic"), 200),
        (basic("gateway:the-old-one").replace("Basic", "Bearer"), 401),
        (basic("gateway:x:y-is:one"), 401),
        (basic("gateway:"), 401),
        (basic("gateway"), 401),
        ("Basic ä", 401),
        ("Basic", 401),
        ("", 401),
    ],
)
def test_each_password_of_a_user_is_right(authorization: str, expected: int) -> None:
    callbacks = Callbacks(users={"gateway": ["the-old-one", Secret("the-nëw-one")], "other": "x:y-is:one"})
    assert status(callbacks, authorization=authorization) == expected


def test_a_refused_login_is_asked_for() -> None:
    reply = Callbacks(users={"gateway": "the-old-one"}).handle(CallbackRequest("GET"))
    assert dict(reply.headers)["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PATH, 200),
        (f"/mounted{PATH}", 200),
        (f"{PATH}/", 404),
        (PATH[:-1], 404),
        (PATH[1:], 404),
        ("/", 404),
        ("", 404),
        (f"{PATH[:-1]}\udcff", 404),
    ],
)
def test_the_path_has_to_end_with_the_secret(path: str, expected: int) -> None:
    assert status(Callbacks(secret_path=PATH), path=path) == expected


def test_the_refusals_come_in_an_order_that_tells_least() -> None:
    callbacks = Callbacks(allow=["192.0.2.1"], secret_path=PATH, users={"gateway": "the-old-one"})
    assert status(callbacks, peer="192.0.2.2") == 403
    assert status(callbacks) == 404
    assert status(callbacks, path=PATH) == 401
    assert status(callbacks, path=PATH, authorization=basic("gateway:the-old-one")) == 200


def test_a_method_of_others_is_refused() -> None:
    callbacks = Callbacks(anybody=True)
    assert callbacks.handle(CallbackRequest("PUT")).status == 405
    assert callbacks.handle(CallbackRequest("HEAD")).status == 200


@pytest.mark.parametrize("length", ["65537", "9" * 5000, "-1", "x", "٣", ""])
def test_a_length_over_the_limit_is_refused_before_the_body_is_read(length: str) -> None:
    request = CallbackRequest("POST", b"", {"content-length": length})
    reply = Callbacks(anybody=True).refusal(request)
    assert reply is not None
    assert reply.status == 413


def test_headers_and_queries_over_the_limit_are_refused() -> None:
    callbacks = Callbacks(anybody=True)
    assert callbacks.handle(CallbackRequest("GET", b"", {str(n): "" for n in range(101)})).status == 431
    assert callbacks.handle(CallbackRequest("GET", b"", {"x": "y" * 33_000})).status == 431
    assert callbacks.handle(CallbackRequest("GET", b"x" * 65_537)).status == 414


def test_an_open_receiver_warns_loudly(caplog: pytest.LogCaptureFixture) -> None:
    Callbacks()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("CALLBACKS ARE OPEN")
    caplog.clear()
    for choices in ({"anybody": True}, {"users": {"a": "long-enough"}}, {"secret_path": PATH}, {"allow": ["::1"]}):
        Callbacks(**choices)
    assert not caplog.records


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        ({"users": {"a:b": "hunter22"}}, "colon"),
        ({"users": {"a": ["hunter22", ""]}}, "missing or easy"),
        ({"users": {"a": ["hunter22", "hunter2"]}}, "at least 8 characters"),
        ({"users": {"a": []}}, "missing or easy"),
        ({"secret_path": "/hunter2"}, "secret_path is too easy"),
        ({"secret_path": "hunter2-hunter2-hunter2"}, "secret_path is too easy"),
        ({"users": {"a": "hunter22"}, "allow": "10.0.0.1"}, "allow is a str"),
        ({"users": {"a": "hunter22"}, "allow": ["10.0.0.1/8"]}, "allow holds no address"),
        ({"users": {"a": "hunter22"}, "trusted_proxies": ["proxy"]}, "trusted_proxies holds no address"),
        ({"users": {"a": "hunter22"}, "join": 0}, "join is out of range"),
    ],
)
def test_a_wrong_choice_is_refused_and_no_frame_tells_a_secret(choices: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as refused:
        Callbacks(**choices)  # type: ignore[arg-type]
    for frame, _ in traceback.walk_tb(refused.value.__traceback__):
        if "callbacks/" in frame.f_code.co_filename and "test_" not in frame.f_code.co_filename:
            assert "hunter22" not in repr(frame.f_locals)


def test_the_receiver_remembers_no_password() -> None:
    access = Callbacks(users={"gateway": "hunter22"}, secret_path=f"{PATH}hunter2")._access
    assert "hunter22" not in repr({name: getattr(access, name) for name in vars(access)})
