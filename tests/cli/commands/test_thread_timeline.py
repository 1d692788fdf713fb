"""petmsg thread timeline: the segments of route simulate, drawn; nothing of a stranger's runs."""

import os
import re
import stat
import sys
import threading
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from petmsg.db.partial_files import temp_path_for
from petmsg.enums.calls import CallerKind, CallStatus
from tests.support.calls import add_call
from tests.support.fixtures import NOW, Cli, add_org
from tests.support.incoming import comes
from tests.support.media_rows import add_media
from tests.support.pictures import picture, saved
from tests.support.texting import ANN, DESK, MAYA, people, people_and_visit, send

HOUR = timedelta(hours=1)
SPAN = ("--from", "2026-02-13T15:00Z", "--to", "2026-02-17T15:00Z")


@pytest.fixture
def ready(cli: Cli) -> Cli:
    """A visit by Maya that is on, one by Olga the day after, messages, and a quarantine to come."""
    people_and_visit(cli)
    cli(
        "booking", "add", "--ref", "B-2", "--client", "C-1", "--sitter", "S-2",
        "--start", "2026-02-15T14:00Z", "--end", "2026-02-15T20:00Z",
    )  # fmt: skip
    assert cli("booking", "confirm", "B-2").code == 0
    assert send(cli).code == 0
    comes(cli, to=DESK)
    return cli


def drawn(cli: Cli, *words: str, **environ: str) -> list[str]:
    ran = cli("thread", "timeline", "C-1", *SPAN, "-o", "table", *words, **environ)
    assert ran.code == 0, ran.err
    return list(ran.out.splitlines())


def lane(lines: list[str], name: str) -> str:
    (found,) = [line for line in lines if line.startswith(name)]
    return found


def test_its_segments_are_those_that_simulating_finds(ready: Cli) -> None:
    ready("number", "quarantine", MAYA, "--days", "1", "--reason", "filtered", now=NOW + HOUR / 2)
    asked = {"now": NOW + HOUR}
    told = ready("thread", "timeline", "C-1", *SPAN, "-o", "json", **asked).json
    found = ready("route", "simulate", "--client", "C-1", *SPAN, "-o", "json", **asked).json
    assert told["segments"] == found
    assert len(found) > 4
    assert [row["booking"] for row in told["windows"]] == ["B-1", "B-2"]
    assert told["quarantines"] == [
        {
            "number": MAYA,
            "from": "2026-02-14T15:30:00Z",
            "to": "2026-02-15T15:30:00Z",
            "reason": "filtered",
        }
    ]
    assert [row["direction"] for row in told["messages"]] == ["outbound", "inbound"]


def test_a_quarantine_that_ended_early_is_drawn_as_long_as_it_was(ready: Cli) -> None:
    ready("number", "quarantine", MAYA, "--days", "90", "--reason", "filtered")
    ready("number", "restore", MAYA, "--reason", "it was not", now=NOW + HOUR)
    told = ready("thread", "timeline", "C-1", *SPAN, "-o", "json", now=NOW + 2 * HOUR).json
    (row,) = told["quarantines"]
    assert (row["from"], row["to"]) == ("2026-02-14T15:00:00Z", "2026-02-14T16:00:00Z")


def test_it_is_drawn_in_lanes(ready: Cli) -> None:
    lines = drawn(ready, COLUMNS="120")
    assert lines[0] == "Ann (C-1), 2026-02-13 10:00 EST to 2026-02-17 10:00 EST"
    assert re.search(r"Sat 14 +Sun 15 +Mon 16 +Tue 17", lines[1])
    assert "▾" in lines[2]
    assert re.search(r" █+░*$", lane(lines, "Maya Lee (S-1)"))
    assert re.search(r" █+░+$", lane(lines, "Olga Roy (S-2)"))
    line = lane(lines, "Number seen")
    letters = re.sub("[^A-Z]", "", line.removeprefix("Number seen"))
    assert len(letters) >= 4
    assert lane(lines, "Messages").rstrip()[-1] in "▲▼◆"
    (numbers,) = [text for text in lines if text.startswith("Numbers: ")]
    assert MAYA in numbers
    # Where the bar of a sitter begins, the line of the number changes.
    assert line[lane(lines, "Olga Roy (S-2)").index("█")] in letters


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_it_fits(ready: Cli, columns: int) -> None:
    lines = drawn(ready, COLUMNS=str(columns))
    assert max(map(len, lines)) <= columns


def test_colours_follow_no_color_and_force_color(ready: Cli) -> None:
    assert "\x1b" not in "".join(drawn(ready, NO_COLOR="1", FORCE_COLOR="1"))
    assert "\x1b[32m" in "".join(drawn(ready, FORCE_COLOR="1"))


def test_a_client_without_a_thread_sees_a_number_too(ready: Cli) -> None:
    told = ready("thread", "timeline", "C-2", "-o", "json").json
    assert (told["windows"], told["messages"]) == ([], [])
    assert (told["from"], told["to"]) == ("2026-02-11T15:00:00Z", "2026-02-25T15:00:00Z")
    assert told["segments"]


# ------------------------------------------------------------------------------------------- files


def test_the_drawing_is_a_whole_svg_that_only_its_owner_reads(ready: Cli, tmp_path: Path) -> None:
    ready("client", "set", "C-1", "--name", "Ann <script>alert(1)</script> & Co")
    picture, page = tmp_path / "a.svg", tmp_path / "a.html"
    picture.write_text("what was there")
    temp_path_for(picture).write_text("what a killed process with the same id left")
    drawn(ready, "--svg", str(picture), "--html", str(page))
    root = ET.parse(picture).getroot()  # noqa: S314 because petmsg wrote it
    bars = root.findall("{http://www.w3.org/2000/svg}rect")
    titles = [bar[0].text for bar in bars if len(bar)]
    assert {"B-1", "B-2", "B-1, grace", "B-2, grace"} <= set(titles)
    for file in (picture, page):
        text = file.read_text("utf-8")
        assert "<script>" not in text
        assert "&lt;script&gt;" in text
        assert ANN not in text
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "<svg" in page.read_text("utf-8")
    assert sorted(each.name for each in tmp_path.iterdir() if "partial" in each.name) == []


def test_bars_lie_where_their_times_are(ready: Cli, tmp_path: Path) -> None:
    """Four days are 790 wide: a visit of two hours is a 48th of that."""
    drawn(ready, "--svg", str(tmp_path / "a.svg"))
    root = ET.parse(tmp_path / "a.svg").getroot()  # noqa: S314 because petmsg wrote it
    (bar,) = [
        each for each in root.findall("{http://www.w3.org/2000/svg}rect")
        if len(each) and each[0].text == "B-1"
    ]  # fmt: skip
    assert float(bar.attrib["x"]) == pytest.approx(190 + 790 * 23 / 96, abs=0.1)
    assert float(bar.attrib["width"]) == pytest.approx(790 * 2 / 96, abs=0.1)


@pytest.mark.parametrize("name", ["missing/a.svg", "", "a\0b"])
def test_a_file_that_cannot_be_written_is_said(
    sqlite_cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    people(sqlite_cli)
    ran = sqlite_cli("thread", "timeline", "C-1", "--svg", name, "-o", "json")
    assert (ran.code, ran.error["code"]) == (5, "file_unwritable")
    assert list(tmp_path.glob("*.svg")) == []


# ------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize("option", ["--svg", "--html"])
def test_a_link_stays_a_link_and_what_is_no_file_is_written_into(
    ready: Cli, tmp_path: Path, option: str
) -> None:
    """As root `--svg /dev/null` made a file of it."""
    kept, link, dangling = tmp_path / "kept", tmp_path / "link", tmp_path / "dangling"
    kept.write_text("old")
    link.symlink_to(kept)
    dangling.symlink_to(tmp_path / "new")
    for each in (link, dangling):
        assert ready("thread", "timeline", "C-1", option, str(each)).code == 0
        assert each.is_symlink()
        assert each.read_text().startswith("<")
    assert kept.read_text().startswith("<")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    assert ready("thread", "timeline", "C-1", option, str(pipe)).code == 0
    reader.join(30)
    assert got[0].startswith("<")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert ready("thread", "timeline", "C-1", option, os.devnull).code == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    assert sorted(each.name for each in tmp_path.glob(".*partial")) == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("C-9",), 3),
        (("C-1", "--from", "tomorrow-ish"), 2),
        (("C-1", "--from", "2026-02-14T00:00Z", "--to", "2026-02-13T00:00Z"), 2),
        (("C-1", "--from", "2026-01-01T00:00Z", "--to", "2028-01-01T00:00Z"), 2),
    ],
    ids=["nobody", "no time", "backwards", "too long"],
)
def test_what_cannot_be_drawn(sqlite_cli: Cli, words: tuple[str, ...], code: int) -> None:
    people(sqlite_cli)
    assert sqlite_cli("thread", "timeline", *words).code == code


def test_another_orgs_client_is_nobody(ready: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "other", front_desk="+14155550900")
    assert ready("thread", "timeline", "C-1", "--org", "other").code == 3


# ---------------------------------------------------------------------------------------- pictures


def test_the_page_shows_pictures_and_loads_nothing_from_elsewhere(
    ready: Cli, migrated_url: str, tmp_path: Path
) -> None:
    page, kept = tmp_path / "a.html", f"{tmp_path}/kept"
    drawn(ready, "--html", str(page))
    assert "Pictures" not in page.read_text("utf-8")
    message = ready("message", "list", "--client", "C-1", "-o", "json").json[0]["message"]
    add_media(
        migrated_url, message, content=saved(picture(800, 600)), place=kept,
        name="<b>rex</b>\x1b[1m.jpg",
    )  # fmt: skip
    add_media(
        migrated_url, message, status="linked", url="https://pets.example/a.png", name="a.png"
    )
    asked = ("thread", "timeline", "C-1", *SPAN)
    told = ready(*asked, "--html", str(page), "-o", "json", PETMSG_MEDIA_DIR=kept).json
    text = page.read_text("utf-8")
    assert "<h2>Pictures</h2>" in text
    assert text.count("<img alt='' src='data:image/jpeg;base64,") == 1
    assert "&lt;b&gt;rex&lt;/b&gt;\\x1b[1m.jpg" in text
    assert "a.png, at a web address" in text
    assert "pets.example" not in text
    assert "img-src data:" in text
    assert not re.findall(r"(?:src|href)=['\"](?!data:)", text)
    (message_row,) = [row for row in told["messages"] if row["message"] == message]
    assert [each["status"] for each in message_row["media"]] == ["stored", "linked"]
    table = "\n".join(drawn(ready, COLUMNS="120"))
    assert "a.png, at a web address" in table


def test_without_the_extra_the_page_names_the_pictures_and_says_so(
    ready: Cli, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = ready("message", "list", "--client", "C-1", "-o", "json").json[0]["message"]
    add_media(
        migrated_url, message, content=saved(picture()), name="rex.jpg", place=f"{tmp_path}/k"
    )
    monkeypatch.setitem(sys.modules, "PIL", None)
    page = tmp_path / "a.html"
    asked = ("thread", "timeline", "C-1", "--html", str(page), "-o", "json")
    ran = ready(*asked, PETMSG_MEDIA_DIR=f"{tmp_path}/k")
    assert ran.code == 0
    assert "petmsg[media]" in ran.err
    assert "[rex.jpg, " in page.read_text("utf-8")
    assert "<img" not in page.read_text("utf-8")


def test_calls_have_a_lane_and_a_list(ready: Cli, migrated_url: str, tmp_path: Path) -> None:
    before = ready("thread", "timeline", "C-1", *SPAN, "-o", "json").json
    assert before["calls"] == []
    add_call(migrated_url, number=MAYA, client="C-1", sitter="S-1", seconds=125)
    missed = {"status": CallStatus.NO_ANSWER, "voicemail": 23, "started_at": NOW - 3 * HOUR}
    add_call(migrated_url, number=DESK, client="C-1", **missed)
    add_call(
        migrated_url, number=MAYA, client="C-1", sitter="S-1", caller=CallerKind.SITTER,
        status=CallStatus.BUSY, started_at=NOW - 60 * HOUR,
    )  # fmt: skip
    found = ready("thread", "timeline", "C-1", *SPAN, "-o", "json").json
    assert [row["call"] for row in found["calls"]] == [2, 1]
    assert found["messages"] == before["messages"]
    page = tmp_path / "page.html"
    lines = drawn(ready, "--html", str(page))
    assert lane(lines, "Calls  ").count("▼") + lane(lines, "Calls  ").count("◆") >= 1
    told = " ".join(" ".join(lines).split())
    assert f"call 1 to {MAYA}, for sitter S-1 Maya Lee: answered by the sitter, 2 min 5 s" in told
    assert f"call 2 to {DESK}, for the front desk: missed, voicemail of 23 s" in told
    assert "<h2>Calls</h2>" in page.read_text()
    assert "call 2: missed, voicemail of 23 s</title>" in page.read_text()
    assert ANN not in page.read_text()
