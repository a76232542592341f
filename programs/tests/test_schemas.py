"""A programme's schema: made by replay, same as the template, with the rights of the application only."""

import pytest
from django.db import ProgrammingError, connection, transaction

from core.jobs import WrongSchema, assert_schema
from programs import rules, schemas
from programs.actions.programmes import SlugInvalid, SlugTaken, create_programme
from programs.models import Programme
from workspace.actions import audit
from workspace.models import AuditEntry, Business


def new_programme(slug, now):
    return create_programme(
        name="Corner", slug=slug, currency="GBP", country="GB", time_zone="Europe/London", owner=None, now=now
    )


def relations(schema):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relkind::text, coalesce(pg_get_indexdef(c.oid), '') FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s ORDER BY 1",
            [schema],
        )
        return [(name, kind, text.replace(schema, "S")) for name, kind, text in cursor.fetchall()]


def test_new_programme_has_the_relations_of_the_template(db, now):
    programme = new_programme("corner", now)
    made = relations(programme.schema_name)
    assert len(made) > 50
    assert made == relations(schemas.TEMPLATE_SCHEMA)


def test_new_programme_is_empty_and_usable(db, now):
    connection.set_tenant(new_programme("corner", now))
    Business.objects.create(name="Corner shop")
    assert Business.objects.count() == 1


def test_application_role_cannot_change_an_append_only_row(programme, actor):
    audit.record(actor, "workspace.test.done")
    for change in (lambda: AuditEntry.objects.update(action="x"), lambda: AuditEntry.objects.all().delete()):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()
    assert AuditEntry.objects.get().action == "workspace.test.done"


@pytest.mark.parametrize("slug", ["www", "api", "a", "-x", "x-", "a--b", "A1", "1a", "a_b", "ä", "x" * 41, "a.b", ""])
def test_impossible_and_reserved_subdomains_are_refused(db, now, slug):
    with pytest.raises(SlugInvalid):
        new_programme(slug, now)
    assert not Programme.objects.filter(slug=slug).exists()


def test_a_taken_subdomain_is_refused(db, now):
    new_programme("corner", now)
    with pytest.raises(SlugTaken):
        new_programme("corner", now)
    assert Programme.objects.filter(slug="corner").count() == 1


def test_two_slugs_never_share_a_schema():
    assert rules.schema_name("a-b") == "p_a_b"
    assert not rules.is_valid_slug("a_b")


def test_the_function_refuses_a_name_outside_the_programme_prefix(db):
    with pytest.raises(ProgrammingError, match="not a programme schema"), transaction.atomic():
        schemas.create_schema("public_two")


def test_the_server_says_which_schema_is_active(programme, other_programme):
    assert_schema(programme.schema_name)
    with pytest.raises(WrongSchema):
        assert_schema(other_programme.schema_name)
    connection.set_tenant(other_programme)
    assert_schema(other_programme.schema_name)


def test_the_dump_asks_for_the_same_tls_as_the_connection(db, settings, monkeypatch, tmp_path):
    dumper = tmp_path / "pg_dump"
    dumper.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\necho "CREATE SCHEMA x;"\n')
    dumper.chmod(0o755)
    settings.PG_DUMP = str(dumper)
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "sslmode", "verify-full")
    schemas.store_template()
    assert "sslmode=verify-full" in (tmp_path / "arguments").read_text()
