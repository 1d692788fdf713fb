"""Collect the faults of a row of a file, so that it is refused once, with all of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from petmsg.errors import REFUSED, PetmsgError, Refused, UsageProblem

T = TypeVar("T")


class RowFaults(UsageProblem):
    """A row of a file has several faults. A single fault is raised as it is.

    It exits like its most severe fault: refused by a rule if one of them is.
    """

    code = "invalid_row"

    def __init__(self, faults: Sequence[PetmsgError]) -> None:
        last = len(faults) - 1
        super().__init__(
            "; ".join(
                each.message if place == last else each.message.removesuffix(".")
                for place, each in enumerate(faults)
            ),
            hint=_joined(dict.fromkeys(each.hint for each in faults if each.hint)),
        )
        self.faults = tuple(faults)
        if any(isinstance(each, Refused) for each in faults):
            self.exit_code = REFUSED


class Faults:
    """The faults of one row, in the order in which they were found. Each is told once."""

    __slots__ = ("_found",)

    def __init__(self, found: Iterable[PetmsgError] = ()) -> None:
        self._found: list[PetmsgError] = []
        for each in found:
            self.add(each)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, fault: PetmsgError) -> None:
        """Add a fault. Faults that were collected before are added one by one."""
        for each in fault.faults if isinstance(fault, RowFaults) else (fault,):
            if all(each.message != known.message for known in self._found):
                self._found.append(each)

    def collect(self, read: Callable[..., T], *arguments: object) -> T | None:
        """Return what `read` returns; None if it raises a fault, which is added."""
        try:
            return read(*arguments)
        except PetmsgError as fault:
            self.add(fault)
            return None

    def require_none(self) -> None:
        """Raise the only fault as it is, or `RowFaults` with several. Return if there is none."""
        if self._found:
            raise self.as_error()

    def as_error(self) -> PetmsgError:
        """Return the only fault as it is, or `RowFaults` with several."""
        return self._found[0] if len(self._found) == 1 else RowFaults(self._found)


def _joined(hints: Iterable[str]) -> str:
    """The hints as sentences. One that ends with a command gets a semicolon, which is no part of
    the command."""
    *others, last = [*hints] or [""]
    return " ".join([*(each if each[-1] in ".?!" else f"{each};" for each in others), last])
