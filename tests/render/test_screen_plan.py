"""What is shown where there is less room than there are things."""

from hypothesis import given
from hypothesis import strategies as st

from petmsg.render.screen_plan import Step, plan


def listed(heights: list[int]) -> "dict[str, object]":
    """How many lines a list takes with so many items shown: one more where some are not."""
    return {
        count: sum(heights[:count]) + (count < len(heights)) for count in range(len(heights) + 1)
    }


def planned(
    lists: dict[str, list[int]], steps: list[Step], room: int
) -> tuple[dict[str, int], int]:
    taken = {name: listed(heights) for name, heights in lists.items()}
    shown = plan(
        {name: (lambda count, name=name: taken[name][count]) for name in lists},
        {name: len(heights) for name, heights in lists.items()},
        steps,
        room,
    )
    return shown, sum(taken[name][shown[name]] for name in lists)


def test_everything_is_shown_where_there_is_room() -> None:
    shown, lines = planned({"a": [1, 2], "b": [3]}, [Step("b", 1)], 6)
    assert (shown, lines) == ({"a": 2, "b": 1}, 6)


def test_wishes_are_granted_in_their_order() -> None:
    lists = {"a": [1] * 9, "b": [1] * 9}
    assert planned(lists, [Step("b", 3), Step("a", 9)], 8)[0] == {"a": 3, "b": 3}
    assert planned(lists, [Step("a", 3), Step("b", 9)], 8)[0] == {"a": 3, "b": 3}
    assert planned(lists, [Step("a", 9)], 10)[0] == {"a": 9, "b": 0}


def test_the_last_item_takes_the_line_that_told_of_it() -> None:
    assert planned({"a": [1, 1, 1]}, [], 3)[0] == {"a": 3}
    assert planned({"a": [1, 1, 1]}, [], 2)[0] == {"a": 1}


def test_a_wish_for_what_is_not_there_is_left_out() -> None:
    assert planned({"a": [1]}, [Step("b", 1)], 1)[0] == {"a": 1}


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.lists(st.integers(1, 4), min_size=1, max_size=30)
    ),
    st.lists(st.builds(Step, st.sampled_from("abcdefg"), st.integers(1, 1000))),
    st.integers(6, 40),
)
def test_it_never_takes_more_lines_than_there_are(
    lists: dict[str, list[int]], steps: list[Step], room: int
) -> None:
    shown, lines = planned(lists, steps, room)
    assert lines <= room
    assert shown.keys() == lists.keys()
