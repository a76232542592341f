"""The one way in which what is append-only is taken away: proofs of consent and names in the audit log, once a person
has been erased.

The application's role may not delete either. The function runs as the owner of the schema, for erased people alone.
"""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("customers", "0005_order_number"), ("workspace", "0002_drop_admin_log_references")]

    operations = [
        migrations.RunSQL((SQL / "forget_a_person.sql").read_text(), "DROP FUNCTION customers_forget(bigint)")
    ]
