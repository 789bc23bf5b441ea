"""The characters that an XML 1.0 document cannot hold."""

import re
from typing import Final

NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Matches one character that XML 1.0 does not allow."""
