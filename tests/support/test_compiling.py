import pytest

from tests import ROOT
from tests.support.compiling import share


def test_each_test_file_of_a_run_is_the_share_of_one_worker(pytestconfig: pytest.Config) -> None:
    shares = [share(pytestconfig, worker, 3) for worker in range(3)]

    together = [path for each in shares for path in each]
    assert len(together) == len(set(together))
    assert set(together) == set(share(pytestconfig, 0, 1))
    assert ROOT / "tests/support/test_compiling.py" in together
