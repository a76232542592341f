"""Businesses that leave the programme, and their final statements."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import core.codes
import customers.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("loyalty", "0014_affiliates"),
        ("workspace", "0005_business_left"),
    ]

    operations = [
        migrations.CreateModel(
            name="Leaving",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=core.codes.public_code, editable=False, max_length=16, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "Asked for"),
                            ("scheduled", "Decided"),
                            ("done", "Left"),
                            ("cancelled", "Called off"),
                        ],
                        max_length=10,
                    ),
                ),
                ("last_day", models.DateField(verbose_name="last day")),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("paid", "The business pays for its live points"),
                            ("taken_over", "The programme takes its live points over"),
                        ],
                        default="paid",
                        max_length=10,
                        verbose_name="live points",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                ("asked_by_label", models.CharField(blank=True, max_length=160)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_by_label", models.CharField(blank=True, max_length=160)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "business",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leavings",
                        to="workspace.business",
                    ),
                ),
            ],
            options={
                "verbose_name": "leaving",
                "verbose_name_plural": "leavings",
            },
        ),
        migrations.CreateModel(
            name="FinalStatement",
            fields=[
                (
                    "leaving",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="statement",
                        serialize=False,
                        to="loyalty.leaving",
                    ),
                ),
                ("business_name", models.CharField(max_length=120)),
                ("last_day", models.DateField()),
                ("point_value", models.DecimalField(decimal_places=6, max_digits=12)),
                ("currency", models.CharField(max_length=3)),
                (
                    "way",
                    models.CharField(
                        choices=[
                            ("paid", "The business pays for its live points"),
                            ("taken_over", "The programme takes its live points over"),
                        ],
                        max_length=10,
                    ),
                ),
                ("points", models.BigIntegerField()),
                ("amount", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
                ("digest", models.CharField(max_length=64)),
                ("closed_at", models.DateTimeField()),
                (
                    "business",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="final_statement",
                        to="workspace.business",
                    ),
                ),
            ],
            options={
                "verbose_name": "final statement",
                "verbose_name_plural": "final statements",
            },
        ),
        migrations.CreateModel(
            name="FinalLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("debtor_name", models.CharField(blank=True, max_length=120)),
                ("creditor_name", models.CharField(blank=True, max_length=120)),
                ("points", models.BigIntegerField()),
                ("amount", customers.models.fields.MoneyField(decimal_places=4, max_digits=19)),
                (
                    "creditor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workspace.business",
                    ),
                ),
                (
                    "debtor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="workspace.business",
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="loyalty.finalstatement",
                    ),
                ),
            ],
            options={
                "verbose_name": "debt of a final statement",
                "verbose_name_plural": "debts of final statements",
            },
        ),
        migrations.AddConstraint(
            model_name="leaving",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "cancelled"), _negated=True),
                fields=("business",),
                name="leaving_once_per_business",
            ),
        ),
        migrations.AddConstraint(
            model_name="finalstatement",
            constraint=models.CheckConstraint(
                condition=models.Q(("points__gte", 0), ("amount__gte", 0)), name="final_statement_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="finalline",
            constraint=models.UniqueConstraint(
                fields=("statement", "month", "debtor", "creditor"), name="final_line_once", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="finalline",
            constraint=models.CheckConstraint(
                condition=models.Q(("points", 0), _negated=True), name="final_line_has_points"
            ),
        ),
    ]
