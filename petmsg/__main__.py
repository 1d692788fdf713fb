"""`petmsg` and `python -m petmsg`."""

import gc
import sys


def main() -> None:
    """Run the command line and leave with its exit code.

    What is loaded at the start stays until the end. Python's collector would look through it some
    five hundred times for cycles that nobody holds, and once more at the exit: a tenth of the time
    of `petmsg --help`. It is off while the command line is loaded and spares what was loaded then
    (`gc.freeze`); in between it works as always, for a worker that runs for hours.
    """
    gc.disable()
    from petmsg.cli import run_command_line
    from petmsg.cli.outlet import open_closed_streams

    open_closed_streams()
    gc.freeze()
    gc.enable()
    code = run_command_line(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
