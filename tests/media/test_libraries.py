"""Pillow and pypdf are asked for when they are needed, and named when they are missing."""

import sys

import pytest

from petmsg.errors import CONFIGURATION, ExtraMissing
from petmsg.media.prepare import prepare, thumbnail
from tests.support import pictures


@pytest.mark.parametrize(
    ("library", "content"), [("PIL", pictures.photo()), ("pypdf", b"%PDF-1.7")]
)
def test_without_the_extra_it_says_how_to_get_it(
    library: str, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExtraMissing) as missing:
        prepare(content, name="rex")
    assert (missing.value.exit_code, missing.value.code) == (CONFIGURATION, "extra_missing")
    assert "pip install 'petmsg[media]'" in missing.value.hint


def test_a_thumbnail_needs_the_extra_too(monkeypatch: pytest.MonkeyPatch) -> None:
    content = pictures.photo()
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ExtraMissing):
        thumbnail(content)
