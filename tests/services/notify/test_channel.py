"""Adding and removing channels."""

import pytest

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import AlreadyExists, MalformedRef
from petmsg.services.notify import channel
from petmsg.services.notify.channel import parse_channel
from tests.support.fixtures import Cli, working


@pytest.mark.parametrize("text", ["", " ", "a" * 65, "+14155551001", "a\nb"])
def test_an_invalid_name_is_refused(text: str) -> None:
    with pytest.raises(MalformedRef) as refused:
        parse_channel(text)
    assert refused.value.hint == "A channel's name has 1 to 64 printable characters, such as ops."


def test_a_url_as_a_name_is_refused_unseen() -> None:
    with pytest.raises(MalformedRef) as refused:
        parse_channel("json://127.0.0.1/SENTINEL")
    assert "SENTINEL" not in refused.value.message + refused.value.hint


def test_a_channel_is_told_of_warnings_of_every_kind_by_default(
    cli: Cli, migrated_url: str
) -> None:
    with working(migrated_url) as uow:
        added = channel.add(uow, "ops")
    assert (added.severity, added.kinds, added.reused) == (AlertSeverity.WARNING, [], False)
    (event,) = cli("audit", "list", "--event", "channel.added", "-o", "json").json
    assert (event["entity"], event["ref"]) == ("channel", "ops")
    assert event["payload"] == {"severity": "warning", "kinds": []}


def test_adding_it_again_changes_nothing(cli: Cli, migrated_url: str) -> None:
    kinds = [AlertKind.UNMATCHED_MESSAGE, AlertKind.CLIENT_WAITING]
    with working(migrated_url) as uow:
        channel.add(uow, "ops", severity=AlertSeverity.INFO, kinds=kinds)
    with working(migrated_url) as uow:
        assert channel.add(uow, "ops").reused
        assert channel.add(uow, "ops", severity=AlertSeverity.INFO).reused
        again = channel.add(uow, "ops", kinds=[*reversed(kinds), *kinds])
    assert again.kinds == ["client_waiting", "stray_text"]
    assert len(cli("audit", "list", "--event", "channel.added", "-o", "json").json) == 1


def test_other_settings_of_a_channel_that_exists_are_refused(cli: Cli, migrated_url: str) -> None:
    with working(migrated_url) as uow:
        channel.add(uow, "ops")
    with working(migrated_url) as uow:
        with pytest.raises(AlreadyExists, match="another value of --severity"):
            channel.add(uow, "ops", severity=AlertSeverity.CRITICAL)
        with pytest.raises(AlreadyExists, match="another value of --kind"):
            channel.add(uow, "ops", kinds=[AlertKind.UNMATCHED_MESSAGE])


def test_removing_it_twice_finds_none(cli: Cli, migrated_url: str) -> None:
    with working(migrated_url) as uow:
        channel.add(uow, "ops")
    with working(migrated_url) as uow:
        assert channel.remove(uow, "ops") is not None
        assert channel.remove(uow, "ops") is None
    assert len(cli("audit", "list", "--event", "channel.removed", "-o", "json").json) == 1
