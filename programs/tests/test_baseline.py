"""An empty database starts from the baseline and takes the migrations after it; `baseline --check` replays all."""

import json

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from programs import baseline, schemas


def test_the_migrations_it_stands_for_are_as_they_were():
    assert baseline.changed_migrations() == [], "A migration that people have run was changed; else: make baseline"


def test_a_changed_migration_is_noticed(monkeypatch, tmp_path):
    contents = baseline.contents()
    contents["digests"]["programs/migrations/0001_initial.py"] = "another"
    monkeypatch.setattr(baseline, "MIGRATIONS", tmp_path / "migrations.json")
    baseline.MIGRATIONS.write_text(json.dumps(contents))
    assert baseline.changed_migrations() == ["programs/migrations/0001_initial.py"]


def test_every_migration_is_recorded_in_both_schemas(db):
    every = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    with connection.cursor() as cursor:
        for schema in ("public", schemas.TEMPLATE_SCHEMA):
            cursor.execute(f"SELECT app, name FROM {schema}.django_migrations")
            assert set(cursor.fetchall()) == every


def test_most_of_the_history_is_in_it():
    """Each migration after it costs every new database a little; `make baseline` when this fails."""
    every = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    assert len(every) - len(baseline.contents()["migrations"]) <= 40


def test_models_and_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
