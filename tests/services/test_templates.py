"""Templates over time: every version is kept, on both databases."""

import pytest

from petmsg.errors import MalformedText, NotFound
from petmsg.queries.org import find_org
from petmsg.queries.page import Page
from petmsg.queries.template import find_template, list_templates, show_template
from petmsg.services import templates
from petmsg.services.templates import TemplateChanged, TemplateExists
from tests.support.fixtures import add_org, looking, working


def add(url: str, name: str, body: str) -> TemplateChanged:
    with working(url) as uow:
        return templates.add(uow, name, body)


def test_versions_are_kept_and_repeating_changes_nothing(migrated_url: str) -> None:
    add_org(migrated_url)
    first = add(migrated_url, "late", "We are late, {client.name}")
    again = add(migrated_url, "late", "We are late, {client.name}")
    assert (first.version, first.reused, again.version, again.reused) == (1, False, 1, True)
    for body, version, reused in (("Late!", 2, False), ("Late!", 2, True)):
        with working(migrated_url) as uow:
            changed = templates.change(uow, "late", body)
        assert (changed.version, changed.reused) == (version, reused)
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        shown = show_template(cursor, org, "late")
        older = find_template(cursor, org, "late", version=1)
        with pytest.raises(NotFound):
            find_template(cursor, org, "late", version=3)
        events = [row[0] for row in cursor.tuples("SELECT event FROM audit_event ORDER BY seq")]
    assert [(each.version, each.body) for each in shown.versions] == [
        (2, "Late!"),
        (1, "We are late, {client.name}"),
    ]
    assert older.body == "We are late, {client.name}"
    assert events[-2:] == ["template.added", "template.changed"]


def test_a_removed_name_is_free_again(migrated_url: str) -> None:
    add_org(migrated_url)
    add(migrated_url, "late", "One")
    with working(migrated_url) as uow:
        assert templates.remove(uow, "late", reason="old").removed
    with pytest.raises(NotFound), working(migrated_url) as uow:
        templates.remove(uow, "late")
    assert add(migrated_url, "late", "Two").version == 1
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        assert [row.body for row in list_templates(cursor, org, Page())] == ["Two"]
        assert [row.body for row in list_templates(cursor, org, Page(), removed=True)] == ["One"]


def test_a_name_has_one_body(migrated_url: str) -> None:
    add_org(migrated_url)
    add(migrated_url, "late", "One")
    with pytest.raises(TemplateExists):
        add(migrated_url, "late", "Two")
    for name, body in (("Late", "x"), ("", "x"), ("a b", "x"), ("x", ""), ("x", "{no.such}")):
        with pytest.raises(MalformedText):
            add(migrated_url, name, body)
    with pytest.raises(NotFound) as unknown, working(migrated_url) as uow:
        templates.change(uow, "lat", "x")
    assert "late" in unknown.value.hint
