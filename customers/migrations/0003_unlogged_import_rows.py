"""Rows on their way in need no WAL: after a crash the file is read again."""

from django.db import migrations

TABLES = ("customers_importrow", "customers_importperson")


class Migration(migrations.Migration):
    dependencies = [("customers", "0002_sale_functions")]

    operations = [
        migrations.RunSQL(f"ALTER TABLE {table} SET UNLOGGED", f"ALTER TABLE {table} SET LOGGED") for table in TABLES
    ]
