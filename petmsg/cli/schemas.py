"""The JSON Schemas of what the commands print, by the words of a command."""

from collections.abc import Sequence
from typing import Any

from petmsg.cli.command_tree import printed
from petmsg.errors import NotFound
from petmsg.render.json_schema import DIALECT, documents, file_of


def schema_document(words: Sequence[str]) -> dict[str, Any]:
    """The schema of the command of these words, with the option that changes what it prints.

    Without words all of them, by command, as definitions of one schema. Raises `NotFound`.
    """
    made = documents(printed())
    if not words:
        names = {file_of(name): name for name in (*printed(), "error")}
        return {
            "$schema": DIALECT,
            "title": "What the commands of petmsg print with -o json",
            "description": "A definition for each command, by its name.",
            "$defs": {names[file]: schema for file, schema in made.items()},
        }
    asked = " ".join(words).removeprefix("petmsg ")
    if file_of(asked) not in made:
        raise NotFound("schema", asked, hint="List the commands: petmsg commands")
    return made[file_of(asked)]
