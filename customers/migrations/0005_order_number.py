"""Search of orders by their number."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_product_sales")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["number"], name="order_by_number", condition=models.Q(("number", ""), _negated=True)
            ),
        ),
    ]
