"""The function that forgets a person also takes the reasons about them out of the audit log."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("customers", "0033_lists_of_a_million")]

    operations = [migrations.RunSQL((SQL / "forget_a_person.sql").read_text(), migrations.RunSQL.noop)]
