"""The field list of the checks of `petmsg doctor`."""

from petmsg.enums.alerts import CheckResult
from petmsg.render.field_types import TEXT, WORD, one_of, or_null
from petmsg.render.fields import Field

CHECKED = (
    Field("check", "Check", kind=WORD),
    Field("result", "Result", kind=one_of(CheckResult)),
    Field("org", "Org", kind=or_null(WORD)),
    Field("message", "Finding", kind=TEXT),
    Field("command", "Fix", kind=or_null(TEXT)),
)
