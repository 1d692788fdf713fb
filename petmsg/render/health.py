"""The field lists of how numbers do: their health and their pace."""

from petmsg.render.fields import Field

HEALTH = (
    Field("number", "Number"),
    Field("class", "Class", get=lambda row: row.number_class),
    Field("status", "Status"),
    Field("sitter", "Sitter"),
    Field("sent", "Sent"),
    Field("delivered", "Delivered"),
    Field("undelivered", "Undelivered"),
    Field("failed", "Failed"),
    Field("unknown", "Unknown"),
    Field(
        "by_code",
        "Why",
        cell=lambda row, _: (
            ", ".join(f"{count} x {code}" for code, count in row.by_code.items()) or "-"
        ),
    ),
    Field("filtered_last_50", "Filtered of last 50"),
    Field("filtered_24h", "In 24 h"),
    Field("sent_24h", "Of"),
    Field("propose", "Quarantine?"),
)
PROPOSED = (*HEALTH, Field("command", "How"))
PACE = (
    Field("number", "Number"),
    Field("segments_per_second", "Segments per second"),
    Field("usual", "Usual for its kind"),
)
PACE_SET = (*PACE, Field("reused", "Unchanged"))
