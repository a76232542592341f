"""The ledger's SQL functions, created inside each programme's schema. Names are unqualified on purpose.

The types fall with what was made for them; the functions are created or replaced whole. A later migration that changes
one does the same again: the files of `sql` are always what holds.
"""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
FILES = (
    "types",
    "points",
    "earning",
    "tiers",
    "stamps",
    "ledger_expire",
    "ledger_refuse",
    "ledger_credit",
    "ledger_earn",
    "ledger_debit",
    "ledger_reverse",
    "ledger_release",
    "ledger_hold",
    "ledger_transfer",
    "loyalty_post",
)
OLD = "DROP TYPE IF EXISTS ledger_operation, ledger_context, ledger_answer CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0010_ledger_functions"), ("customers", "0009_sale_functions")]

    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop)
        for sql in (OLD, *((SQL / f"{name}.sql").read_text() for name in FILES))
    ]
