"""The names of files in the store of pictures."""

import pytest

from petmsg.media.base import checked_name, is_name


def test_a_name_is_a_sha256_in_lower_case() -> None:
    assert checked_name("0123456789abcdef" * 4) == "0123456789abcdef" * 4


@pytest.mark.parametrize("name", ["", "a" * 63, "A" * 64, "../" + "a" * 61, "a" * 64 + "\n"])
def test_another_name_is_refused(name: str) -> None:
    assert not is_name(name)
    with pytest.raises(ValueError, match="64 hex digits"):
        checked_name(name)
