"""``python -m clicksoap`` is ``clicksoap``."""

from clicksoap.cli import main

main()
