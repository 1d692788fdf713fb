"""The chart of a day as SVG and HTML: whole, escaped, and in words for those who cannot see it."""

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import Phase, given, settings

from petmsg.render import day_report
from petmsg.services.routes.today import Today
from tests.render.test_today_screen import days
from tests.support.a_day import a_day, absence, gap, org_named, visit, waits

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def day() -> Today:
    return a_day(
        [
            visit(9, 10, client="Ann <script>alert(1)</script> & Co"),
            visit(12, 13, booking="B-2", client="Ann <script>alert(1)</script> & Co", sitter="S-2"),
            visit(15, 16, booking="B-3", sitter=None, is_pending=True, client="דנה"),
        ],
        absences=[absence(18, 30)],
        sitters=[("S-1", "Sitter S-1"), ("S-9", "日本")],
        gaps=[gap("Booking B-3: no sitter", "petmsg booking reassign B-3 SITTER", start=15)],
        waiting=[waits(5, name=None, entity="message", ref="unrouted"), waits(3, name="Bo")],
        org=org_named("Paws & <Claws>"),
    )


def test_the_drawing_is_a_whole_svg_with_its_bars_where_their_times_are(day: Today) -> None:
    root = ET.fromstring(day_report.svg(day))  # noqa: S314 because petmsg wrote it
    assert root.attrib["role"] == "img"
    bars = {bar[0].text: bar for bar in root.findall(f"{SVG}rect") if len(bar)}
    bar = bars["B-1, Ann <script>alert(1)</script> & Co, 09:00-10:00"]
    assert float(bar.attrib["x"]) == pytest.approx(190 + 790 * 9 / 24, abs=0.1)
    assert float(bar.attrib["width"]) == pytest.approx(790 / 24, abs=0.1)
    assert {"B-1, grace", "away: ill"} <= set(bars)
    (mark,) = root.findall(f"{SVG}path")
    assert mark[0].text == "Ann <script>alert(1)</script> & Co: from Sitter S-1"
    hours = [
        text.text for text in root.findall(f"{SVG}text") if re.fullmatch(r"\d\d", text.text or "")
    ]
    assert hours == [f"{hour:02}" for hour in range(24)]


def test_it_is_said_in_words_too(day: Today) -> None:
    root = ET.fromstring(day_report.svg(day))  # noqa: S314 because petmsg wrote it
    about = root.find(f"{SVG}desc")
    assert about is not None
    assert about.text is not None
    assert about.text.startswith("3 visits of 2 sitters, 0 running. no sitter: B-3, דנה")
    assert "日本 (S-9): no visit." in about.text
    page = day_report.html(day)
    for words in (
        "Booking B-3: no sitter", "petmsg booking reassign B-3 SITTER", "petmsg inbox show 1",
        "Unknown senders", "petmsg booking confirm B-3", "<th scope='col'>Sitter</th>", "no sitter",
    ):  # fmt: skip
        assert words in page


def test_nothing_in_it_acts_or_is_loaded(day: Today) -> None:
    for text in (day_report.svg(day), day_report.html(day)):
        assert "<script" not in text
        assert "&lt;script&gt;" in text
        assert not re.search(r"(src|href|url)\s*[=(]", text)
        assert re.findall(r"https?://[^'\" ]+", text) == ["http://www.w3.org/2000/svg"]
    assert "default-src 'none'" in day_report.html(day)


def test_a_part_without_rows_is_left_out() -> None:
    assert "<h2>" not in day_report.html(a_day())


@settings(max_examples=15, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(days())
def test_any_day_is_xml(day: Today) -> None:
    ET.fromstring(day_report.svg(day))  # noqa: S314 because petmsg wrote it
    assert day_report.html(day).count("<table>") <= 4
