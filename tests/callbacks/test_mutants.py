"""Whatever comes, it is an event or an `InvalidCallback`; the receiver never fails."""

import logging
import os
import time
import tracemalloc
from random import Random
from typing import Final
from urllib.parse import quote_plus, unquote_to_bytes

import pytest
from callback_samples import NAMES, sample
from figures import counting

from clicksoap import DeliveryReport, InboundMessage, InvalidCallback
from clicksoap.callbacks import CallbackRequest, Callbacks, parse_callback
from clicksoap.callbacks.charsets import charset_of

SEED: Final = int(os.environ.get("SEED") or "7")
SAMPLES: Final = [sample(name) for name in NAMES]
PIECES: Final = [
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"<", b">", b"&", b"%", b"%00", b"%zz", b"%D8%3D", b"+", b"=", b";", b"/"),
    *(b"<!DOCTYPE x>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"&#xD800;", b"&#1114112;", b"<![CDATA["),
    *(b"<?xml version='1.0' encoding='UTF-7'?>", b"<?xml version='1.0' encoding='UTF-16'?>", b"<!--", b"-->", b"<?x?>"),
    *(b"<a>" * 300, b"<a b='c'/>", b"data=", b"Data=%3C", b"&status=003", b"&text=", b"&udh=05", b"]]>"),
    *(b"9" * 30, b"-1", b"1e99", b"NaN", b"Infinity", b"0x10", b"9999-99-99 99:99:99", b"0000-01-01 00:00:00", b"00A"),
    *(b"\xd9\xa3", b"xmlns='x'", b"apiMsgId", b"moMsgId", b"timestamp=99999999999", b"&charset=UTF-16BE"),
    *(b"charset=idna", b"a=b&" * 70),
]  # fmt: skip
HEADERS: Final = [
    {"content-type": "multipart/form-data; boundary=x"},
    {"content-type": "text/xml; charset=utf-16"},
    {"content-type": "application/x-www-form-urlencoded; charset=nonsense"},
    {"content-encoding": "gzip"},
    {},
]


def damaged(random: Random, data: bytes) -> bytes:
    """The data with one to four changes, at either level of encoding."""
    is_form = random.random() < 0.5
    head, _, value = data.partition(b"=")
    decoded = unquote_to_bytes(value.replace(b"+", b" ")) if is_form else data
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(decoded) + 1)
        match random.randrange(5):
            case 0:
                decoded = decoded[:place] + random.choice(PIECES) + decoded[place:]
            case 1:
                decoded = decoded[:place] + random.choice(PIECES) + decoded[place + random.randint(1, 9) :]
            case 2:
                decoded = decoded[:place] + decoded[place + random.randint(1, 30) :]
            case 3:
                decoded = decoded[:place] + decoded[random.randrange(len(decoded) + 1) :]
            case _:
                decoded = decoded[:place] + bytes([random.randrange(256)]) + decoded[place + 1 :]
    return head + b"=" + quote_plus(decoded).encode() if is_form else decoded


def mutant(random: Random) -> CallbackRequest:
    origin = random.choice(SAMPLES)
    query, body, headers = origin.query, origin.body, dict(origin.headers)
    if body and random.random() < 0.95:
        body = damaged(random, body)
    elif query:
        query = damaged(random, query)
    if random.random() < 0.1:
        headers |= random.choice(HEADERS)
    method = origin.method if random.random() < 0.98 else random.choice(["PUT", "", "get", "HEAD"])
    return CallbackRequest(method, query, headers, body)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Each refusal is logged, and nobody reads so many."""
    caplog.set_level(logging.CRITICAL, "clicksoap.callbacks")


def check(count: int) -> None:
    random = Random(SEED)  # noqa: S311 - no secret
    callbacks = Callbacks(anybody=True)
    callbacks.on_delivery_report(lambda _: None)
    callbacks.on_inbound(lambda _: None)
    events = 0
    for number in range(count):
        request = mutant(random)
        try:
            event = parse_callback(request)
        except InvalidCallback:
            event = None
        else:
            assert isinstance(event, DeliveryReport | InboundMessage)
            assert type(event).from_dict(event.to_dict()) == event
            assert repr(event).encode()
            events += 1
        try:
            status = callbacks.handle(request).status
        except Exception as error:
            raise AssertionError(f"mutant {number} of the seed {SEED}") from error
        assert (status == 200) if event else status in {200, 400, 405}, f"mutant {number} of the seed {SEED}"
    callbacks.close()
    assert events > count / 20  # else the mutants are too far from callbacks


def test_some_mutants_are_events_or_invalid_callbacks() -> None:
    check(500)


@pytest.mark.proof
def test_every_mutant_is_an_event_or_an_invalid_callback() -> None:
    count = int(os.environ.get("CALLBACK_MUTANTS") or "50000")
    with counting("damaged callbacks to the receiver", "crashes", inputs=count):
        check(count)


LAUGHS: Final = (
    "<!DOCTYPE callback [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    + "]><callback><status>&a11;</status></callback>"
)
HOSTILE: Final[dict[str, str | bytes]] = {
    "external entity": "<!DOCTYPE c [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><callback><status>&x;</status></callback>",
    "external type": "<!DOCTYPE callback SYSTEM 'http://127.0.0.1:9/x.dtd'><callback/>",
    "parameter entity": "<!DOCTYPE c [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/x.dtd'>%x;]><callback/>",
    "billion laughs": LAUGHS,
    "in UTF-16": LAUGHS.encode("utf-16"),
    "depth": "<callback>" + "<a>" * 15_000,
    "attributes": "<callback " + " ".join(f"a{n}='b'" for n in range(5000)) + "/>",
    "children": "<callback>" + "<a/>" * 10_000 + "</callback>",
    "names": "<callback>" + f"<{'a' * 60_000}/>" + "</callback>",
    "fields": "a=b&" * 16_000,
    "references": "<callback><status>" + "&#48;" * 10_000 + "</status></callback>",
    "inclusion": "<callback xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd'/></callback>",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("as_data", [False, True])
def test_a_hostile_body_is_refused_in_bounded_time_and_memory(name: str, *, as_data: bool) -> None:
    given = HOSTILE[name]
    body = given.encode() if isinstance(given, str) else given
    if as_data:
        body = b"data=" + quote_plus(body).encode()
    callbacks = Callbacks(anybody=True, max_body=1_000_000)
    request = CallbackRequest("POST", b"", {}, body)
    callbacks.handle(request)
    tracemalloc.start()
    began = time.thread_time()
    try:
        assert callbacks.handle(request).status == 400
        assert time.thread_time() - began < 1
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["punycode", "idna", "unicode_escape", "undefined", "zip", "utf-7", "x" * 1000])
def test_codecs_that_are_no_charsets_are_unknown(name: str) -> None:
    with pytest.raises(InvalidCallback):
        charset_of(name)
