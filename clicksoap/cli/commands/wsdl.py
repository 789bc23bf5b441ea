"""The command ``clicksoap wsdl``: prints a bundled WSDL, or writes it to a file."""

import hashlib
from pathlib import Path

import click

from clicksoap.cli.output import Output
from clicksoap.cli.verbs import examples, reporting
from clicksoap.contract import DEFAULT_PATHS, Dialect, wsdl

_EPILOG = examples("clicksoap wsdl document_literal", "clicksoap wsdl rpc_encoded --output gateway.wsdl")


@click.command("wsdl", epilog=_EPILOG)
@click.argument("name", type=click.Choice([each.value for each in Dialect]))
@click.option(
    "--output",
    "-o",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File to write, instead of the standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@reporting
def command(*, output: Output, name: str, file: Path | None, force: bool) -> int:
    """Print a bundled WSDL, or write it to a file."""
    dialect = Dialect(name)
    content = wsdl(dialect)
    if file is not None:
        try:
            with file.open("wb" if force else "xb") as opened:
                opened.write(content)
        except FileExistsError:
            raise click.UsageError(f"--output: {file} exists: give another file, or --force") from None
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror}") from None
        output.note(f"{file} written, {len(content)} bytes.")
    elif not output.as_json:
        click.echo(content, nl=False)
    output.document(
        {
            "exit_code": 0,
            "name": name,
            "path": DEFAULT_PATHS[dialect],
            "sha256": hashlib.sha256(content).hexdigest(),
            "file": None if file is None else str(file),
            "content": content.decode("utf-8") if file is None else None,
        }
    )
    return 0
