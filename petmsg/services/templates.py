"""Message templates: write, change and remove them. Every version is kept."""

import re
from dataclasses import dataclass

from petmsg.errors import MalformedText, NotFound, Refused, quoted
from petmsg.queries import template as queries
from petmsg.rules.templates import variables_of
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_body

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class TemplateExists(Refused):
    code = "template_exists"


@dataclass(frozen=True, slots=True)
class TemplateChanged:
    """A template after a change; `reused` is true if nothing changed."""

    template: str
    version: int
    body: str
    removed: bool
    reused: bool


def add(uow: UnitOfWork, name: str, body: str) -> TemplateChanged:
    """Add a template. The same name and body again change nothing.

    Raises `MalformedText` for a name or body that cannot be used, also for variables that do not
    exist, and `TemplateExists` for a name that has another body.
    """
    if not _NAME.fullmatch(name):
        raise MalformedText(
            f"Invalid template name {quoted(name)}.",
            hint="A name has 1 to 64 lower-case letters, digits, - and _.",
        )
    clean = _checked(body)
    queries.lock_template(uow.cursor, uow.org, name)
    try:
        found = queries.find_template(uow.cursor, uow.org, name)
    except NotFound:
        template_id = queries.insert_template(uow.cursor, uow.org.id, name=name, now=uow.now)
        return _write(uow, name, template_id, 1, clean, event="template.added")
    if found.body == clean:
        return TemplateChanged(name, found.version, clean, removed=False, reused=True)
    raise TemplateExists(
        f"There is already a template {name} with another body.",
        hint=f"Change it: petmsg template set {name} --body …",
    )


def change(uow: UnitOfWork, name: str, body: str) -> TemplateChanged:
    """Write a new version of a template. The same body again changes nothing.

    Messages that are queued keep their words. Raises `NotFound`, `MalformedText`.
    """
    clean = _checked(body)
    queries.lock_template(uow.cursor, uow.org, name)
    found = queries.find_template(uow.cursor, uow.org, name)
    if found.body == clean:
        return TemplateChanged(name, found.version, clean, removed=False, reused=True)
    return _write(uow, name, found.id, found.version + 1, clean, event="template.changed")


def remove(uow: UnitOfWork, name: str, *, reason: str | None = None) -> TemplateChanged:
    """Remove a template. Its versions are kept, for the messages that came from them.

    Raises `NotFound`.
    """
    queries.lock_template(uow.cursor, uow.org, name)
    found = queries.find_template(uow.cursor, uow.org, name)
    queries.remove_template(uow.cursor, found.id, now=uow.now)
    uow.audit("template.removed", "template", name, {"version": found.version}, reason=reason)
    return TemplateChanged(name, found.version, found.body, removed=True, reused=False)


def _write(
    uow: UnitOfWork, name: str, template_id: int, version: int, body: str, *, event: str
) -> TemplateChanged:
    queries.insert_version(
        uow.cursor,
        uow.org.id,
        template_id=template_id,
        version=version,
        body=body,
        actor=uow.actor,
        now=uow.now,
    )
    uow.audit(event, "template", name, {"version": version})
    return TemplateChanged(name, version, body, removed=False, reused=False)


def _checked(body: str) -> str:
    clean = parse_body(body)
    variables_of(clean)
    return clean
