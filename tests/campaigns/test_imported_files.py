"""20,000 odd files: a clear message or rows, and no import that leaves half of something behind."""

import random
from collections import Counter
from pathlib import Path

from tests.support.consistency import problems
from tests.support.fixtures import Cli
from tests.support.fuzzed_files import examine, fuzzed_file

FILES = 20_000
IMPORTED = 400


def test_twenty_thousand_odd_files_are_read_or_refused_with_a_clear_message() -> None:
    seen = Counter(examine(fuzzed_file(random.Random(seed))) for seed in range(FILES))
    assert sum(seen.values()) == FILES
    assert min(seen["refused"], seen["faults"], seen["read"]) > FILES // 20, seen


def test_what_is_refused_leaves_nothing_behind(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    """A refused file changes nothing; of a file that is read, there is afterwards what it made."""
    folder = tmp_path / "files"
    folder.mkdir()
    path, rejects = folder / "odd", folder / "rejects"
    for seed in range(IMPORTED):
        fuzzed = fuzzed_file(random.Random(seed))
        path.write_bytes(fuzzed.content)
        before = sqlite_cli("audit", "export").out
        words = [fuzzed.noun.value, "import", str(path), "--rejects", str(rejects)]
        if fuzzed.reading.date_order is not None:
            words += ["--date-order", fuzzed.reading.date_order.value]
        ran = sqlite_cli(*words, "-o", "jsonl")
        assert ran.code in (0, 2, 4), (seed, ran.err)
        assert "Traceback" not in ran.err
        made = ran.out.count('"result": "created"') + ran.out.count('"result": "updated"')
        after = sqlite_cli("audit", "export").out
        assert (before == after) is (made == 0), seed
        assert {each.name for each in folder.iterdir()} <= {"odd", "rejects"}
    assert problems(migrated_sqlite) == []
    assert sqlite_cli("audit", "verify").code == 0
