"""The private file with the URLs of the channels, beside the credentials.

It is a JSON object: the URL by channel by org. Only its owner may read it. No error contains a URL
or a part of one.
"""

import fcntl
import glob
import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from petmsg.durability import flush_folder
from petmsg.errors import AlreadyExists, NotifyFileUnusable, quoted
from petmsg.file_privacy import NotPrivate, read_private

_LARGEST = 1_048_576

Urls = dict[str, dict[str, str]]


class UrlFile:
    """The file at that path; it need not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Urls:
        """All URLs, by org and channel; none if there is no file.

        Raises `NotifyFileUnusable` if others may read the file, or it is damaged.
        """
        try:
            raw = read_private(self.path, most=_LARGEST)
        except FileNotFoundError:
            return {}
        except NotPrivate as problem:
            raise NotifyFileUnusable(
                f"The file {self.path} {problem.why}.",
                hint=f"Make it private: {problem.fix}" if problem.fix else "",
            ) from None
        except (OSError, ValueError) as problem:
            self._refuse(problem)
        return self._parsed(raw)

    def url_of(self, org: str, channel: str) -> str | None:
        """The URL of a channel, None if the file has none. Raises as `read` does."""
        return self.read().get(org, {}).get(channel)

    def keep(self, org: str, channel: str, url: str) -> bool:
        """Write the URL of a channel; whether it is new.

        Raises `AlreadyExists` if the channel has another URL, `NotifyFileUnusable`.
        """
        with self._writing() as urls:
            found = urls.get(org, {}).get(channel)
            if found not in (None, url):
                raise AlreadyExists(
                    f"Channel {quoted(channel)} of org {org} has another URL on this machine.",
                    hint=f"To replace it: petmsg notify remove {shlex.quote(channel)}, then add it "
                    "again.",
                )
            urls.setdefault(org, {})[channel] = url
        return found is None

    def drop(self, org: str, channel: str) -> bool:
        """Remove the URL of a channel; whether there was one. Raises `NotifyFileUnusable`."""
        if self.url_of(org, channel) is None:
            return False
        with self._writing() as urls:
            found = urls.get(org, {}).pop(channel, None)
            if not urls.get(org):
                urls.pop(org, None)
        return found is not None

    @contextmanager
    def _writing(self) -> Iterator[Urls]:
        """The URLs to change, written when the block ends: completely or not at all, and by one
        process at a time."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._locked():
                urls = self.read()
                yield urls
                self._write(json.dumps(urls, indent=2, sort_keys=True) + "\n")
        except (OSError, ValueError) as problem:
            self._refuse(problem)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        name = self.path.with_name(f"{self.path.name}.lock")
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _write(self, text: str) -> None:
        # Not `with_suffix`: a link to a file elsewhere is followed, so that it stays a link.
        path = self.path.resolve()
        # The lock is held: what is there was left by a process that was killed.
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.new"):
            left.unlink(missing_ok=True)
        new = path.with_name(f".{path.name}.{os.getpid()}.new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                new.unlink()
            raise
        flush_folder(path.parent)

    def _parsed(self, raw: bytes) -> Urls:
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if not isinstance(found, dict) or not all(map(_is_of_an_org, found.values())):
            raise NotifyFileUnusable(f"The file {self.path} is damaged.")
        return found

    def _refuse(self, problem: Exception) -> NoReturn:
        why = problem.strerror if isinstance(problem, OSError) else "not a path"
        raise NotifyFileUnusable(f"The file {self.path} cannot be used: {why}.") from None


def _is_of_an_org(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(url, str) for url in value.values())
