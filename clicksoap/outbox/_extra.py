"""Looks for the libraries of the extra ``outbox``, so that a missing one is one clear line."""

import importlib.util

for _name in ("sqlalchemy", "alembic"):
    if importlib.util.find_spec(_name) is None:
        raise ImportError(f'{_name} is not installed; the outbox needs: pip install "clicksoap[outbox]"', name=_name)
