"""Times as somebody types them."""

from datetime import UTC, datetime

import pytest

from petmsg.clock import parse_instant
from petmsg.errors import USAGE, MalformedTime

LA = "America/Los_Angeles"
AT = datetime(2026, 2, 14, 15, 0, 0, 123456, tzinfo=UTC)


def parse(text: str, timezone: str = LA) -> datetime:
    return parse_instant(text, timezone=timezone, at=AT)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def refusal(text: str, timezone: str = LA) -> MalformedTime:
    with pytest.raises(MalformedTime) as refused:
        parse(text, timezone)
    assert refused.value.exit_code == USAGE
    assert refused.value.hint
    return refused.value
