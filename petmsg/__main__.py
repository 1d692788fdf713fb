"""`petmsg` and `python -m petmsg`."""

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> None:
    """Run the command line and leave with its exit code.

    What is loaded at the start stays until the end. Python's collector would look through it some
    five hundred times for cycles that nobody holds, and once more at the exit: a tenth of the time
    of `petmsg --help`. It is off while the command line is loaded and spares what was loaded then
    (`gc.freeze`); in between it works as always, for a worker that runs for hours.
    """
    signal.signal(signal.SIGINT, _leave)
    gc.disable()
    from petmsg.cli import run_command_line
    from petmsg.cli.streams import open_closed_streams

    open_closed_streams()
    gc.freeze()
    gc.enable()
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = run_command_line(sys.argv[1:])
    except KeyboardInterrupt:
        _leave()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # all is done: no traceback of the way out
    gc.freeze()
    sys.exit(code)


def _leave(*_: object) -> NoReturn:
    """Ctrl-C while petmsg loads: nothing was begun, and a half loaded module could only trace."""
    with suppress(OSError):
        os.write(2, b"petmsg: Interrupted. Nothing was begun.\n")
    os._exit(130)


if __name__ == "__main__":
    main()
