"""Files that nobody should have: odd cells, broken quotes, mixed encodings, damaged workbooks."""

import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import NamedTuple

import openpyxl

from petmsg.enums.files import DateOrder, ImportNoun
from petmsg.errors import PetmsgError
from petmsg.spreadsheets.batch_row import LONGEST_CELL, BatchRow
from petmsg.spreadsheets.columns import LAYOUTS, Layout
from petmsg.spreadsheets.read import Reading, Sheet, read_sheet
from petmsg.spreadsheets.refused_rows import RefusedRows

ODD = (
    "", " ", "=1+1", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1",
    "4.15555E+09", "4,15555E+09", "1e9", "#N/A", "#REF!", "########", '="4155550171"', "'=x", "'",
    "Ann\0Ivers", "\0", "NULL", "None", "nan", "TRUE", "0", "00000", "9" * 30, "4155550171.0",
    "(415) 555-0171", "415-555-0172 / 415-555-0173", "+1 415 555 0174 ext. 2", "+99 1", "911",
    "Zoë 🐶", "陳大文", "عائلة", "\u202eevil", "a\tb", "two\nlines", 'a "quote"', "\x1b[31mred",
    "\ufeff",
    "x" * 300, "x" * 5000, "recurring", "one-time", "front desk", "sitter", "30", "30 min", "1:30",
    "C-1", "S-1", "Ann Ivers", "Maya Lee", "{", "[1]", "%41", "|", ";", ",", "\u2028", "\u00a0",
)  # fmt: skip
DATES = (
    "2026-02-14", "2026-02-14T09:00", "2026-02-14 09:00:00Z", "02/14/2026", "14/02/2026",
    "14.02.2026 09:00", "2/3/26", "02/30/2026", "99/99/9999", "0/0/0", "46067.375", "0.5",
    "9:00 AM", "9am", "25:00", "24:00", "12:00 AM", "Feb 14, 2026 at 9:00\u202fAM", "14-Feb-26",
    "now", "+2h",
    "9:00 AM - 11:00 AM", "Anytime", "2026-13-40T00:00:00", "9999-12-31T23:59", "0001-01-01 00:00",
    "2026-02-14T00:00:00", "31.12.9999 23:59", "1/1/0001 0:00", "2026-11-01T01:30", "²/²/2026",
    "٢/١٤/٢٠٢٦", "2026-03-08 02:30",
)  # fmt: skip
HEADERS = (
    "ref", "name", "Name", "Client Name", "phone", "Phone Number", "Mobile", "phone2", "Home Phone",
    "kind", "First Name", "Last Name", "Client", "Sitter", "Start Date", "Start Time", "End Date",
    "End Time", "starts_at", "ends_at", "Date", "Time", "Duration", "e164", "class", "lead_minutes",
    "Email", "Notes", "", " ", "reason", "=1+1", "Pone", "x" * 200, "名前", "Phone\nNumber",
)  # fmt: skip
ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "mac-roman",
    "cp437",
)
LARGE = "z" * (1 << 20)
FITTING = {
    "ref": "F-", "name": "Ann Ivers", "phone": "(415) 555-01", "phone2": "+1 628 555 01",
    "kind": "recurring", "client": "C-1", "sitter": "S-1", "starts_at": "2026-03-02 09:00",
    "ends_at": "2026-03-02 10:00", "lead_minutes": "30", "e164": "+141555502", "class": "pool",
}  # fmt: skip
"""What suits each column of a template; two digits go behind what must not come twice."""
_SHORTENED = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+?[0-9]+")


class Fuzzed(NamedTuple):
    """A file, what it is said to have rows of, and how it is to be read."""

    noun: ImportNoun
    content: bytes
    reading: Reading


def fuzzed_file(pick: random.Random) -> Fuzzed:
    """A file that is nearly right, or not at all."""
    noun = pick.choice(list(ImportNoun))
    rows = _table(pick, LAYOUTS[noun])
    make = pick.choices((_csv, _workbook, _json_lines, _noise), (80, 8, 6, 6))[0]
    content = make(pick, rows)
    if pick.random() < 0.15:
        content = damaged(pick, content)
    reading = Reading(
        maps={"notes": pick.choice(("", "phone" if noun is not ImportNoun.NUMBER else ""))}
        if pick.random() < 0.1
        else {},
        encoding=pick.choice((*ENCODINGS, "no-such", "rot13", "idna", "unicode_escape"))
        if pick.random() < 0.15
        else None,
        date_order=pick.choice(list(DateOrder)) if pick.random() < 0.3 else None,
        is_strict=pick.random() < 0.1,
        sheet=pick.choice(("Sheet", "Other")) if pick.random() < 0.05 else None,
    )
    return Fuzzed(noun, content, reading)


def examine(fuzzed: Fuzzed) -> str:
    """Read the file and check what comes of it; returns how it went.

    Anything but an error for a person, or rows that a service can use, is an `AssertionError`.
    """
    try:
        sheet = read_sheet(fuzzed.content, LAYOUTS[fuzzed.noun], fuzzed.reading)
        rows = list(sheet.rows)
    except PetmsgError as problem:
        _require_clear(problem)
        return "refused"
    for row in rows:
        _require_usable(row, is_json=sheet.header is None)
    for note in sheet.notes:
        assert len(note) < 20_000
    _require_again(fuzzed, sheet, rows)
    return "read" if all(row.problem is None and not row.faults for row in rows) else "faults"


def _require_clear(problem: PetmsgError) -> None:
    """A sentence of a bearable length, and what to do about it."""
    assert problem.message.strip().endswith((".", "?", "!", "'"))
    assert len(problem.message) < 600
    assert problem.message.isprintable(), ascii(problem.message)
    assert problem.hint or "not JSON" in problem.message or "is not" in problem.message
    assert "Traceback" not in problem.message
    assert "object at 0x" not in problem.message


def _require_usable(row: BatchRow, *, is_json: bool) -> None:
    for problem in (*((row.problem,) if row.problem else ()), *row.faults):
        _require_clear(problem)
    assert bool(row.faults) == bool(row.faulty)
    for column, cell in row.cells.items():
        if cell is None:
            continue
        assert len(cell) <= 10 * LONGEST_CELL
        assert "\0" not in cell
        if column in {"phone", "e164"} - row.faulty and not is_json:
            assert not any(map(_SHORTENED.fullmatch, cell.split("\n")))


def _require_again(fuzzed: Fuzzed, sheet: Sheet, rows: Sequence[BatchRow]) -> None:
    """Rows that are refused and imported again are the same rows."""
    form = RefusedRows(sheet)
    good = [row for row in rows if row.problem is None and not row.faults][:20]
    text = form.head + "".join(form.row(row, PetmsgError("Why not.")) for row in good)
    maps = {**fuzzed.reading.saved, **fuzzed.reading.maps}
    reading = Reading(saved=maps, date_order=fuzzed.reading.date_order or sheet.order)
    if not good:
        return
    again = list(read_sheet(text.encode(), LAYOUTS[fuzzed.noun], reading).rows)
    assert [row.cells for row in again] == [row.cells for row in good]


def _table(pick: random.Random, layout: Layout) -> list[list[str]]:
    others = [pick.choice((*each.aliases, each.name)) for each in layout.targets]
    names = [*layout.template, *(each for each in others if pick.random() < 0.3)]
    if pick.random() < 0.2:
        names = list(layout.template)
    if pick.random() < 0.35:
        rows = (_fitting_row(pick, layout.template) for _ in range(pick.randint(0, 12)))
        return [list(layout.template), *rows]
    header = [pick.choice(HEADERS) if pick.random() < 0.12 else each for each in names]
    pick.shuffle(header)
    header = list(dict.fromkeys(header)) if pick.random() < 0.9 else header
    return [header, *(_row(pick, header) for _ in range(pick.randint(0, 12)))]


def _row(pick: random.Random, header: Sequence[str]) -> list[str]:
    cells = [pick.choice(DATES if pick.random() < 0.3 else ODD) for _ in header]
    if pick.random() < 0.002:
        cells[pick.randrange(len(cells))] = LARGE
    if pick.random() < 0.05:
        cells.append("one more")
    if pick.random() < 0.05:
        cells.pop()
    return cells


def _fitting_row(pick: random.Random, header: Sequence[str]) -> list[str]:
    """A row that can be imported, but for a cell in ten."""
    digits = f"{pick.randrange(100):02}"
    cells = [
        FITTING[name] + digits * (name in ("ref", "phone", "phone2", "e164")) for name in header
    ]
    odd = _row(pick, header)
    return [each if pick.random() < 0.9 else odd[at % len(odd)] for at, each in enumerate(cells)]


def _csv(pick: random.Random, rows: Sequence[Sequence[str]]) -> bytes:
    delimiter = pick.choice(",,,;\t|")
    end = pick.choice(("\n", "\r\n", "\r"))
    quoting = pick.random() < 0.9

    def written(cell: str) -> str:
        odd = any(each in cell for each in (delimiter, '"', "\n", "\r"))
        return '"' + cell.replace('"', '""') + '"' if odd and quoting else cell

    lines = [delimiter.join(map(written, row)) for row in rows]
    if pick.random() < 0.1:
        lines.insert(0, pick.choice(("", "My clients", "sep=;", "sep=,", ",,,")))
    text = end.join(lines) + (end if pick.random() < 0.8 else "")
    encoding = "utf-8" if pick.random() < 0.6 else pick.choice(ENCODINGS)
    return text.encode(encoding, "replace")


def _workbook(pick: random.Random, rows: Sequence[Sequence[str]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append([_plain(cell) for cell in row])
    if pick.random() < 0.2:
        book.create_sheet("Other", 0)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _plain(cell: str) -> str | float:
    """What a workbook can hold of the cell."""
    text = "".join(each for each in cell if each.isprintable())[:5000]
    return float(text) if text in ("0.5", "46067.375", "30") else text


def _json_lines(pick: random.Random, rows: Sequence[Sequence[str]]) -> bytes:
    import json

    header = rows[0]
    objects = (dict(zip(header, row, strict=False)) for row in rows[1:])
    last = pick.choice(("", "{", "[]", '{"ref": 1}', "null", "{}"))
    return "\n".join(["{}", *map(json.dumps, objects), last]).encode()


def _noise(pick: random.Random, rows: Sequence[Sequence[str]]) -> bytes:
    begin = pick.choice(
        (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-", b"\xff\xfe", b"{", b"<")
    )
    return begin + pick.randbytes(pick.randint(0, 600)) + "".join(map("".join, rows[:2])).encode()


def damaged(pick: random.Random, content: bytes) -> bytes:
    """Cut off, with bytes changed, or with bytes of another encoding."""
    changes: list[Callable[[], bytes]] = [
        lambda: content[: pick.randint(0, len(content))],
        lambda: content + "\nRené,Müller\n".encode(pick.choice(("cp1252", "utf-16", "utf-8"))),
        lambda: _flipped(pick, content),
    ]
    if zipfile.is_zipfile(io.BytesIO(content)):
        changes.append(lambda: _repacked(pick, content))
    return pick.choice(changes)()


def _flipped(pick: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(pick.randint(1, 5) if changed else 0):
        changed[pick.randrange(len(changed))] = pick.randrange(256)
    return bytes(changed)


def _repacked(pick: random.Random, content: bytes) -> bytes:
    """The workbook with one of its parts cut, changed or gone."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(kept, "w") as new:
        chosen = pick.choice(old.namelist())
        for name in old.namelist():
            part = old.read(name)
            if name == chosen and pick.random() < 0.3:
                continue
            changed = (
                part[: pick.randint(0, len(part))] if pick.random() < 0.5 else _flipped(pick, part)
            )
            new.writestr(name, changed if name == chosen else part)
    return kept.getvalue()
