"""Counts for the analytics pages. Roll-ups are built again from raw rows by the next tick."""

import django.db.models.deletion
from django.db import migrations, models

import customers.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0012_customer_fields"),
        ("workspace", "0005_business_left"),
    ]

    operations = [
        migrations.CreateModel(
            name="BuyerDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("before", models.DateField(null=True)),
                ("customers", models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="CohortMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cohort", models.DateField()),
                ("month", models.DateField()),
                ("customers", models.IntegerField()),
                ("orders", models.IntegerField()),
                ("revenue", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
            ],
        ),
        migrations.CreateModel(
            name="CountedAt",
            fields=[
                (
                    "kind",
                    models.CharField(
                        choices=[("people", "People"), ("pairs", "Pairs")],
                        max_length=10,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="HourlySales",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("hour", models.PositiveSmallIntegerField()),
                ("channel", models.CharField(blank=True, max_length=20)),
                ("orders", models.IntegerField()),
                ("revenue", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
                ("refunds", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
            ],
        ),
        migrations.CreateModel(
            name="PeopleGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("orders", "Orders"), ("country", "Country"), ("region", "Region")], max_length=10
                    ),
                ),
                ("key", models.CharField(blank=True, max_length=190)),
                ("customers", models.IntegerField()),
                ("orders", models.IntegerField()),
                ("revenue", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
            ],
        ),
        migrations.CreateModel(
            name="ProductDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("orders", models.IntegerField()),
                ("units", models.DecimalField(decimal_places=3, max_digits=19)),
                ("revenue", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
                ("refunded_units", models.DecimalField(decimal_places=3, max_digits=19)),
                ("refunds", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
                ("day", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="ProductMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("orders", models.IntegerField()),
                ("units", models.DecimalField(decimal_places=3, max_digits=19)),
                ("revenue", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
                ("refunded_units", models.DecimalField(decimal_places=3, max_digits=19)),
                ("refunds", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
                ("month", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="ProductPair",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("together", models.IntegerField()),
                ("orders", models.IntegerField()),
                ("other_orders", models.IntegerField()),
                ("baskets", models.IntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="dailysales",
            name="units",
            field=models.DecimalField(decimal_places=3, default=0, max_digits=19),
        ),
        migrations.AddIndex(
            model_name="businesscustomerfacts",
            index=models.Index(
                models.F("business"), models.F("first_order_at"), models.F("customer"), name="business_facts_by_first"
            ),
        ),
        migrations.AddIndex(
            model_name="customerfacts",
            index=models.Index(models.F("first_order_at"), models.F("customer"), name="facts_by_first_order"),
        ),
        migrations.AddField(
            model_name="buyerday",
            name="business",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workspace.business",
            ),
        ),
        migrations.AddField(
            model_name="cohortmonth",
            name="business",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workspace.business",
            ),
        ),
        migrations.AddField(
            model_name="hourlysales",
            name="business",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workspace.business"
            ),
        ),
        migrations.AddField(
            model_name="peoplegroup",
            name="business",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workspace.business",
            ),
        ),
        migrations.AddField(
            model_name="productday",
            name="business",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workspace.business"
            ),
        ),
        migrations.AddField(
            model_name="productday",
            name="product",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="customers.product",
            ),
        ),
        migrations.AddField(
            model_name="productmonth",
            name="business",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="workspace.business"
            ),
        ),
        migrations.AddField(
            model_name="productmonth",
            name="product",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="customers.product",
            ),
        ),
        migrations.AddField(
            model_name="productpair",
            name="business",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="workspace.business",
            ),
        ),
        migrations.AddField(
            model_name="productpair",
            name="other",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="customers.product"
            ),
        ),
        migrations.AddField(
            model_name="productpair",
            name="product",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="customers.product"
            ),
        ),
        migrations.AddConstraint(
            model_name="buyerday",
            constraint=models.UniqueConstraint(
                fields=("business", "day", "before"),
                include=("customers",),
                name="buyer_day_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="cohortmonth",
            constraint=models.UniqueConstraint(
                fields=("business", "cohort", "month"), name="cohort_month_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="hourlysales",
            index=models.Index(models.F("day"), name="hourly_sales_by_day"),
        ),
        migrations.AddConstraint(
            model_name="hourlysales",
            constraint=models.UniqueConstraint(fields=("business", "day", "hour", "channel"), name="hourly_sales_once"),
        ),
        migrations.AddConstraint(
            model_name="peoplegroup",
            constraint=models.UniqueConstraint(
                fields=("business", "kind", "key"), name="people_group_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="productday",
            index=models.Index(models.F("product"), models.F("day"), name="product_day_by_product"),
        ),
        migrations.AddConstraint(
            model_name="productday",
            constraint=models.UniqueConstraint(
                fields=("day", "business", "product"), name="product_day_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="productmonth",
            index=models.Index(models.F("product"), models.F("month"), name="product_month_by_product"),
        ),
        migrations.AddConstraint(
            model_name="productmonth",
            constraint=models.UniqueConstraint(
                fields=("month", "business", "product"), name="product_month_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="productpair",
            index=models.Index(
                models.F("business"),
                models.OrderBy(models.F("together"), descending=True),
                name="product_pair_by_count",
            ),
        ),
        migrations.AddConstraint(
            model_name="productpair",
            constraint=models.UniqueConstraint(
                fields=("product", "business", "other"), name="product_pair_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="productpair",
            constraint=models.CheckConstraint(
                condition=models.Q(("product", models.F("other")), _negated=True), name="product_pair_of_two"
            ),
        ),
        # The next tick builds every roll-up, the new ones among them.
        migrations.RunSQL("UPDATE customers_rollupstate SET zone = ''", migrations.RunSQL.noop),
    ]
