"""Saved header maps: what a column of a company's files is called here."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field

from petmsg.enums.files import ImportNoun
from petmsg.models.base import Table, vocabulary


class ImportMap(Table, table=True):
    """A column of an org's files: `header`, in its normal form, is the column `target` of `noun`.

    An empty `target` means that the column is ignored.
    """

    __tablename__ = "import_map"
    __table_args__ = (
        UniqueConstraint("org_id", "noun", "header"),
        CheckConstraint("header <> ''", name="header"),
    )

    id: int | None = Field(default=None, primary_key=True)
    org_id: int = Field(foreign_key="org.id")
    noun: ImportNoun = Field(sa_type=vocabulary(ImportNoun, "noun"))
    header: str
    target: str
