"""Events of a merge say so: nobody passed points on."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0018_ledger_merge")]

    operations = [migrations.RunSQL((SQL / "ledger_merge.sql").read_text(), migrations.RunSQL.noop)]
