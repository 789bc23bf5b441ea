"""Foreign words are shown without numbers and secrets."""

import re
from typing import Final

from examples import examples
from hypothesis import example, given, settings, strategies as st

from clicksoap.errors import GatewayError, SoapFault
from clicksoap.redaction import scrub

PIECES: Final = st.one_of(
    st.text(max_size=8),
    st.text(st.sampled_from("0123456789abcdefABCDEF +-.\n\t"), max_size=30),
    st.integers(0, 10**18).map(str),
)
TEXTS: Final = st.lists(PIECES, max_size=10).map("".join)
# A secret of nothing but stars would look like its own mask.
SECRETS: Final = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=1, max_size=12)


@examples(2000)
@given(TEXTS)
@example("+27 82 123 4567")
@example("27-82-123-4567")
@example("x" * 196 + "27821234567")
def test_no_run_of_five_digits_is_left(text: str) -> None:
    shown = scrub(text)
    assert re.search(r"[0-9](?:[ -]?[0-9]){4}", shown) is None
    assert len(shown) <= 200
    assert "\n" not in shown


@examples(1000)
@given(TEXTS, SECRETS, TEXTS)
@example("", "my secret", "")
@example("", " ", "")
def test_no_secret_is_left(before: str, secret: str, after: str) -> None:
    shown = scrub(f"{before}{secret}{after}", [secret])
    assert secret.strip() == "" or secret not in shown


@examples(500)
@given(st.sampled_from(["my secret", "two  blanks", "tab\there"]), st.sampled_from([" ", "\n", "\r\n  ", "\t"]))
def test_no_secret_is_left_where_a_server_wrapped_it(secret: str, wrap: str) -> None:
    echoed = wrap.join(secret.split())
    assert " ".join(secret.split()) not in scrub(f"password {echoed} refused", [secret])


@settings(deadline=None, derandomize=True)
@given(st.text(st.sampled_from("0123456789abcdef"), min_size=32, max_size=32))
@example("12345678901234567abcdefabcdefabc")
@example("abcdefabcdefabc12345678901234567")
def test_an_id_is_masked_whole(identity: str) -> None:
    assert re.search(r"[0-9a-f]{4}", scrub(f"<{identity}>")) is None


@examples(500)
@given(TEXTS)
def test_an_undocumented_refusal_shows_no_number(text: str) -> None:
    shown = str(GatewayError.of("999", text))
    assert re.search(r"[0-9]{5}", shown) is None
    assert str(SoapFault("", scrub(text))).count("\n") == 0
