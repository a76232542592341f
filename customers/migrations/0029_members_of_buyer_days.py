"""Members among the buyers of each day. Roll-ups are built again from raw rows by the next tick."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0028_import_tags_and_stock"),
        ("workspace", "0005_business_left"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="buyerday",
            name="buyer_day_once",
        ),
        migrations.AddField(
            model_name="buyerday",
            name="members",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="buyerday",
            name="members_before",
            field=models.IntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="buyerday",
            constraint=models.UniqueConstraint(
                fields=("business", "day", "before"),
                include=("customers", "members", "members_before"),
                name="buyer_day_once",
                nulls_distinct=False,
            ),
        ),
        # The next tick builds every roll-up again, these counts among them.
        migrations.RunSQL("UPDATE customers_rollupstate SET zone = ''", migrations.RunSQL.noop),
    ]
