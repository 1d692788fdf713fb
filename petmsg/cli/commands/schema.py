"""petmsg schema"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.enums.output import OutputFormat
from petmsg.render.printed import one

app = new_command()

WORDS = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[COMMAND]...",
        help="A command, with the option that changes what it prints: audit export head.",
        show_default=False,
    ),
]


@app.command(
    "schema",
    prints=one("program.SCHEMA"),
    examples=["petmsg schema booking confirm", "petmsg schema error"],
)
def schema(context: Context, words: WORDS = None) -> None:
    """Print the JSON Schema of what a command prints with -o json.

    Without a command it prints all of them as one schema. They are also files of the package, in
    petmsg/_schemas. `petmsg schema error` is what every failing command prints on stderr.
    """
    from petmsg.cli.schemas import schema_document
    from petmsg.render.escape import json_text
    from petmsg.render.output import write

    in_lines = context.output is OutputFormat.JSONL
    write(json_text(schema_document(words or ()), indent=None if in_lines else 2))
