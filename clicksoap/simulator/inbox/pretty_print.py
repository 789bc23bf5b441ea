"""Pretty-printing of requests and replies."""

import re
from typing import Final
from urllib.parse import parse_qsl

_TOKEN: Final = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<[^<>]*>|[^<]+", re.DOTALL)
_SPECIAL: Final = re.compile(r"<[!?]")
_MAX_SPECIAL: Final = 100
_INDENT: Final = "  "
_MAX_DEEP: Final = 20


def indented(text: str) -> str:
    """Indent an XML document, one element per line. Any other text, or an incomplete document, stays as it is."""
    if not text.lstrip("\ufeff \r\n\t").startswith("<") or len(_SPECIAL.findall(text)) > _MAX_SPECIAL:
        return text
    tokens: list[str] = _TOKEN.findall(text)
    if sum(map(len, tokens)) != len(text):
        return text
    lines: list[str] = []
    depth = 0
    is_open = False  # the last line is a start tag and its content
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        if not token.strip():
            if is_open and following.startswith("</"):  # blanks alone between two tags are the element's text
                lines[-1] += token
            continue
        is_end = token.startswith("</")
        depth -= is_end
        if depth < 0:
            return text
        if is_open and (is_end or not token.startswith("<")):
            lines[-1] += token
        else:
            lines.append(_INDENT * min(depth, _MAX_DEEP) + token.strip())
        is_start = token.startswith("<") and not token.startswith(("</", "<!", "<?")) and not token.endswith("/>")
        is_open = is_start or (is_open and not token.startswith("<"))
        depth += is_start
    return text if depth else "\n".join(lines)


def decoded_fields(encoded: str) -> list[tuple[str, str]]:
    """The names and values of a query or form, decoded as ISO-8859-1 like the HTTP API."""
    return parse_qsl(encoded, keep_blank_values=True, encoding="latin-1")
