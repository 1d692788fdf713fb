"""What surrounds a command: the environment's variables and the clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple


class Environment(NamedTuple):
    """The environment of one command. `now` None means the machine's clock.

    `wait_seconds` is how long it waits for a locked database, None as long as usual.
    """

    environ: Mapping[str, str]
    now: datetime | None = None
    wait_seconds: float | None = None
