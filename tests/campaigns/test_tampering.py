"""Ten thousand tamperings with the audit."""

import pytest

from petmsg.db.location import locate
from tests.campaigns.tampering import KINDS, build, run


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A database, and the heads exported from it."""
    url = locate(str(tmp_path_factory.mktemp("audit") / "petmsg.db")).url
    return url, build(url)


def test_every_tampering_is_found_at_its_place(audit: tuple[str, str]) -> None:
    url, exported = audit
    assert exported.count("\n") == 6
    verdict = run(url, 10_000, seed=7, exported=exported)
    assert verdict.faults == []
    assert set(verdict.tried) == set(KINDS)


def test_without_exported_heads_a_thorough_forger_is_not_found(audit: tuple[str, str]) -> None:
    faults = run(audit[0], 300, seed=7, exported=None).faults
    assert {fault.partition(":")[0] for fault in faults} == {
        "a tail cut off with its head", "rewritten from an event on",
    }  # fmt: skip
