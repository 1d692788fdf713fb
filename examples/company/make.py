"""Writes the CSV files of two small companies: the same files, every time and everywhere.

    python examples/company/make.py [FOLDER]

All phones are of the range kept for fiction (555-0100 to 555-0199 of an area code), and none
stands twice. The times of bookings are offsets such as `-3h` and `+26h` from the moment of the
import, from four weeks ago to four weeks ahead, so that the companies are alive on any day.
"""

# ruff: noqa: INP001 because this is a program beside its output, and no package

import csv
import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SPAN_HOURS = 28 * 24
HOURS = (1, 1, 2, 3, 8, 12, 72)  # walks, visits, a day, a night, a long weekend
NARRATED = 6  # so many bookings of the first company are described below, one by one

NAMES = """
Ada Ben Carmen Dev Elena Farid Grace Hiro Imani Jonas Keiko Liam Mira Noah Olga Priya Quinn Rosa
Samir Tessa Umar Vera Wes Ximena Yusuf Zoe
Abbott Bauer Castillo Dhillon Evans Fischer Grant Hughes Ito Jensen Keller Lopez Marino Novak Okafor
Park Quigley Reyes Stein Tran Ueda Vargas Walsh Xu Young Zhang
"""
FIRST, LAST = NAMES.split()[:26], NAMES.split()[26:]


@dataclass(frozen=True)
class Plan:
    """A company to make. Its last two sitters stay out of every booking."""

    slug: str
    prefix: str
    seed: int
    area_codes: tuple[int, ...]
    sitters: tuple[str, ...]
    sitter_numbers: int
    pool_numbers: int
    clients: int
    bookings: int
    cancelled: int


PLANS = (
    Plan(
        slug="happy-paws",
        prefix="HP",
        seed=1,
        area_codes=(212, 646, 917, 718, 347),
        sitters=(
            "Maya Lee",
            "Tom Becker",
            "Aisha Khan",
            "Lucia Moreno",
            "Daniel Osei",
            "Hannah Wolf",
            "Ravi Menon",
            "Sofia Rossi",
            "Nora Lindqvist",
            "Kofi Mensah",
        ),
        sitter_numbers=11,
        pool_numbers=4,
        clients=58,
        bookings=220,
        cancelled=4,
    ),
    Plan(
        slug="tail-waggers",
        prefix="TW",
        seed=2,
        area_codes=(415, 510, 628),
        sitters=(
            "Jun Watanabe",
            "Clara Schmidt",
            "Marcus Reed",
            "Ines Duarte",
            "Yara Haddad",
            "Peter Novotny",
        ),
        sitter_numbers=7,
        pool_numbers=3,
        clients=34,
        bookings=120,
        cancelled=2,
    ),
)


@dataclass
class Booking:
    """A booking, in whole hours from now. `sitter` is empty when nobody has it yet."""

    client: str
    sitter: str
    start: int
    end: int

    def overlaps(self, start: int, end: int) -> bool:
        return self.start < end and start < self.end


@dataclass
class Company:
    """A company in the making."""

    plan: Plan
    rng: random.Random
    bookings: list[Booking] = field(default_factory=list)

    @property
    def working(self) -> list[str]:
        """The refs of the sitters who are booked."""
        return [self.sitter(index) for index in range(1, len(self.plan.sitters) - 1)]

    def sitter(self, number: int) -> str:
        return f"{self.plan.prefix}-S-{number:02}"

    def client(self, number: int) -> str:
        return f"{self.plan.prefix}-C-{number:03}"

    def ref(self, index: int) -> str:
        return f"{self.plan.prefix}-B-{index + 1:04}"

    def below(self, count: int) -> int:
        """A number from 0 to `count` - 1: of all of `random`, Python keeps only this one stable."""
        return int(self.rng.random() * count)

    def free_sitter(self, usual: int, start: int, end: int) -> str:
        """The usual sitter, else the next who is free; empty if nobody is."""
        first = usual % len(self.working)
        for sitter in self.working[first:] + self.working[:first]:
            if not any(b.sitter == sitter and b.overlaps(start, end) for b in self.bookings):
                return sitter
        return ""

    def is_free(self, client: str, start: int, end: int) -> bool:
        return not any(b.client == client and b.overlaps(start, end) for b in self.bookings)

    def book(self, client: int, sitter: str, start: int, end: int) -> None:
        self.bookings.append(Booking(self.client(client), sitter, start, end))

    def tell_the_story(self) -> None:
        """The bookings that the README and the demo name."""
        self.book(1, self.sitter(2), -171, -168)  # last week, back to back with
        self.book(1, self.sitter(3), -168, -165)  # this one, of another sitter
        self.book(1, self.sitter(1), -1, 2)  # running now
        self.book(1, self.sitter(1), 168, 176)  # next week, and overlapping
        self.book(1, self.sitter(4), 172, 180)  # with this one, of another sitter
        self.book(2, self.sitter(5), -122, -119)  # the only booking: now is outside every window

    def fill(self) -> None:
        """Ordinary bookings, and now and then the kinds that make routing interesting."""
        while len(self.bookings) < self.plan.bookings:
            client = 3 + self.below(self.plan.clients - 2)
            hours = HOURS[self.below(len(HOURS))]
            start = self.below(2 * SPAN_HOURS - 2 * hours) - SPAN_HOURS
            end = start + hours
            if not self.is_free(self.client(client), start, end + hours):
                continue
            kind = self.below(20)
            sitter = "" if kind == 0 else self.free_sitter(client, start, end)
            self.book(client, sitter, start, end)
            if kind in (1, 2):  # at once followed by another, with another sitter
                other = self.free_sitter(client + 1, end, end + hours)
                self.book(client, other, end, end + hours)
            elif kind in (3, 4):  # a sitter for the dog, and meanwhile another for the cats
                middle = start + hours // 2
                self.book(
                    client, self.free_sitter(client, middle, middle + hours), middle, middle + hours
                )

    def cancelled(self) -> list[str]:
        """A few of the ordinary ones, spread over the list."""
        count, ordinary = self.plan.cancelled, len(self.bookings) - NARRATED
        return [self.ref(NARRATED + index * ordinary // count) for index in range(count)]

    def paid(self) -> list[str]:
        """All that began and most of those to come, but not the five of the README's first
        client: the reader of the README confirms them."""
        left_out = {*self.cancelled(), *(self.ref(i) for i in self.of_the_first_client())}
        return [
            self.ref(index)
            for index, booking in enumerate(self.bookings)
            if self.ref(index) not in left_out and (booking.start < 0 or index % 5 != 0)
        ]

    def of_the_first_client(self) -> list[int]:
        first = self.client(1)
        return [index for index, booking in enumerate(self.bookings) if booking.client == first]


def fictional_phones(area_codes: Sequence[int]) -> Callable[[], str]:
    """A function that returns the next unused phone, of each area code in turn."""
    count = 0

    def take() -> str:
        nonlocal count
        line, area = divmod(count, len(area_codes))
        if line > 99:
            raise ValueError("an area code has only 100 phones that are fictional")
        count += 1
        return f"+1{area_codes[area]}55501{line:02}"

    return take


def offset(hours: int) -> str:
    return "now" if hours == 0 else f"{hours:+d}h"


def tables(plan: Plan) -> dict[str, list[tuple[str, ...]]]:
    """Every file of a company: its name, and its rows with the header."""
    company = Company(plan, random.Random(plan.seed))  # noqa: S311 because nothing here is secret
    next_phone = fictional_phones(plan.area_codes)
    classes = ["front_desk"] + ["sitter"] * plan.sitter_numbers + ["pool"] * plan.pool_numbers
    numbers = [(next_phone(), number_class) for number_class in classes]
    sitters = [
        (company.sitter(index), name, next_phone())
        for index, name in enumerate(plan.sitters, start=1)
    ]
    clients: dict[str, tuple[str, ...]] = {}
    for index in range(1, plan.clients + 1):
        first, last = FIRST[index % 26], LAST[(index * 7 + index // 26) % 26]
        recurring = index == 1 or (index > 2 and index % 3 != 0)
        name = f"The {last} household" if recurring and index % 4 == 1 else f"{first} {last}"
        if name in clients:
            name = f"{first} {last}"
        kind = "recurring" if recurring else "one_time"
        clients[name] = (company.client(index), name, next_phone(), kind)
    if plan.prefix == "HP":
        company.tell_the_story()
    company.fill()
    bookings = [
        (company.ref(index), b.client, b.sitter, offset(b.start), offset(b.end))
        for index, b in enumerate(company.bookings)
    ]
    return {
        "numbers.csv": [("e164", "class"), *numbers],
        "sitters.csv": [("ref", "name", "phone"), *sitters],
        "clients.csv": [("ref", "name", "phone", "kind"), *clients.values()],
        "bookings.csv": [("ref", "client", "sitter", "starts_at", "ends_at"), *bookings],
        "paid.csv": [("ref",), *((ref,) for ref in company.paid())],
        "cancelled.csv": [("ref",), *((ref,) for ref in company.cancelled())],
    }


def write(path: Path, rows: Iterable[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for plan in PLANS:
        for name, rows in tables(plan).items():
            write(folder / plan.slug / name, rows)


if __name__ == "__main__":
    main()
