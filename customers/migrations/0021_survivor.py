"""Whom a customer is a part of by now, for the SQL of the rooms above."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("customers", "0020_merges")]

    operations = [
        migrations.RunSQL((SQL / "merge.sql").read_text(), "DROP FUNCTION customers_survivor(bigint)"),
    ]
