"""What `booking import` does with its file: rows, or the visits of a calendar."""

from functools import partial

from petmsg.cli.batch import import_file, source
from petmsg.cli.context import Context
from petmsg.cli.flows.import_calendar import CalendarOptions, import_calendar
from petmsg.cli.import_options import FileOptions
from petmsg.cli.options import read_file
from petmsg.enums.files import ImportNoun
from petmsg.errors import UsageProblem


def import_bookings(
    context: Context,
    named: tuple[str | None, str | None],
    options: FileOptions,
    of_calendar: CalendarOptions,
    *,
    lead: str | None,
    allow_duplicates: bool,
) -> None:
    """Import a file, known by its content. It is `named` by the argument or by --file.

    Raises `UsageProblem` for options of the other kind.
    """
    from petmsg.calendars.split import is_calendar
    from petmsg.services.bookings import booking_import as service

    file, option = named
    content = None if options.is_template else read_file(source(file, option))
    if content is not None and is_calendar(content):
        if options != FileOptions() or allow_duplicates:
            raise UsageProblem(
                "The file is a calendar: an option for files with columns was given.",
                hint="Leave out --allow-duplicates and the options of columns.",
            )
        import_calendar(context, source(file, option), content, of_calendar, lead=lead)
        return
    of_calendar.refuse()
    import_file(
        context,
        file,
        option,
        partial(service.import_rows, allow_duplicates=allow_duplicates, lead=lead),
        noun=ImportNoun.BOOKING,
        options=options,
        finds_again=not allow_duplicates,
        content=content,
    )
