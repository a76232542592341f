"""What a sale writes, as SQL functions that points, imports and tills call inside their own transaction."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial")]

    operations = [
        migrations.RunSQL(
            (SQL / "sale_types.sql").read_text() + (SQL / "record_sale.sql").read_text(),
            """
            DROP FUNCTION customers_wake_readers(bigint, text);
            DROP FUNCTION customers_record_sale(customers_sale[], text, text);
            DROP TYPE customers_recorded_sale;
            DROP TYPE customers_sale;
            DROP FUNCTION customers_bring_back(bigint[], text, text, inet, bigint, timestamptz);
            DROP FUNCTION customers_create_by_phone(text[], text[], text, text, bigint, timestamptz);
            DROP FUNCTION public_code();
            """,
        )
    ]
