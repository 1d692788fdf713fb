"""GET /media/TOKEN/NAME: the whole answer, its parts, and who gets none.

The cases below `Asking` run in this process; one server of its own shows that the parts fit.
"""

import asyncio
import http.client
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from petmsg import clock
from petmsg.errors import Busy, MediaStoreUnusable
from petmsg.media.folder_store import FolderStore
from petmsg.media.links import AskedFile, hash_of_token, new_token, path_of
from petmsg.queries.media_link import LinkedFile
from petmsg.web import link_look_ups, media_route
from petmsg.web.access_log import AccessLog, Answered
from petmsg.web.app import Webhooks, make_app
from petmsg.web.group_commit import GroupCommit
from petmsg.web.media_route import MediaSource
from tests.support.fixtures import working
from tests.support.linked_media import JPEG, PDF, link
from tests.support.queueing import company
from tests.support.webhooks import Server, serving, wait_until

TOKEN = new_token()
PICTURE = path_of(TOKEN, position=0, content_type="image/jpeg")
DOCUMENT = path_of(TOKEN, position=1, content_type="application/pdf")
LARGE = path_of(TOKEN, position=2, content_type="image/png")
LARGE_BYTES = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10_000
CONTENTS = ((JPEG, "image/jpeg"), (PDF, "application/pdf"), (LARGE_BYTES, "image/png"))


@dataclass
class Got:
    """An answer. `whole` says whether its body was ended."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = False


@dataclass
class Asking:
    """The application with three files under `TOKEN`, and what it was asked for."""

    store: FolderStore
    files: list[LinkedFile]
    looked_up: list[AskedFile] = field(default_factory=list)
    log: list[Answered] = field(default_factory=list)

    def find(self, asked: Sequence[AskedFile]) -> list[LinkedFile | None]:
        self.looked_up += asked
        return [self._file(each) for each in asked]

    def _file(self, asked: AskedFile) -> LinkedFile | None:
        is_known = asked.token_hash == hash_of_token(TOKEN) and asked.position < len(self.files)
        return self.files[asked.position] if is_known else None

    @property
    def app(self) -> AccessLog:
        def nothing(_: Sequence[Any]) -> list[Any]:
            raise AssertionError

        source = MediaSource(find=self.find, store=self.store)
        webhooks = Webhooks(twilio=None, stripe=None, health=lambda: None, media=source)
        return make_app(webhooks, GroupCommit(nothing), self.log.append)

    def __call__(self, path: str = PICTURE, method: str = "GET", **headers: str) -> Got:
        return asyncio.run(ask(self.app, method, path, headers))


async def ask(app: AccessLog, method: str, path: str, headers: Mapping[str, str]) -> Got:
    """One request in this process; `if_range` stands for `If-Range`."""
    got = Got()
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            got.status = message["status"]
            got.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            assert len(got.headers.pop("x-request-id")) == 16
        else:
            got.body += message["body"]
            got.whole = not message.get("more_body", False)

    scope = {
        "type": "http",
        "method": method,
        "path": path.split("?", maxsplit=1)[0],
        "raw_path": path.split("?", maxsplit=1)[0].encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }
    await app(scope, receive, send)
    return got


@pytest.fixture
def asking(tmp_path: Path) -> Asking:
    store = FolderStore(tmp_path)
    files = [
        LinkedFile(store.put(content), content_type, len(content), "Rex at 12 Elm Street.jpg")
        for content, content_type in CONTENTS
    ]
    return Asking(store, files)


# ------------------------------------------------------------------------------------- the file


def test_the_file_comes_whole_with_what_describes_it(asking: Asking) -> None:
    for path, (content, content_type) in zip((PICTURE, DOCUMENT, LARGE), CONTENTS, strict=True):
        got = asking(path)
        assert (got.status, got.whole) == (200, True)
        assert got.body == content
        etag = got.headers.pop("etag")
        assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
        assert got.headers == {
            "content-type": content_type,
            "content-length": str(len(content)),
            "cache-control": "private, no-store",
            "x-content-type-options": "nosniff",
            "content-disposition": f'inline; filename="{path.rpartition("/")[2]}"',
            "accept-ranges": "bytes",
        }


def test_head_is_the_same_without_the_body(asking: Asking) -> None:
    for path in (PICTURE, LARGE):
        head = asking(path, "HEAD", range="bytes=0-1")
        assert (head.status, head.body) == (200, b"")
        assert head.headers == asking(path).headers


def test_a_part_is_what_was_asked_for(asking: Asking) -> None:
    size = len(LARGE_BYTES)
    for text, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=5-", 5, size),
        ("bytes=-7", size - 7, size),
        (f"bytes=100-{size * 2}", 100, size),
    ):
        got = asking(LARGE, range=text)
        assert (got.status, got.whole) == (206, True)
        assert got.body == LARGE_BYTES[start:end]
        assert got.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert got.headers["content-length"] == str(end - start)
        assert got.headers["content-type"] == "image/png"


def test_a_part_that_is_not_there_is_a_416(asking: Asking) -> None:
    got = asking(range=f"bytes={len(JPEG)}-")
    assert got.status == 416
    assert got.headers["content-range"] == f"bytes */{len(JPEG)}"
    assert JPEG[:20] not in got.body


def test_several_parts_and_nonsense_are_the_whole(asking: Asking) -> None:
    for text in ("bytes=0-1,5-6", "bytes=x", "lines=1-2", "bytes=5-1"):
        got = asking(range=text)
        assert (got.status, got.body) == (200, JPEG)
        assert "content-range" not in got.headers


def test_a_download_goes_on_only_where_the_file_is_the_same(asking: Asking) -> None:
    etag = asking().headers["etag"]
    assert asking(range="bytes=5-9", if_range=etag).body == JPEG[5:10]
    assert asking(range="bytes=5-9", if_range='"0"').body == JPEG
    known = asking(if_none_match=f'"0", {etag}')
    assert (known.status, known.body) == (304, b"")
    assert asking(if_none_match='"0"').status == 200


def test_the_etag_tells_neither_the_hash_nor_that_two_messages_have_one_picture(
    asking: Asking,
) -> None:
    same = asking.files[0]
    asking.files[1] = same
    etag = asking().headers["etag"]
    assert etag.strip('"') not in same.sha256
    assert hash_of_token(TOKEN)[:32] not in etag
    other = hash_of_token(new_token())
    asking.find = lambda asked: [same for _ in asked]  # type: ignore[method-assign] # another link
    assert asking(path_of(new_token(), position=0, content_type="image/jpeg")).headers[
        "etag"
    ] not in (
        etag,
        other,
    )


# ---------------------------------------------------------------------------------- who gets none


def strangers() -> list[str]:
    unknown = new_token()
    return [
        f"/media/{unknown}/picture-1.jpg",
        f"/media/{TOKEN}/picture-1.png",
        f"/media/{TOKEN}/file-1.jpg",
        f"/media/{TOKEN}/picture-4.jpg",
        f"/media/{TOKEN}/picture-2.jpg",
    ]


NAMELESS = [
    "/media/",
    f"/media/{TOKEN}",
    f"/media/{TOKEN}/",
    f"/media/{TOKEN}/.",
    f"/media/{TOKEN}/../{TOKEN}/picture-1.jpg",
    f"/media/{TOKEN}/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/media/../../etc/passwd",
    "/media/%2e%2e/%2e%2e/etc/passwd",
    f"/media/{TOKEN}%2Fpicture-1.jpg",
    f"/media/{TOKEN}/picture-1.jpg%00",
    f"/media/{TOKEN}/picture-1.jpg%00.png",
    f"/media/{TOKEN[:-1]}/picture-1.jpg",
    f"/media/{TOKEN}A/picture-1.jpg",
    f"/media/{TOKEN}/Rex%20at%2012%20Elm%20Street.jpg",
]


def test_all_who_get_none_get_the_same_answer(asking: Asking) -> None:
    answers = [asking(path) for path in (*strangers(), *NAMELESS)]
    asking.files[0] = asking.files[0]._replace(sha256="0" * 64)  # its bytes are gone
    answers.append(asking())
    assert answers[0].status == 404
    assert answers[0].body == b"not_found\n"
    assert all(each == answers[0] for each in answers)


def test_a_path_without_a_token_costs_no_look_up_and_an_unknown_token_one(asking: Asking) -> None:
    for path in NAMELESS:
        asking(path)
    assert asking.looked_up == []
    for path in strangers():
        asking(path)
    assert len(asking.looked_up) == len(strangers())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
def test_other_methods_are_a_405_for_every_path(asking: Asking, method: str) -> None:
    for path in (PICTURE, strangers()[0], NAMELESS[1]):
        got = asking(path, method)
        assert got.status == 405
        assert "GET" in got.headers["allow"]
    assert asking.looked_up == []


def test_the_log_shows_no_token(asking: Asking) -> None:
    for path in (PICTURE, *strangers(), *NAMELESS):
        for method in ("GET", "HEAD", "POST"):
            asking(path, method)
    assert {each.route for each in asking.log} == {"/media/TOKEN/NAME"}
    assert TOKEN not in repr(asking.log)
    asking("/media")
    asking(f"/medias/{TOKEN}")
    assert {each.route for each in asking.log[-2:]} == {"-"}


# ---------------------------------------------------------------------------------------- trouble


def test_a_database_that_does_not_answer_is_a_503(asking: Asking) -> None:
    def locked(_: Sequence[AskedFile]) -> list[LinkedFile | None]:
        raise Busy("locked")

    asking.find = locked  # type: ignore[method-assign] # the database has trouble
    got = asking()
    assert (got.status, got.headers["retry-after"]) == (503, "5")
    assert asking(NAMELESS[0]).status == 404


def test_a_store_that_does_not_answer_is_a_503(asking: Asking, tmp_path: Path) -> None:
    class Unusable(FolderStore):
        def read(self, *_: Any, **__: Any) -> bytes:
            raise MediaStoreUnusable("gone")

    asking.store = Unusable(tmp_path)
    assert asking().status == 503


def test_what_takes_too_long_is_a_503(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_route, "ANSWER_WITHIN", 0.05)
    asking.find = lambda asked: [time.sleep(0.3) or None for _ in asked]  # type: ignore[method-assign] # slow
    got = asking()
    assert (got.status, got.headers["retry-after"]) == (503, "5")


def test_too_many_that_wait_are_a_503(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_look_ups, "MOST_WAITING", 3)
    monkeypatch.setattr(media_route, "MOST_WAITING", 2)
    goes_on = threading.Event()

    def waits(asked: Sequence[AskedFile]) -> list[LinkedFile | None]:
        assert goes_on.wait(10)
        return [None for _ in asked]

    asking.find = waits  # type: ignore[method-assign] # a slow database

    async def many() -> list[int]:
        app = asking.app
        tasks = [asyncio.create_task(ask(app, "GET", PICTURE, {})) for _ in range(10)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert {each.result().status for each in done} == {503}
        goes_on.set()
        return [(await each).status for each in tasks]

    statuses = asyncio.run(many())
    assert statuses.count(404) >= 3
    assert statuses.count(404) + statuses.count(503) == 10


def test_a_file_that_is_cut_short_is_never_sent_as_whole(asking: Asking, tmp_path: Path) -> None:
    name = asking.files[2].sha256
    path = tmp_path / name[:2] / name
    path.write_bytes(LARGE_BYTES[: len(LARGE_BYTES) // 2])
    assert asking(LARGE).status == 404
    assert asking(LARGE, "HEAD").status == 404


def test_a_file_that_goes_while_it_is_sent_is_cut_off(asking: Asking, tmp_path: Path) -> None:
    class Goes(FolderStore):
        def read(self, sha256: str, *, start: int = 0, length: int | None = None) -> bytes:
            piece = super().read(sha256, start=start, length=length)
            self.delete(sha256)
            return piece

    asking.store = Goes(tmp_path)
    got = asking(LARGE)
    assert (got.status, got.whole) == (200, False)
    assert got.body == LARGE_BYTES[: media_route.PIECE]
    assert asking.log[-1].outcome == "cut_off"


# ------------------------------------------------------------------------------- a server, for real


def test_a_server_gives_a_link_until_it_ends(migrated_url: str) -> None:
    company(migrated_url)
    now = clock.now()
    token = link(migrated_url, *CONTENTS, now=now)
    picture = path_of(token, position=0, content_type="image/jpeg")
    document = path_of(token, position=1, content_type="application/pdf")
    with serving(migrated_url) as server:
        _gives(server, picture, JPEG)
        _gives(server, document, PDF)
        for path in (
            picture.replace("picture-1", "picture-3"),
            f"/media/{token}/../../../etc/passwd",
            f"/media/{token}%2Fpicture-1.jpg",
            f"/media/{token}/",
            f"/media/{new_token()}/picture-1.jpg",
        ):
            assert server.ask("GET", path).status == 404, path
        assert server.ask("POST", picture, b"x").status == 405
        with working(migrated_url) as uow:
            uow.cursor.run("UPDATE message SET status = 'delivered'")
        gone = server.ask("GET", picture)
        unknown = server.ask("GET", path_of(new_token(), position=0, content_type="image/jpeg"))
        assert (gone.status, gone.body) == (404, "not_found\n")
        assert gone.body == unknown.body
        assert without_own(gone.headers) == without_own(unknown.headers)
        assert server.ask("HEAD", picture).status == 404
        wait_until(lambda: len(server.log) >= 16)
        assert server.stop() == 0
    assert token not in "\n".join(server.log + server.errors)
    assert {line.split("\t")[2] for line in server.log[1:]} == {"/media/TOKEN/NAME"}


def without_own(headers: Mapping[str, str]) -> dict[str, str]:
    own = ("date", "x-request-id")
    return {name: value for name, value in headers.items() if name not in own}


def _gives(server: Server, path: str, content: bytes) -> None:
    """Asked for as a provider does, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for method, headers, status, body in (
        ("HEAD", {}, 200, b""),
        ("GET", {}, 200, content),
        ("GET", {"Range": "bytes=3-9"}, 206, content[3:10]),
    ):
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, body)
        assert answer.headers["Content-Length"] == str(len(body or content))
    connection.close()
