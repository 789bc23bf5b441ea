"""With how many examples a property is tried: a fifth of them in every run, all or more of them in `make proof`.

``EXAMPLES`` is the factor. The examples of every run are always the same ones; those of a proof come from its seed.
"""

import os
from typing import Final

from hypothesis import settings

_FACTOR: Final = os.environ.get("EXAMPLES")


def examples(count: int) -> settings:
    """The settings of a property that is tried with so many examples."""
    share = float(_FACTOR or 0.2)
    return settings(deadline=None, derandomize=_FACTOR is None, max_examples=max(1, round(count * share)))
