"""The field lists of alerts. Times in a table are those of the alert's own org."""

from petmsg.render.fields import Field, View, local


def _instant(name: str, title: str) -> Field:
    def cell(row: dict[str, object], _: View) -> str:
        at = row[name]
        return "-" if at is None else local(at, View(timezone=str(row["timezone"])))  # type: ignore[arg-type]

    return Field(name, title, cell=cell)


_ABOUT = (
    Field("alert", "Alert"),
    Field("org", "Org"),
    Field("severity", "Severity"),
    Field("kind", "Kind"),
    Field("entity", None),
    Field("ref", "About"),
    Field("message", "What happened"),
    Field("command", "What helps"),
    Field("count", "Times"),
)
ALERTS = (
    *_ABOUT,
    Field("opened_at", None),
    _instant("last_at", "Last"),
    Field("done_at", None),
    Field("done_by", None),
    Field("done_reason", None),
)
ALERT = (
    *_ABOUT,
    _instant("opened_at", "Since"),
    _instant("last_at", "Last"),
    _instant("done_at", "Done"),
    Field("done_by", "By"),
    Field("done_reason", "Why"),
)
DONE = (
    Field("alert", "Alert"),
    Field("org", "Org"),
    Field("kind", "Kind"),
    Field("entity", None),
    Field("ref", "About"),
    Field("done_at", "Done"),
    Field("done_by", "By"),
    Field("done_reason", "Why"),
    Field("reused", "Unchanged"),
)
