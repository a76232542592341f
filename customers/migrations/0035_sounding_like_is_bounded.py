"""What sounds like a part of every address is compared with some of them, and the closest come before the distant."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("customers", "0034_forget_reasons")]

    operations = [migrations.RunSQL((SQL / "customers_sounding_like.sql").read_text(), migrations.RunSQL.noop)]
