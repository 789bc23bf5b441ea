"""Whatever a server answers, reading it gives lines or says that it is no answer."""

from pathlib import Path
from typing import Final

import pytest
from examples import examples
from hypothesis import given, strategies as st

from clicksoap.contract import Dialect
from clicksoap.errors import ProtocolError, SoapFault
from clicksoap.protocol.bindings.soap import SoapBinding
from clicksoap.protocol.wire import WireReply

RECORDED: Final = [
    path.read_bytes().partition(b"\n\n")[2]
    for path in sorted((Path(__file__).parent.parent / "samples").glob("*/*.reply"))
]
BINDINGS: Final = {dialect: SoapBinding(dialect, "http://localhost:9/") for dialect in Dialect}
STATUSES: Final = st.sampled_from([200, 200, 200, 500, 500, 202, 301, 404, 429, 503, 0, 999])
HEADERS: Final = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.one_of(
            st.text(max_size=40),
            st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "utf-32", "ebcdic-cp-us", "utf-7", "none", "x"]).map(
                "text/xml; charset={}".format
            ),
        ),
        "location": st.text(max_size=40),
    },
)
FRAGMENTS: Final = st.sampled_from(
    [
        b"<return>",
        b"</return>",
        b"<return/>",
        b"<item>",
        b"</item>",
        b'<item href="#a"/>',
        b' href="#a"',
        b' id="a"',
        b'<a id="a">',
        b"</a>",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"&lt;",
        b"&#0;",
        b"&a;",
        b"<!DOCTYPE a>",
        b"<?a b?>",
        b'<?xml version="1.1"?>',
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x00",
        b"soap:Fault",
        b"soap:",
        b' xmlns=""',
        b"\r\n\r\n",
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A recorded body with bytes taken out, put in or doubled."""
    body = draw(st.sampled_from(RECORDED))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 40)))
        put = draw(st.one_of(st.just(b""), st.just(body[start:end] * 2), FRAGMENTS, st.binary(max_size=4)))
        body = body[:start] + put + body[end:]
    return body


def check_lines_or_no_answer(dialect: Dialect, reply: WireReply) -> None:
    try:
        lines = BINDINGS[dialect].decode(reply, "sendmsg", {}, ["secret"])
    except (ProtocolError, SoapFault) as error:
        shown = str(error)
        assert len(shown) < 600
    else:
        assert lines
        assert all(type(line) is str for line in lines)


@pytest.mark.parametrize("dialect", list(Dialect))
@examples(300)
@given(st.builds(WireReply, STATUSES, HEADERS, st.binary(max_size=300), st.just(0.0)))
def test_any_bytes_are_lines_or_no_answer(dialect: Dialect, reply: WireReply) -> None:
    check_lines_or_no_answer(dialect, reply)


@pytest.mark.parametrize("dialect", list(Dialect))
@examples(600)
@given(st.builds(WireReply, STATUSES, HEADERS, mutated(), st.just(0.0)))
def test_a_mutated_reply_is_lines_or_no_answer(dialect: Dialect, reply: WireReply) -> None:
    check_lines_or_no_answer(dialect, reply)
