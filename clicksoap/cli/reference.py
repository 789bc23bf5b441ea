"""Generator of the page docs/reference/cli.md.

``python -m clicksoap.cli.reference > docs/reference/cli.md`` writes it.
"""

import inspect
from collections.abc import Iterator

import click

from clicksoap.cli.app import EXIT_CODES, PRECEDENCE, cli
from clicksoap.cli.json_shapes import ERROR, SHAPES

_HEAD = """\
# The command line

This page is generated from the program: `python -m clicksoap.cli.reference`.
[Use the command line](../how-to/command-line.md) has the tasks.

Data goes to the standard output. Notes and errors go to the standard error. On a terminal, tables are aligned and
coloured. Elsewhere their cells are separated by a tab. Colours are off if `NO_COLOR` is set.

## Exit codes

| code | meaning |
| --- | --- |
"""


_ORDER = """\
Mixed outcomes give the first of {} that applies. `send --tolerate rejected=1%` lets so many rejected recipients pass.
"""
_JSON = """\
## JSON

With `--json`, a verb writes one JSON document, also if it fails. Errors of the command line itself are text alone.
The document of an error:

"""


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with its words behind ``clicksoap``; groups first."""
    if path:
        yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from commands(below, (*path, name))


def page() -> str:
    """The page, in Markdown."""
    rows = "".join(f"| {code} | {text} |\n" for code, text in EXIT_CODES.items())
    order = ", ".join(map(str, PRECEDENCE))
    sections = "\n".join(_section(name, command) for name, command in commands(cli))
    return f"{_HEAD}{rows}\n{_ORDER.format(order)}\n{_JSON}{_table(ERROR)}\n{sections}"


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"clicksoap {name}")
    pieces = [f"## clicksoap {name}\n", f"{inspect.cleandoc(command.help or '')}\n"]
    usage = " ".join(["clicksoap", name, *command.collect_usage_pieces(context)])
    pieces.append(f"    {usage}\n")
    options = [each for each in command.params if isinstance(each, click.Option)]
    if options:
        rows = "".join(f"| {_spelled(each)} | {_cell(each, context)} |\n" for each in options)
        pieces.append(f"| option | meaning |\n| --- | --- |\n{rows}")
    if command.epilog:
        lines = [line.strip() for line in command.epilog.splitlines()[2:]]
        pieces.append("Examples:\n\n" + "".join(f"    {line}\n" for line in lines))
    if name in SHAPES:
        pieces.append("JSON, beside `exit_code`:\n\n" + _table(SHAPES[name]))
    return "\n".join(pieces)


def _spelled(option: click.Option) -> str:
    value = "" if option.is_flag else f" {option.metavar or option.type.name.upper()}"
    return ", ".join(f"`{each}{value}`" for each in option.opts).replace("|", "\\|")


def _cell(option: click.Option, context: click.Context) -> str:
    text = option.help or ""
    if isinstance(option.type, click.Choice):
        text += f" One of {', '.join(map(str, option.type.choices))}."  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if option.show_default and not option.is_flag:
        text += f" Default: {option.get_default(context)}."
    return text.replace("|", "\\|")


def _table(fields: dict[str, str]) -> str:
    rows = "".join(f"| `{name}` | {text} |\n" for name, text in fields.items())
    return f"| field | value |\n| --- | --- |\n{rows}"


if __name__ == "__main__":
    click.echo(page(), nl=False)
