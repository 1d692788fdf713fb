"""The field lists of systemd's units, and of the steps of a setup."""

from petmsg.enums.service import UnitResult, UnitState
from petmsg.render.field_types import BAD, GOOD, TEXT, WAITS, WORD, one_of, one_word_of, or_null
from petmsg.render.fields import Field

_STATE = one_of(UnitState)._replace(
    tones={
        "current": GOOD,
        "missing": WAITS,
        "outdated": WAITS,
        "unused": WAITS,
        "changed": BAD,
        "foreign": BAD,
    }
)
UNITS = (
    Field("unit", "Unit", kind=WORD),
    Field("when", "When", kind=or_null(WORD)),
    Field("runs", None, kind=or_null(WORD)),
    Field("file", None, kind=WORD),
    Field("state", "File", kind=_STATE),
    Field("active", "Active", kind=or_null(WORD)),
)
INSTALLED = (
    Field("unit", "File", kind=WORD),
    Field("file", None, kind=WORD),
    Field("result", "Result", kind=one_of(UnitResult)),
)
STEPS = (
    Field("command", "Command", kind=TEXT),
    Field("status", "Status", kind=one_word_of("done", "planned")),
)
