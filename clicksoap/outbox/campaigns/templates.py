"""stub"""

import re


class Template:
    def __init__(self, text, columns, *, allow_empty=False):
        parts = re.split(r"\{([^{}]*)\}", text)
        self._lits = parts[::2]
        self._idx = [columns.index(n) for n in parts[1::2]]
        self.is_constant = not self._idx
        self.columns_used = tuple(parts[1::2])

    def render(self, cells):
        out = [self._lits[0]]
        for i, l in zip(self._idx, self._lits[1:]):
            out += [cells[i], l]
        return "".join(out)
