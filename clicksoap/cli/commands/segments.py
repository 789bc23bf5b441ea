"""The command ``clicksoap segments``: counts the parts of a text."""

import click

from clicksoap.cli.output import Output, counted
from clicksoap.cli.values import read_text
from clicksoap.cli.verbs import examples, reporting
from clicksoap.text import Charset, segments, transliterate

_EPILOG = examples('clicksoap segments "Your parcel is at the door"', "clicksoap segments --plain - < text.txt")


@click.command("segments", epilog=_EPILOG)
@click.argument("text")
@click.option("--plain", is_flag=True, help="Replace quotes, dashes and blanks that alone force Unicode.")
@click.option("--latin1", is_flag=True, help="Count as a service that reads ISO-8859-1: RPC/Encoded and the HTTP API.")
@reporting
def command(*, output: Output, text: str, plain: bool, latin1: bool) -> int:
    """Count the parts of a text; nothing is sent.

    Each part is charged. TEXT - reads the standard input.
    """
    given = read_text(text)
    text_to_send = transliterate(given) if plain else given
    cost = segments(text_to_send, Charset.LATIN1 if latin1 else Charset.UNICODE)
    unit = "septets" if not cost.culprits else "UCS-2 units"
    output.line(
        f"{counted(cost.parts, 'part')}, {cost.alphabet}, {cost.units} {unit}, {cost.units_left} left in the last part"
    )
    if cost.culprits:
        output.note(f"Unicode because of {cost.culprits_named()}; --plain replaces some.")
    output.document(
        {
            "exit_code": 0,
            "parts": cost.parts,
            "alphabet": cost.alphabet.value,
            "units": cost.units,
            "units_left": cost.units_left,
            "culprits": list(cost.named_culprits),
            "text": text_to_send,
        }
    )
    return 0
