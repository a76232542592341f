"""Two accounts of one person become one: functions that move points and stamps; the ledger looks who is who."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0017_recommendations"), ("customers", "0021_survivor")]

    operations = [
        migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
        for name in ("ledger_reverse", "ledger_merge", "loyalty_post")
    ]
