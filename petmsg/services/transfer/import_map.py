"""Save what the columns of an org's files are, for all its imports."""

from collections.abc import Sequence
from dataclasses import dataclass

from petmsg.enums.files import ImportNoun
from petmsg.errors import NotFound
from petmsg.queries import import_map as queries
from petmsg.services.unit_of_work import Failure, UnitOfWork, each
from petmsg.spreadsheets.columns import LAYOUTS, normal_header
from petmsg.spreadsheets.header import parse_map
from petmsg.suggestions import closest_words, did_you_mean


@dataclass(frozen=True, slots=True)
class MapChanged:
    """A header map after a change; `reused` is true if nothing changed."""

    noun: str
    header: str
    target: str
    reused: bool


def save(uow: UnitOfWork, noun: ImportNoun, texts: Sequence[str]) -> list[MapChanged | Failure]:
    """Save maps `Header=column`; `Header=` ignores the column. Safe to repeat.

    Raises `UsageProblem` and `OutOfRange` for a map that cannot be read.
    """
    return each(uow, texts, lambda text: _save(uow, noun, text))


def remove(uow: UnitOfWork, noun: ImportNoun, headers: Sequence[str]) -> list[MapChanged | Failure]:
    """Remove the maps of the headers. Raises `NotFound`."""
    return each(uow, headers, lambda header: _remove(uow, noun, header))


def _save(uow: UnitOfWork, noun: ImportNoun, text: str) -> MapChanged:
    header, target = parse_map(text, LAYOUTS[noun])
    before = queries.saved_targets(uow.cursor, uow.org.id, noun).get(header)
    if before != target:
        queries.save_map(uow.cursor, uow.org.id, queries.MapRow(noun.value, header, target))
        payload = {"header": header, "before": before, "after": target}
        uow.audit("import_map.saved", "import_map", noun.value, payload)
    return MapChanged(noun.value, header, target, reused=before == target)


def _remove(uow: UnitOfWork, noun: ImportNoun, text: str) -> MapChanged:
    header = normal_header(text)
    saved = queries.saved_targets(uow.cursor, uow.org.id, noun)
    if header not in saved:
        near = did_you_mean(closest_words(header, saved))
        raise NotFound("header map", text, hint=f"{near} List them: petmsg import map list".strip())
    queries.remove_map(uow.cursor, uow.org.id, noun=noun.value, header=header)
    payload = {"header": header, "before": saved[header]}
    uow.audit("import_map.removed", "import_map", noun.value, payload)
    return MapChanged(noun.value, header, saved[header], reused=False)
