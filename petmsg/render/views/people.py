"""Clients and sitters in the rows of others: their ref and their name, always in one cell.

A table shows `C-1 Ann Ivers`; JSON has the ref and beside it the name, under a key of its own.
"""

from collections.abc import Callable
from typing import Any

from petmsg.plurals import named
from petmsg.render.field_types import NAME, REF, or_null
from petmsg.render.fields import Field

Get = Callable[[Any], Any]


def person(
    key: str,
    title: str | None,
    *,
    ref: Get | None = None,
    name: Get | None = None,
    name_key: str | None = None,
    is_optional: bool = False,
) -> tuple[Field, Field]:
    """The field of a person's ref, whose cell also shows the name, and that of the name.

    `ref` and `name` read them from a row: by default the items or attributes `key` and
    `name_key`, which is `{key}_name` unless it is given. `is_optional`: the ref may be null.
    """
    by_ref = Field(key, get=ref)
    by_name = Field(name_key or f"{key}_name", None, get=name, kind=or_null(NAME))

    def cell(row: Any, _: Any) -> str:
        ref = by_ref.value(row)
        return "-" if ref is None else named(ref, by_name.value(row))

    kind = REF._replace(wrap=NAME.wrap)
    shown = by_ref._replace(title=title, cell=cell, kind=or_null(kind) if is_optional else kind)
    return shown, by_name


CLIENT = person("client", "Client")
ANY_CLIENT = person("client", "Client", is_optional=True)
SITTER = person("sitter", "Sitter")
ANY_SITTER = person("sitter", "Sitter", is_optional=True)
