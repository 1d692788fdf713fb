"""The field list of what `doctor` checked."""

from petmsg.render.fields import Field

CHECKED = (
    Field("check", "Check"),
    Field("result", "Result"),
    Field("org", "Org"),
    Field("message", "What is so"),
    Field("command", "What helps"),
)
