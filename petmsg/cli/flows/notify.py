"""`petmsg notify`: reads a secret URL, and reports what channels were told."""

import shlex
import sys
from collections.abc import Sequence

from petmsg.cli.context import Context
from petmsg.enums.logs import LogLevel
from petmsg.errors import CONFIGURATION, DONE, PROVIDER, MalformedUrl, UsageProblem
from petmsg.notify.outcome import Trouble
from petmsg.render.fields import Field
from petmsg.workflows import notify as workflow
from petmsg.workflows.notify import Told
from petmsg.workflows.notify_channels import LONGEST_URL, chosen_channels


def url_of(argument: str | None) -> str:
    """The URL as it was given: in the argument, on stdin, or typed where it is not shown.

    Raises `UsageProblem` without an argument or a terminal to ask on, `MalformedUrl`.
    """
    if argument not in (None, "-"):
        return argument.strip()
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass("URL of the channel (it is not shown): ").strip()
    if argument is None:
        raise UsageProblem(
            "The URL of the channel is missing.",
            hint="Pipe it in: petmsg notify add NAME - < url.txt",
        )
    content = sys.stdin.buffer.read(2 * LONGEST_URL + 1)
    if len(content) > 2 * LONGEST_URL:
        raise MalformedUrl("The URL on stdin is too long.")
    try:
        return content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise MalformedUrl("The URL on stdin is not UTF-8 text.") from None


def run(context: Context, fields: Sequence[Field]) -> None:
    """Tell channels of alerts and print what was told."""
    told = workflow.rehearse(context) if context.dry_run else workflow.run(context)
    if told:
        _report(context, fields, told)


def send_tests(context: Context, fields: Sequence[Field], name: str | None) -> None:
    """Test channels and print which of them work."""
    _report(context, fields, workflow.send_tests(context, chosen_channels(context, name)))


def _report(context: Context, fields: Sequence[Field], told: Sequence[Told]) -> None:
    context.show_list(fields, told)
    codes = {DONE}
    for each in told:
        trouble, name = each.outcome.trouble, each.channel.name
        if trouble is None:
            continue
        codes.add(CONFIGURATION if trouble is Trouble.URL_MISSING else PROVIDER)
        fix = "add" if trouble is Trouble.URL_MISSING else "test"
        fixed = shlex.quote(name) + (" -" if fix == "add" else "")
        context.notify(
            f"Channel {name} was not told: {each.outcome.why}. Fix: petmsg notify {fix} {fixed} "
            f"--org {each.channel.org}",
            level=LogLevel.ERROR,
            even_quiet=True,
        )
    context.exit_code = next(code for code in (CONFIGURATION, PROVIDER, DONE) if code in codes)
