"""Whatever a caller gives, it is taken or refused with an error of ours."""

from typing import Final, Literal

from examples import examples
from hypothesis import assume, example, given, settings, strategies as st

from clicksoap.contract import Dialect
from clicksoap.errors import ConfigurationError, InvalidInput
from clicksoap.msisdn import msisdn
from clicksoap.protocol.endpoint import resolve

SPELLED: Final = st.text(st.sampled_from("+0123456789 ().-/\t\N{NO-BREAK SPACE}"), max_size=24)


@examples(2000)
@given(st.one_of(st.text(), SPELLED, st.integers(), st.integers(10**6, 10**16)))
@example(10**5000)
@example("9" * 5000)
@example("٢٧٨٢١٢٣٤٥٦٧")
def test_a_number_is_an_msisdn_or_invalid_input(number: str | int) -> None:
    try:
        digits = msisdn(number)
    except ValueError as error:
        assert type(error) is InvalidInput  # noqa: PT017 - not every number is refused
    else:
        assert digits.isascii()
        assert digits.isdigit()
        assert 7 <= len(digits) <= 15
        assert msisdn(digits) == digits


@settings(deadline=None, derandomize=True)
@given(st.integers(max_value=-1))
@example(-27821234567)
def test_a_number_below_zero_is_invalid_input(number: int) -> None:
    try:
        msisdn(number)
    except InvalidInput:
        return
    raise AssertionError("a number below zero was taken for a recipient")


SoapName = Literal["document_literal", "rpc_encoded"]
NAMES: Final[list[SoapName | None]] = [None, "document_literal", "rpc_encoded"]
BINDINGS: Final = st.sampled_from(NAMES)
URLS: Final = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *("http://", "https://", "HTTP://", "ftp://", "//", "/", "?", "#", "@", ":", "[", "]", "[::1]", "%00"),
                *("localhost", "127.0.0.1", "::1", "example.com", ":8080", ":0", ":99999", ":x", "?wsdl", "?WSDL", "&"),
                *("/soap/webservice.php", "/soap/document_literal/webservice", "user:pw@", " ", "\n", "\t", "\\", ".."),
            ]
        ),
        st.text(max_size=5),
    ),
    max_size=7,
).map("".join)


@examples(2000)
@given(st.one_of(URLS, st.text()), BINDINGS, st.booleans())
def test_an_endpoint_is_an_address_or_a_configuration_error(
    endpoint: str,
    binding: SoapName | None,
    allow_plaintext: bool,  # noqa: FBT001 - hypothesis gives it by position
) -> None:
    try:
        dialect, url = resolve(endpoint, binding, allow_plaintext=allow_plaintext)
    except ConfigurationError:
        return
    assert binding in {None, dialect}
    assert url.startswith(("http://", "https://"))
    assert not url.lower().endswith("?wsdl")
    assert resolve(url, binding, allow_plaintext=allow_plaintext) == (dialect, url)


@examples(300)
@given(st.text())
def test_a_binding_is_known_or_a_configuration_error(binding: str) -> None:
    assume(binding not in {*Dialect, "http"})
    try:
        resolve(None, binding, allow_plaintext=False)  # type: ignore[arg-type] # what a caller without types gives
    except ConfigurationError:
        return
    raise AssertionError("an unknown binding was taken")
