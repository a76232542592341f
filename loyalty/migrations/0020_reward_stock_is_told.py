"""The stream says when a reward runs out at the till, and when it is there again."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0019_merge_is_no_gift")]

    operations = [
        migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop)
        for name in ("ledger_debit", "ledger_reverse")
    ]
