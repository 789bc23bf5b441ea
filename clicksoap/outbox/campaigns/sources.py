"""stub"""

import csv as csv_, hashlib, json
from pathlib import Path
from typing import NamedTuple


class SourceRow(NamedTuple):
    line: int
    cells: tuple
    problem: object = None


class Source:
    def __init__(self, path, rows):
        self.encoding = "utf-8"
        if path is not None:
            self.name = Path(path).name
            self.digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
            self._f = open(path, newline="")
            self._r = csv_.reader(self._f)
            self.columns = tuple(next(self._r))
        else:
            self.name = "rows"
            rows = list(rows)
            self.columns = tuple(rows[0])
            self._f = None
            self._r = [tuple(map(str, r.values())) for r in rows]
            self.digest = hashlib.sha256(json.dumps(self._r).encode()).hexdigest()

    def __iter__(self):
        for n, row in enumerate(self._r, 2 if self._f else 1):
            yield SourceRow(n, tuple(row))

    def __enter__(self):
        return self

    def __exit__(self, *a):
        if self._f:
            self._f.close()


def open_source(*, csv=None, jsonl=None, rows=None, encoding=None, delimiter=None):
    return Source(csv, rows)
