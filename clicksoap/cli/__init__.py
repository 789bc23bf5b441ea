"""The command line program ``clicksoap``; needs the extra ``cli``."""

import sys


def main() -> None:
    """Run the command line. A missing extra is one line with the install command."""
    try:
        from clicksoap.cli.app import cli  # noqa: PLC0415 - click and rich are an extra

        cli(prog_name="clicksoap")
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"click", "rich"}:
            raise
        sys.exit(f'clicksoap: {missing} is not installed; the command line needs: pip install "clicksoap[cli]"')
    except KeyboardInterrupt:  # before a command began
        sys.exit(130)
