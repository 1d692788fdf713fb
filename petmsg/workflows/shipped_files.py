"""The files of `examples/` that are installed with petmsg."""

from pathlib import Path

import petmsg
from petmsg.errors import Misconfigured


class ExamplesMissing(Misconfigured):
    code = "examples_missing"
    hint = "Install petmsg from its wheel or from a full checkout."


def shipped(name: str) -> Path:
    """A file or folder of `examples/`. Raises `ExamplesMissing`."""
    package = Path(petmsg.__file__).parent
    for folder in (package / "_examples", package.parent / "examples"):
        if (folder / name).exists():
            return folder / name
    raise ExamplesMissing("The example files are not installed.")
