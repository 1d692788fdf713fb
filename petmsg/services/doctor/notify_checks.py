"""Checks of the channels of notifications: the database against the private file of URLs."""

from collections.abc import Iterator
from pathlib import Path

from petmsg import settings
from petmsg.db.snapshot import snapshot
from petmsg.enums.alerts import CheckResult
from petmsg.errors import ExtraMissing, NotifyFileUnusable
from petmsg.notify.sending import need_apprise
from petmsg.notify.url_file import UrlFile
from petmsg.queries.notify import list_channels
from petmsg.services.doctor.check import Check, CheckContext, Finding


def channels(context: CheckContext) -> Iterator[Finding]:
    """Channels without a URL, URLs without a channel, and what keeps all from being told."""
    with snapshot(context.location) as cursor:
        rows = list_channels(cursor, context.orgs)
    try:
        urls = UrlFile(Path(settings.notify_file(context.environ).value or "")).read()
    except NotifyFileUnusable as problem:
        yield Finding(problem.with_hint, "petmsg config show")
        return
    for row in rows:
        if row.name not in urls.get(row.org, {}):
            yield Finding(
                f"The URL of channel {row.name} is not on this machine",
                context.command(
                    "petmsg notify add {channel} -{org}", row.org, {"channel": row.name}
                ),
                row.org,
            )
    known = {(row.org, row.name) for row in rows}
    for org in context.orgs:
        for name in sorted(urls.get(org.slug, {})):
            if (org.slug, name) not in known:
                yield Finding(
                    f"The file of URLs has one for {name}, which is no channel of this database",
                    context.command(
                        "petmsg notify remove {channel}{org}", org.slug, {"channel": name}
                    ),
                    org.slug,
                    CheckResult.WARNING,
                )
    if rows:
        try:
            need_apprise()
        except ExtraMissing as problem:
            yield Finding(problem.message, problem.hint.removeprefix("Install them: "))


CHANNELS = (Check("channels", "Each channel of notifications has its URL here", channels, True),)
