"""Which company has its database where: the setting `PETMSG_ORG_URLS`, for a host with many.

It is a list `slug=address slug=address`, or the path of a file with one of these a line. Two more
settings may be given of a company: `slug.direct=` is the address of its database without the
pooler, `slug.media=` the place of its pictures. Loaded only if the setting is set.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from petmsg import settings
from petmsg.errors import Misconfigured, quoted
from petmsg.file_privacy import NotPrivate, read_private

_LARGEST_FILE = 1_048_576
_ENTRY = re.compile(r"([a-z0-9][a-z0-9-]{0,62})(?:\.(\w+))?=(\S+)")
_NEXT_ENTRY = re.compile(r"[,;][a-z0-9][a-z0-9-]{0,62}(?:\.(?:direct|media))?=(?:/|\w[\w+]*:)")
_MORE = {"direct": settings.DIRECT_DATABASE, "media": settings.MEDIA_DIR}
_HINT = "Write slug=address for each company, for example happy-paws=postgresql:///paws"


class BadOrgUrls(Misconfigured):
    """`PETMSG_ORG_URLS` cannot be used. Never repeats an address, which may hold a password."""

    code = "org_urls"
    hint = _HINT


class Company(NamedTuple):
    """A company of the map: its address, and the settings that only it has (by variable)."""

    slug: str
    url: str
    own: Mapping[str, str]


class WithOwn(dict[str, str]):
    """The environment with what only a company has; `sources` says where a variable is from, if it
    is not from the environment (see `settings.source_of`)."""

    def __init__(self, environ: Mapping[str, str], company: Company) -> None:
        super().__init__(environ)
        self.update(company.own)
        source = settings.source_of(settings.ORG_URLS, environ)
        known: Mapping[str, str] = getattr(environ, "sources", {})
        self.sources = {**known, **dict.fromkeys(company.own, source)}


def companies(environ: Mapping[str, str]) -> dict[str, Company]:
    """The companies of the map by their slugs, in its order; none without the setting.

    Raises `BadOrgUrls`.
    """
    value = environ.get(settings.ORG_URLS, "").strip()
    if not value:
        return {}
    try:
        if _ENTRY.match(value):
            return _read(value.split(), "the list")
        lines = [line.strip() for line in _private_text(value, environ).splitlines()]
        return _read([line for line in lines if line and not line.startswith("#")], value)
    except BadOrgUrls as problem:
        source = settings.source_of(settings.ORG_URLS, environ)
        problem.hint = f"It is from: {source}. {problem.hint}".rstrip()
        raise


def company_of(environ: Mapping[str, str], slug: str | None) -> Company | None:
    """The company of that slug, None if the map does not have it. Raises `BadOrgUrls`."""
    return companies(environ).get(slug) if slug is not None else None


def _read(entries: list[str], source: str) -> dict[str, Company]:
    urls: dict[str, str] = {}
    own: dict[str, dict[str, str]] = {}
    for at, entry in enumerate(entries, start=1):
        found = _ENTRY.fullmatch(entry)
        if found is None:
            raise BadOrgUrls(f"Entry {at} of {source} in {settings.ORG_URLS} is not slug=address.")
        slug, more, value = found.groups()
        if more is not None and more not in _MORE:
            raise BadOrgUrls(
                f"{quoted(f'{slug}.{more}')} in {settings.ORG_URLS} means nothing.",
                hint="A company has slug=, slug.direct= and slug.media=",
            )
        known = urls if more is None else own.setdefault(slug, {})
        name = slug if more is None else _MORE[more]
        if _NEXT_ENTRY.search(value):
            raise BadOrgUrls(
                f"Entry {at} of {source} in {settings.ORG_URLS} seems to be several.",
                hint="Separate companies by spaces, not by commas or semicolons.",
            )
        if name in known:
            raise BadOrgUrls(f"{settings.ORG_URLS} names {quoted(entry.partition('=')[0])} twice.")
        known[name] = value
    lost = [slug for slug in own if slug not in urls]
    if lost:
        raise BadOrgUrls(f"{settings.ORG_URLS} has no address of company {quoted(lost[0])}.")
    return {slug: Company(slug, url, own.get(slug, {})) for slug, url in urls.items()}


def _private_text(path: str, environ: Mapping[str, str]) -> str:
    """The text of a file that only this user or root may read: it holds passwords."""
    folder = environ.get("HOME")
    file = Path(folder, path[2:]) if folder and path.startswith("~/") else Path(path)
    try:
        return read_private(file, most=_LARGEST_FILE).decode("utf-8-sig")
    except NotPrivate as problem:
        raise BadOrgUrls(
            f"The file {file} {problem.why}.",
            hint=f"Make it private: {problem.fix}" if problem.fix else "",
        ) from None
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or "it is not UTF-8 text"
        raise BadOrgUrls(
            f"The file of {settings.ORG_URLS} cannot be read: {why}.",
            hint=f"It is a path, or a list. {_HINT}",
        ) from None
