"""`petmsg` and `python -m petmsg`."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from petmsg.cli import run_command_line

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
