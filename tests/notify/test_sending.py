"""A note is sent by a process of its own; real servers answer, refuse and hang."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from petmsg.enums.alerts import AlertSeverity
from petmsg.errors import ExtraMissing
from petmsg.notify import sending
from petmsg.notify.outcome import Outcome, Trouble
from petmsg.notify.sending import Note, Sending, _read
from tests.support.channels import SECRET, channel_server

NOTE = Note(
    "petmsg happy-paws: *test*", "First <b>line</b>\nC-1 \\n @channel", AlertSeverity.CRITICAL
)


def test_a_note_arrives_as_it_is() -> None:
    with channel_server() as server:
        assert Sending(server.url(), NOTE).outcome() == Outcome()
    (note,) = server.notes
    assert (note["title"], note["message"], note["type"]) == (NOTE.title, NOTE.body, "failure")


def test_a_refusal_tells_the_status_and_not_what_the_server_says() -> None:
    """Not even where the URL asks apprise to pass over failures."""
    with channel_server() as server:
        server.status = 503
        outcome = Sending(server.url(options="?optional=yes"), NOTE).outcome()
    assert outcome == Outcome(Trouble.HTTP_STATUS, 503)
    assert SECRET not in outcome.why


def test_a_channel_that_hangs_is_given_up() -> None:
    with channel_server() as server:
        server.hanging_paths.add("slow")
        server.free.clear()
        sent = Sending(server.url("slow"), NOTE)
        began = time.monotonic()
        assert sent.outcome(0.2) == Outcome(Trouble.NO_ANSWER)
        assert time.monotonic() - began < 5
    assert sent._process.returncode == -9


def test_a_note_is_stopped_at_once_from_another_thread() -> None:
    with channel_server() as server:
        server.hanging_paths.add("slow")
        server.free.clear()
        sent = Sending(server.url("slow"), NOTE)
        threading.Timer(0.2, sent.stop).start()
        began = time.monotonic()
        assert sent.outcome() == Outcome(Trouble.STOPPED)
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("url", ["nosuch://host/SENTINEL", "mailto://", "no url", "json://"])
def test_a_url_that_apprise_does_not_know_is_invalid(url: str) -> None:
    assert Sending(url).outcome() == Outcome(Trouble.URL_INVALID)


def test_checking_a_url_writes_to_nobody() -> None:
    with channel_server() as server:
        assert Sending(server.url()).outcome() == Outcome()
    assert server.asked == 0


@pytest.mark.parametrize(
    "answer",
    [b"", b"{", b"[]", b'{"trouble": "json://SENTINEL", "status": null}', b'{"trouble": null}'],
)
def test_only_known_words_are_taken_from_the_process(answer: bytes) -> None:
    assert _read(answer) == Outcome(Trouble.FAILED)


def test_without_apprise_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sending, "find_spec", lambda _: None)
    with pytest.raises(ExtraMissing) as missing:
        Sending("json://127.0.0.1/x", NOTE)
    assert missing.value.hint == "Install them: pip install 'petmsg[notify]'"


def test_nothing_but_the_answer_leaves_the_process(tmp_path: Path) -> None:
    """Not even with a library that prints: both streams are closed to it. The URL is in no argument
    and no variable."""
    assert sending._COMMAND[1:] == ["-P", "-m", "petmsg.notify.sender"]
    ran = subprocess.run(
        sending._COMMAND,
        input=b"not json://SENTINEL",
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONVERBOSE": ""},
    )
    assert (ran.stdout, ran.stderr) == (b'{"trouble": "failed", "status": null}', b"")


def test_petmsg_itself_does_not_load_apprise() -> None:
    code = (
        "import sys, petmsg.workflows.notify, petmsg.workflows.notify_thread\n"
        "assert not {'apprise', 'requests'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
