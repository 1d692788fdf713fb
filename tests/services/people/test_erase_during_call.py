"""A client who is erased in the middle of a call: nothing that comes later brings them back."""

from typing import Any

import pytest

from petmsg.enums.calls import CallStatus
from petmsg.providers.call_events import CallEvent, ClientChosen
from tests.services.people.test_erase import everything
from tests.support.calling import (
    MAYAS_OWN,
    arrived,
    company,
    ended,
    left,
    picked_up,
    plan,
    rang,
    table,
    tell,
)
from tests.support.consistency import problems
from tests.support.fixtures import Cli
from tests.support.texting import ANN, visit

MISSED: tuple[CallEvent, ...] = (
    arrived(),
    picked_up(),
    picked_up(key=""),
    rang(),
    rang(1),
    left(),
    ended(50, CallStatus.NO_ANSWER),
)
TAKEN: tuple[CallEvent, ...] = (
    arrived(),
    picked_up(),
    picked_up(key="1"),
    rang(0, CallStatus.COMPLETED),
    ended(50),
)
TO_ANN: tuple[CallEvent, ...] = (
    arrived(sender=MAYAS_OWN),
    rang(0, CallStatus.COMPLETED),
    ended(50, sender=MAYAS_OWN),
)


def forget(cli: Cli) -> Any:
    ran = cli("client", "forget", "C-1", "--reason", "asked", "--yes")
    assert ran.code == 0, ran.err


def left_of_ann(url: str) -> list[str]:
    after = everything(url)
    return [each for each in (ANN, "'Ann'", '"Ann"') if each in after]


@pytest.mark.parametrize(
    ("story", "place"),
    [
        pytest.param(story, place, id=f"{name}-{place}")
        for name, story in (("missed", MISSED), ("taken", TAKEN), ("to_ann", TO_ANN))
        for place in range(1, len(story) + 1)
    ],
)
def test_whatever_comes_after_it_names_nobody(
    cli: Cli, migrated_url: str, story: tuple[CallEvent, ...], place: int
) -> None:
    company(cli)
    for event in story[:place]:
        plan(migrated_url, event)
    forget(cli)
    assert left_of_ann(migrated_url) == []
    # What has not come yet, and everything once more.
    for event in (*story[place:], *story):
        (outcome,) = tell(migrated_url, event)
        assert outcome.status == 200, (event, outcome)
    assert left_of_ann(migrated_url) == []
    assert problems(migrated_url) == []
    assert table(migrated_url, "SELECT count(*) FROM call") == [(1,)]
    bodies = "SELECT count(*) FROM message WHERE direction = 'inbound' AND body IS NOT NULL"
    assert table(migrated_url, bodies) == [(0,)]
    recordings = "SELECT DISTINCT status, provider_delete_at IS NOT NULL FROM media"
    kept = table(migrated_url, recordings)
    assert [(status, bool(deletes)) for status, deletes in kept] == (
        [("erased", True)] if story is MISSED else []
    )


def test_a_sitter_who_was_asked_to_choose_reaches_the_other_client(
    cli: Cli, migrated_url: str
) -> None:
    company(cli)
    cli(
        "booking", "add", "--ref", "B-2", "--client", "C-2", "--sitter", "S-1",
        "--start", "2026-02-14T14:30Z", "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert cli("booking", "confirm", "B-2").code == 0
    menu = plan(migrated_url, arrived(sender=MAYAS_OWN))
    names = dict(zip(menu.names, range(1, 3), strict=True))
    assert set(names) == {"Ann", "Bob"}
    forget(cli)
    assert set(plan(migrated_url, arrived(sender=MAYAS_OWN)).names) == {"C-1", "Bob"}
    assert plan(migrated_url, ClientChosen(arrived().call, names["Bob"])).phone == "+14155551002"
    assert left_of_ann(migrated_url) == []
    assert problems(migrated_url) == []


def test_a_sitter_who_chooses_the_erased_client_rings_nobody(cli: Cli, migrated_url: str) -> None:
    company(cli)
    visit(cli, "B-3")
    cli(
        "booking", "add", "--ref", "B-2", "--client", "C-2", "--sitter", "S-1",
        "--start", "2026-02-14T14:30Z", "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert cli("booking", "confirm", "B-2").code == 0
    menu = plan(migrated_url, arrived(sender=MAYAS_OWN))
    forget(cli)
    key = menu.names.index("Ann") + 1
    chosen = plan(migrated_url, ClientChosen(arrived().call, key))
    assert not hasattr(chosen, "phone"), chosen
    assert left_of_ann(migrated_url) == []
    assert problems(migrated_url) == []
