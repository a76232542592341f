"""The ledger's SQL functions, created inside each programme's schema. Names are unqualified on purpose."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
FILES = (
    "types",
    "points",
    "ledger_expire",
    "ledger_refuse",
    "ledger_credit",
    "ledger_earn",
    "ledger_debit",
    "ledger_reverse",
    "ledger_release",
    "ledger_hold",
    "loyalty_post",
)


class Migration(migrations.Migration):
    dependencies = [("loyalty", "0001_initial"), ("customers", "0002_sale_functions")]

    operations = [migrations.RunSQL((SQL / f"{name}.sql").read_text(), migrations.RunSQL.noop) for name in FILES]
