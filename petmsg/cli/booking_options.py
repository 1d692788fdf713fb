"""Options of `booking add` for its times and for series, and of `booking import` for calendars."""

from typing import Annotated

import typer

from petmsg.errors import UsageProblem

START = Annotated[
    str,
    typer.Option(
        "--start", metavar="T", help="Start: ISO 8601, in the org's timezone or with an offset."
    ),
]
END = Annotated[str | None, typer.Option("--end", metavar="T", help="End; later than the start.")]
LASTS = Annotated[
    str | None,
    typer.Option("--for", metavar="DURATION", help="Duration instead of --end: 45m, 2h, 1d."),
]
REPEAT = Annotated[
    str | None,
    typer.Option(
        "--repeat", metavar="RULE", help="daily, weekly:mo,we,fr; /2 for every second one."
    ),
]
LAST_DAY = Annotated[
    str | None,
    typer.Option("--until", metavar="T", help="Last day of the series, or its last start."),
]
COUNT = Annotated[
    int | None, typer.Option("--count", metavar="N", help="Number of days of the series.")
]
EXCEPTED = Annotated[
    list[str] | None,
    typer.Option("--except", metavar="DATE", help="A day without a visit; repeatable."),
]
OF_CLIENT = Annotated[
    str | None,
    typer.Option("--client", metavar="CLIENT", help="The client of all visits of a calendar."),
]
OF_SITTER = Annotated[
    str | None,
    typer.Option("--sitter", metavar="SITTER", help="The sitter of all visits of a calendar."),
]
FEED = Annotated[
    str | None,
    typer.Option("--feed", metavar="NAME", help="The name of a calendar; default: its own."),
]
UNTIL = Annotated[
    str | None,
    typer.Option("--until", metavar="T", help="Last day of a calendar's visits; default: +90d."),
]
ALL_DAY = Annotated[
    str | None,
    typer.Option(
        "--all-day", metavar="FROM-UNTIL", help="The hours of all-day events: 08:00-20:00."
    ),
]
DUPLICATES = Annotated[
    bool,
    typer.Option(
        "--allow-duplicates", help="Add a booking without a ref even if the same one exists."
    ),
]


def one_of_end_and_for() -> UsageProblem:
    """The error of a booking with both an end and a duration, or with neither."""
    return UsageProblem(
        "Specify exactly one of --end and --for.",
        hint="Give the end, --end 2026-02-14T16:00, or the duration, --for 2h.",
    )
