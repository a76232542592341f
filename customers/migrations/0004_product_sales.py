"""What each product sold lately, so that the list of products can be sorted by it. Empty until the next import."""

import django.db.models.deletion
from django.db import migrations, models

import customers.models.fields


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_unlogged_import_rows"), ("workspace", "0002_drop_admin_log_references")]

    operations = [
        migrations.CreateModel(
            name="ProductSales",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.DecimalField(decimal_places=3, max_digits=19)),
                ("revenue", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
                (
                    "business",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workspace.business",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sales",
                        to="customers.product",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("product", "business"), name="product_sales_once", nulls_distinct=False
                    )
                ],
            },
        ),
    ]
