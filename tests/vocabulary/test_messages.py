"""What a text is on the wire, as a server sees it."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from lxml import etree
from rawserver import RawServer, Received, reply

from clicksoap import Alphabet, Client, Text
from clicksoap.contract import Dialect
from clicksoap.errors import InvalidInput

TO = "27821234567"


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return Dialect(request.param)


@pytest.fixture
def sent(dialect: Dialect) -> Iterator[Callable[[str | Text], dict[str, str]]]:
    """Gives the set parameters with which a message arrives; 0 and empty ones are unset in RPC/Encoded."""
    arrived: list[bytes] = []

    def answer(connection: socket.socket, received: Received) -> None:
        arrived.append(received.body)
        line = "OK: 5e551040" if b"<ns1:auth" in received.body else "ID: a1b2c3"
        connection.sendall(
            reply(
                '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
                f"<s:Body><r><return>{line}</return></r></s:Body></s:Envelope>".encode()
            )
        )

    with ExitStack() as stack:
        server = stack.enter_context(RawServer(answer))
        client = stack.enter_context(Client(1, "acme", "secret", endpoint=server.origin, binding=dialect.value))

        def parameters(message: str | Text) -> dict[str, str]:
            client.send(TO, message)
            (operation,) = etree.fromstring(arrived[-1])[0]
            return {str(part.tag): part.text for part in operation if part.text not in {None, "", "0"}}

        yield parameters


def test_a_plain_text_goes_out_as_it_is(sent: Callable[[str], dict[str, str]]) -> None:
    parameters = sent("Zoé owes <5 & more>, ok?\nyes\r\n")
    assert parameters["text"] == "Zoé owes <5 & more>, ok?\nyes\r\n"
    assert not {"unicode", "concat"} & parameters.keys()


def test_a_text_object_is_its_text(sent: Callable[[Text], dict[str, str]]) -> None:
    assert sent(Text("hello"))["text"] == "hello"


def test_a_text_beyond_the_alphabet_goes_out_in_hexadecimal(sent: Callable[[str], dict[str, str]]) -> None:
    parameters = sent("ja 🎉")
    assert bytes.fromhex(parameters["text"]).decode("utf-16-be") == "ja 🎉"
    assert parameters["unicode"] == "1"
    assert "concat" not in parameters


def test_the_euro_sign_is_plain_in_document_literal_and_hexadecimal_in_rpc_encoded(
    dialect: Dialect, sent: Callable[[str], dict[str, str]]
) -> None:
    parameters = sent("5 €")
    plain = dialect is Dialect.DOCUMENT_LITERAL
    assert parameters["text"] == ("5 €" if plain else "00350020" + "20ac")
    assert ("unicode" in parameters) is not plain


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a" * 160, None), ("a" * 161, "2"), ("a" * 153 * 35, "35"), ("я" * 70, None), ("я" * 71, "2"), ("^" * 81, "2")],
    ids=["160", "161", "35 parts", "70", "71", "81 doubles"],
)
def test_concat_is_the_number_of_parts_where_one_is_too_few(
    text: str, parts: str | None, sent: Callable[[str], dict[str, str]]
) -> None:
    assert sent(text).get("concat") == parts


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (None, "NoneType"),
        (b"hello", "bytes"),
        (5, "int"),
        ("a\x00", "U\\+0000 NULL at position 1"),
        ("\x1b", "U\\+001B ESCAPE at position 0"),
        ("ab\x0c", "U\\+000C FORM FEED at position 2"),
        ("\ud83c", "U\\+D83C"),
        ("\ufffe", "U\\+FFFE"),
    ],
)
def test_what_no_phone_can_show_or_no_document_can_carry_is_refused(text: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Text(text)


def test_the_repr_of_a_text_does_not_show_it() -> None:
    assert "meet" not in repr(Text("meet me at five"))


def test_segments_are_counted_as_the_binding_would_send_them(dialect: Dialect) -> None:
    with Client(1, "acme", "secret", endpoint="http://localhost:9", binding=dialect.value) as client:
        counted = client.segments("5 €")
        assert client.segments(Text("5 €")) == counted
    assert counted.alphabet is (Alphabet.GSM7 if dialect is Dialect.DOCUMENT_LITERAL else Alphabet.UCS2)


def test_a_text_may_hold_what_xml_may_hold_and_nothing_else() -> None:
    """XML 1.0, production Char."""
    legal = ["\t", "\n", "\r"]
    for first, last in ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF)):
        legal.extend(map(chr, range(first, last + 1)))
    assert Text("".join(legal)).text
    for illegal in set(map(chr, range(0x110000))).difference(legal):
        with pytest.raises(InvalidInput, match=f"U\\+{ord(illegal):04X} .+ at position 1,"):
            Text(f"a{illegal}b")
