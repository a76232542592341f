"""Counting requests must not write the WAL: what a crash empties only forgives."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("programs", "0002_create_schema_function")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE programs_ratecounter SET UNLOGGED", "ALTER TABLE programs_ratecounter SET LOGGED"
        ),
    ]
