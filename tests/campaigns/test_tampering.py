"""Ten thousand tamperings with the audit."""

import pytest

from petmsg.db.location import locate
from tests.campaigns.tampering import KINDS, build, run


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = locate(str(tmp_path_factory.mktemp("audit") / "petmsg.db")).url
    build(url)
    return url


def test_every_tampering_is_found_at_its_place(url: str) -> None:
    verdict = run(url, 10_000, seed=7)
    assert verdict.faults == []
    assert set(verdict.tried) == set(KINDS)


def test_without_exported_heads_a_thorough_forger_is_not_found(url: str) -> None:
    faults = run(url, 100, seed=7, with_heads=False).faults
    assert {fault.partition(":")[0] for fault in faults} == {
        "a tail cut off with its head", "rewritten from an event on",
    }  # fmt: skip
