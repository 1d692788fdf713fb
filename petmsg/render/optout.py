"""The field lists of opt-outs: JSON keys and table columns."""

from typing import Any

from petmsg.render.fields import Field

OPT_OUTS = (
    Field("opt_out", "Id"),
    Field("client", "Client"),
    Field("phone", "Phone", personal=True),
    Field("source", "From"),
    Field("reason", "Why"),
    Field("opted_out_at", "Since"),
    Field("ended_at", "Ended"),
    Field("end_reason", None),
    Field("actor", "By"),
)
BLOCKED = (
    Field("number", "Number"),
    Field("phone", "Does not reach", personal=True),
    Field("code", "Code"),
    Field("blocked_at", "Since"),
)


def _rows(name: str, fields: tuple[Field, ...]) -> Field:
    """Rows within a row, each with its own fields; a table shows them below."""

    def get(row: Any) -> list[dict[str, Any]]:
        return [{field.name: field.value(each) for field in fields} for each in row[name]]

    return Field(name, None, get=get, personal=True)


OPT_OUT = (
    Field("client", "Client"),
    Field("opted_out", "Opted out"),
    Field("opted_out_at", "Since"),
    _rows("history", OPT_OUTS),
    _rows("blocked", BLOCKED),
)
OPTED_OUT = (
    Field("client", "Client"),
    Field("phones", "Opted out", personal=True),
    Field("waiting", "Texts that will not leave"),
    Field("reused", "Unchanged"),
)
OPTED_IN = (
    Field("client", "Client"),
    Field("phones", "Opted in", personal=True),
    Field("unblocked", "Numbers tried again"),
    Field("carrier_blocks", "Carrier blocks still"),
    Field("reused", "Unchanged"),
)
