"""The field lists of saved header maps."""

from petmsg.enums.files import ImportNoun
from petmsg.render.field_types import FLAG, TEXT, one_word_of
from petmsg.render.fields import Field

MAPS = (
    Field("noun", "Files of", kind=one_word_of(*ImportNoun)),
    Field("header", "Header", kind=TEXT),
    Field(
        "target",
        "Column",
        cell=lambda row, _: row.target or "(ignored)",
        kind=TEXT,
    ),
)
MAP_CHANGED = (*MAPS, Field("reused", None, kind=FLAG))
