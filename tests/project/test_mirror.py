"""Tests stand where a newcomer looks for them: tests/A/B/test_X.py is about petmsg/A/B/X.py.

`test_X_more.py` is about X.py as well, where one file would grow too long.
"""

from pathlib import Path

from tests import ROOT

NOT_MIRRORED = {
    "campaigns": "long random walks through the whole program",
    "examples": "the files of examples/",
    "project": "the repository itself",
    "support": "the tests' own parts",
    "system": "the whole program",
}
"""Folders whose subject is no module."""

OF_SEVERAL = {
    "db/test_bad_databases.py": "every module of petmsg.db meets a damaged file",
    "db/test_bad_databases_access.py": "as above, with a file that may not be used",
    "db/test_bad_databases_postgres.py": "as above, with a server that cannot be used",
    "models/test_invariants.py": "the constraints of all tables",
    "models/test_invariants_of_histories.py": "the triggers of the tables that only grow",
    "models/test_invariants_of_orgs.py": "the foreign keys of all tables",
    "models/test_invariants_of_sending.py": "the constraints of all tables that sending writes",
    "queries/test_plans.py": "the plans of all texts of petmsg.queries",
    "queries/test_steps.py": "what SQLite does for each command, as test_plans for PostgreSQL",
    "queries/test_query_texts.py": "all texts of petmsg.queries",
    "queries/test_where_sql_stands.py": "no SQL outside petmsg.queries",
}
"""Files that are about more than one module, and what they are about."""

FILES = sorted(
    path.relative_to(ROOT / "tests")
    for path in (ROOT / "tests").rglob("test_*.py")
    if path.relative_to(ROOT / "tests").parts[0] not in NOT_MIRRORED
)


def subject_of(file: Path) -> Path | None:
    """Return the module or package a test file is named after."""
    words = file.stem.removeprefix("test_").split("_")
    folder = ROOT / "petmsg" / file.parent
    if "_".join(words) == folder.name:  # tests/rules/contact_details/test_contact_details.py
        return folder
    for length in range(len(words), 0, -1):
        name = "_".join(words[:length])
        for module in (folder / f"{name}.py", folder / f"{name}_.py", folder / name):
            if module.exists():
                return module
    return None


def test_a_test_file_stands_beside_its_module() -> None:
    for file in FILES:
        assert file.as_posix() in OF_SEVERAL or subject_of(file), (
            f"petmsg/{file.parent} has no module that tests/{file} is named after: "
            "move it to the folder of its subject, or name it in OF_SEVERAL with what it is about"
        )


def test_the_exceptions_are_there_and_are_exceptions() -> None:
    for name in OF_SEVERAL:
        assert Path(name) in FILES, name
        assert subject_of(Path(name)) is None, name
    for folder in NOT_MIRRORED:
        assert (ROOT / "tests" / folder).is_dir(), folder
        assert not (ROOT / "petmsg" / folder).exists(), folder


def test_a_file_of_another_name_would_be_found() -> None:
    assert subject_of(Path("services/outbox/test_claim.py"))
    assert subject_of(Path("services/outbox/test_claim_late.py"))
    assert subject_of(Path("services/outbox/test_odds_and_ends.py")) is None
