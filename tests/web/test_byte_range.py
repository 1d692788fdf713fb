"""What a Range asks for, as RFC 9110 has it."""

import pytest

from petmsg.web.byte_range import Span, matches, span_of

ETAG = '"abc"'


def asked(text: str, size: int = 100, **more: str) -> Span | None:
    return span_of({"range": text} | more, size, etag=ETAG)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-", (0, 100)),
        ("bytes=10-19", (10, 20)),
        ("bytes=99-", (99, 100)),
        ("bytes=50-1000", (50, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-100", (0, 100)),
        ("bytes=-1000", (0, 100)),
        ("Bytes= 1-2 ", (1, 3)),
    ],
)
def test_one_range(text: str, span: tuple[int, int]) -> None:
    assert asked(text) == span


@pytest.mark.parametrize("text", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999-999"])
def test_a_range_outside_the_file_is_empty(text: str) -> None:
    found = asked(text)
    assert found is not None
    assert found.length == 0


def test_an_empty_file_has_no_range() -> None:
    for text in ("bytes=0-", "bytes=0-0", "bytes=-1"):
        found = asked(text, size=0)
        assert found is not None
        assert found.length == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=2-1",
        "bytes=0-1,5-6",
        "bytes=0-1, -1",
        "bytes=a-b",
        "bytes=1.5-2",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=\u0661-\u0662",
        "bytes=0x1-0x2",
        "items=0-1",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_everything_else_means_the_whole_file(text: str) -> None:
    assert asked(text) is None


def test_a_range_counts_only_for_the_file_that_if_range_names() -> None:
    assert asked("bytes=1-2", **{"if-range": ETAG}) == (1, 3)
    for other in ('"abd"', 'W/"abc"', "Sun, 29 Nov 2026 07:00:00 GMT", ""):
        assert asked("bytes=1-2", **{"if-range": other}) is None


def test_if_none_match_names_etags() -> None:
    for header in (ETAG, "*", f'"x", {ETAG}', f"W/{ETAG}"):
        assert matches(header, ETAG)
    for header in (None, "", '"x"', "abc", '"x", *'):
        assert not matches(header, ETAG)
