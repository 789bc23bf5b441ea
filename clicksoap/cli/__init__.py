"""The command ``clicksoap``; extra ``cli``."""

import sys


def main() -> None:
    """Run the command line, or say in one line what is missing for it."""
    try:
        from clicksoap.cli.commands import cli  # noqa: PLC0415 - click and rich are an extra
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"click", "rich"}:
            raise
        sys.exit(f'clicksoap: {missing} is not installed; the command line needs: pip install "clicksoap[cli]"')
    cli(prog_name="clicksoap")
