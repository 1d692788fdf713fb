"""Confirming and importing in bulk, against bare SQL that writes the very same rows.

The peer is given what petmsg wrote and only has to write it: it looks nothing up, decides nothing
and hashes nothing. Same database, same durability, as many rows per transaction, and each from
opening the database to closing it: SQLite copies its log into the file then.
"""

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import company
from benchmarks.bench import Bench
from benchmarks.measure import Row, Sample, counted, seconds, take_turns, watched
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.transaction import transaction
from petmsg.queries.org import find_org
from petmsg.services.bookings import booking_import, confirm
from petmsg.services.numbers import number_import
from petmsg.services.people import client_import, sitter_import
from petmsg.services.transfer.row_files import CHUNK, BatchRow, chunks, read_batch
from petmsg.services.unit_of_work import UnitOfWork

_VISITS_EACH = 5
Service = Callable[[UnitOfWork], object]
_AUDIT_HEAD = "UPDATE audit_head SET seq = {0}, hash = {0} WHERE org_id = {0}"


@dataclass(frozen=True, slots=True)
class Written:
    """The rows that a run of petmsg left, as the bare driver reads them: table, columns, rows."""

    table: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def insert(self, mark: str) -> str:
        """The statement that writes one of them."""
        marks = ", ".join([mark] * len(self.columns))
        return f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES ({marks})"

    def column(self, name: str) -> list[Any]:
        """One column of all rows."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Case:
    """A comparison: how its database is built (a `company` of its own), petmsg's work on it in
    transactions, the peer."""

    figure: str
    what: str
    company: str
    at_least: float
    build: Callable[[str], None]
    services: Callable[[], Iterator[Service]]
    tables: tuple[str, ...]
    peer_name: str
    peer: Callable[[Any, str, Sequence[Written]], None]
    rounds: int = 3


def measure_confirm(bench: Bench) -> list[Row]:
    """The rows of confirming: many at once, and one by one, each with a commit of its own."""
    many = [
        _confirming(bench, kind, bench.few(10_000 if kind == "SQLite" else 2_000, 20), CHUNK, 0.6)
        for kind in bench.databases
    ]
    single = [_confirming(bench, kind, bench.few(300, 5), 1, 0.5) for kind in bench.databases]
    return [*many, *single]


def _confirming(bench: Bench, kind: str, count: int, at_once: int, at_least: float) -> Row:
    refs = [f"B-{number}" for number in range(1, count + 1)]

    def build(url: str) -> None:
        company.add_visits(url, [_VISITS_EACH] * (count // _VISITS_EACH), confirmed=False)

    def services() -> Iterator[Service]:
        for start in range(0, count, at_once):
            yield partial(_confirm, refs[start : start + at_once])

    one = "one, a commit each" if at_once == 1 else f"{count:,}"
    case = Case(
        figure="confirm",
        what=f"booking confirm of {one}",
        company=f"confirm_{count}",
        at_least=at_least,
        build=build,
        services=services,
        tables=("thread", "assignment_window", "audit_event"),
        peer_name="a raw SQL loop, same rows",
        peer=partial(_confirm_bare, at_once=at_once),
        rounds=5 if kind == "SQLite" else 3,
    )
    return _compared(bench, kind, case)


@dataclass(frozen=True, slots=True)
class Import:
    """A file to import: its noun, its columns, what makes a file of so many rows, and the service.

    `tables` are those that get a row for each row of the file.
    """

    noun: str
    columns: Sequence[str]
    file: Callable[[int], bytes]
    service: Callable[[UnitOfWork, Sequence[BatchRow]], object]
    tables: tuple[str, ...]


def measure_import(bench: Bench) -> list[Row]:
    """The rows of importing: speed, and memory, of which SQLite's pages are 16 MiB."""
    rows = [row for each in (_BOOKINGS, _CLIENTS) for row in _importing(bench, each)]
    return [*rows, *(row for kind in bench.databases for row in _of_one_row(bench, kind))]


def _of_one_row(bench: Bench, kind: str) -> list[Row]:
    """The CPU time of one more row, against one of `booking import`. What does not grow with the
    file, such as opening the database, falls out: each side is the difference of two sizes."""
    few, many = bench.few(1_000, 20), bench.few(5_000, 200)
    imports = (_BOOKINGS, _CLIENTS, _SITTERS, _NUMBERS)
    for each in imports:
        _cpu_seconds(bench, each, kind, few)  # what is loaded and compiled at the first use

    def side(imported: Import) -> float:
        took = [_cpu_seconds(bench, imported, kind, count) for count in (few, many)]
        return (took[1] - took[0]) / (many - few)

    sides = {each.noun: partial(side, each) for each in imports}
    took = take_turns(sides, bench.few(3, 1))
    peer = took[_BOOKINGS.noun]
    return [
        Row(
            "import",
            f"CPU of a row of {each.noun} import, {kind}",
            took[each.noun],
            "of booking import",
            peer,
            at_most=3,
        )
        for each in imports[1:]
    ]


def _cpu_seconds(bench: Bench, imported: Import, kind: str, count: int) -> float:
    """The CPU time of importing a file of so many rows, without the server's."""
    case = _import_case(imported, count)
    url = bench.company(kind, case.company, case.build)
    begun = time.process_time()
    _with_petmsg(url, case)
    return time.process_time() - begun


def _importing(bench: Bench, imported: Import) -> list[Row]:
    rows = [_imported(bench, imported, kind) for kind in bench.databases]
    if imported is not _CLIENTS:
        return rows
    count = bench.few(40_000, 20)
    most, half = (_peak_of_import(bench, imported, each) for each in (count, count // 2))
    what = f"peak memory, {count:,} {imported.noun}s, SQLite"
    return [*rows, Row("import", what, most, f"{count // 2:,} rows", half, at_most=1.1)]


def _imported(bench: Bench, imported: Import, kind: str) -> Row:
    count = bench.few(10_000, 20)
    return _compared(bench, kind, _import_case(imported, count))


def _import_case(imported: Import, count: int) -> Case:
    content = imported.file(count)

    def services() -> Iterator[Service]:
        rows = read_batch(content, columns=imported.columns, required=()).rows
        for piece in chunks(rows):
            yield partial(_import, imported.service, piece)

    return Case(
        figure="import",
        what=f"{imported.noun} import of {count:,}",
        company="import",
        at_least=0.3,
        build=_build_clients,
        services=services,
        tables=(*imported.tables, "audit_event"),
        peer_name="executemany, same rows",
        peer=_import_bare,
    )


def _clients(count: int) -> bytes:
    lines = ["ref,name,phone,kind"]
    lines += [
        f"N-{number},Client {number},+1415{number + 6_000_000:07},{_KINDS[number % 2]}"
        for number in range(count)
    ]
    return "\n".join(lines).encode()


def _bookings(count: int) -> bytes:
    lines = ["ref,client,sitter,starts_at,ends_at"]
    lines += [
        f"N-{number},C-{number % 400 + 1},S-{number % company.SITTERS + 1},"
        f"2026-03-{number % 28 + 1:02}T10:00Z,2026-03-{number % 28 + 1:02}T12:00Z"
        for number in range(count)
    ]
    return "\n".join(lines).encode()


def _sitters(count: int) -> bytes:
    lines = ["ref,name,phone"]
    lines += [f"N-{number},Sitter {number},+1415{number + 6_000_000:07}" for number in range(count)]
    return "\n".join(lines).encode()


def _numbers(count: int) -> bytes:
    lines = [f"+1415{number + 6_000_000:07},pool" for number in range(count)]
    return "\n".join(["e164,class", *lines]).encode()


def _build_clients(url: str) -> None:
    company.add_visits(url, [1] * 400, confirmed=False)


_KINDS = ("one-time", "Recurring")
_BOOKINGS = Import(
    "booking", booking_import.COLUMNS, _bookings, booking_import.import_rows, ("booking",)
)
_CLIENTS = Import(
    "client", client_import.COLUMNS, _clients, client_import.import_rows, ("client", "client_phone")
)
_SITTERS = Import("sitter", sitter_import.COLUMNS, _sitters, sitter_import.import_rows, ("sitter",))
_NUMBERS = Import(
    "number", number_import.COLUMNS, _numbers, number_import.import_rows, ("message_number",)
)


def _peak_of_import(bench: Bench, imported: Import, count: int) -> Sample:
    """The most memory that `petmsg … import` of so many took, in bytes."""
    file = bench.folder / f"{imported.noun}-{count}.csv"
    file.write_bytes(imported.file(count))
    url = bench.company("SQLite", "import", _build_clients)
    command = [sys.executable, "-m", "petmsg", imported.noun, "import", str(file), "-o", "jsonl"]
    return counted(watched(command, {"PETMSG_DATABASE_URL": url}).peak_memory)


def _confirm(refs: Sequence[str], uow: UnitOfWork) -> object:
    return confirm.confirm(uow, refs)


def _import(service: Callable[..., object], rows: Sequence[BatchRow], uow: UnitOfWork) -> object:
    return service(uow, rows)


def _compared(bench: Bench, kind: str, case: Case) -> Row:
    def fresh() -> str:
        return bench.company(kind, case.company, case.build)

    first = fresh()
    before = {table: _count(first, table) for table in case.tables}
    _with_petmsg(first, case)
    written = [_rows(first, table, before[table]) for table in case.tables]
    assert all(each.rows for each in written), "petmsg wrote nothing"

    def by_petmsg() -> float:
        url = fresh()
        return seconds(lambda: _with_petmsg(url, case))

    def write_bare(url: str) -> None:
        with _driver(url) as (connection, mark):
            case.peer(connection, mark, written)

    def by_sql() -> float:
        url = fresh()
        return seconds(lambda: write_bare(url))

    took = take_turns({"petmsg": by_petmsg, "bare": by_sql}, bench.few(case.rounds, 1))
    return Row(
        case.figure,
        f"{case.what}, {kind}",
        took["petmsg"],
        case.peer_name,
        took["bare"],
        at_least=case.at_least,
    )


def _with_petmsg(url: str, case: Case) -> None:
    location = locate(url)
    engine = make_engine(location, keep_open=True)
    try:
        for service in case.services():
            with transaction(engine, location) as begun:
                org = find_org(begun.cursor, None)
                uow = UnitOfWork(begun, org, company.ACTOR, company.NOW)
                service(uow)
                uow.finish()
    finally:
        engine.dispose()


def _confirm_bare(connection: Any, mark: str, written: Sequence[Written], *, at_once: int) -> None:
    """A loop: for each booking its window and its status, for each new client their thread."""
    threads, windows, events = written
    new = dict(zip(threads.column("client_id"), threads.rows, strict=True))
    update = f"UPDATE booking SET status = 'confirmed' WHERE id = {mark}"
    per_booking = -(-len(events.rows) // len(windows.rows))
    left = iter(events.rows)
    clients, bookings = windows.column("client_id"), windows.column("booking_id")
    cursor = connection.cursor()
    last: tuple[Any, ...] = ()
    for start in range(0, len(windows.rows), at_once):
        cursor.execute("BEGIN")
        for place in range(start, min(start + at_once, len(windows.rows))):
            if (thread := new.pop(clients[place], None)) is not None:
                cursor.execute(threads.insert(mark), thread)
            cursor.execute(windows.insert(mark), windows.rows[place])
            cursor.execute(update, (bookings[place],))
            for event in (event for _, event in zip(range(per_booking), left, strict=False)):
                cursor.execute(events.insert(mark), event)
                last = event
        _move_head(cursor, mark, events, last)
        cursor.execute("COMMIT")


def _import_bare(connection: Any, mark: str, written: Sequence[Written]) -> None:
    """executemany, a transaction per chunk."""
    *tables, events = written
    cursor = connection.cursor()
    for start in range(0, len(events.rows), CHUNK):
        cursor.execute("BEGIN")
        for each in tables:
            cursor.executemany(each.insert(mark), each.rows[start : start + CHUNK])
        piece = events.rows[start : start + CHUNK]
        if piece:
            cursor.executemany(events.insert(mark), piece)
            _move_head(cursor, mark, events, piece[-1])
        cursor.execute("COMMIT")


def _move_head(cursor: Any, mark: str, events: Written, last: tuple[Any, ...]) -> None:
    seq, digest = (last[events.columns.index(name)] for name in ("seq", "hash"))
    cursor.execute(_AUDIT_HEAD.format(mark), (seq, digest, 1))


@contextmanager
def _driver(url: str) -> Iterator[tuple[Any, str]]:
    """A bare connection with petmsg's durability, and how the driver marks a parameter."""
    location = locate(url)
    if location.is_sqlite:
        with closing(sqlite3.connect(url, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA synchronous=FULL")
            yield connection, "?"
    else:
        import psycopg

        assert location.dsn is not None
        with psycopg.connect(location.dsn, autocommit=True) as server:
            yield server, "%s"


def _count(url: str, table: str) -> int:
    with _driver(url) as (connection, _):
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _rows(url: str, table: str, before: int) -> Written:
    """What was added to a table that held `before` rows; every table begins with its key."""
    key = "seq" if table == "audit_event" else "id"
    with _driver(url) as (connection, _):
        found = connection.execute(f"SELECT * FROM {table} ORDER BY {key}")
        columns = tuple(column[0] for column in found.description)
        return Written(table, columns, found.fetchall()[before:])
