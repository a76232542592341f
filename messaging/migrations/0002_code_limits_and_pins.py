"""Codes know their dial code and what they are for; customers may have a PIN."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0005_order_number"),
        ("messaging", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="onetimecode", name="dial_code", field=models.CharField(blank=True, default="", max_length=4)
        ),
        migrations.AlterField(
            model_name="onetimecode", name="dial_code", field=models.CharField(blank=True, max_length=4)
        ),
        migrations.AddField(
            model_name="onetimecode",
            name="purpose",
            field=models.CharField(
                choices=[("sign_in", "Sign in"), ("erase", "Delete my data")], default="sign_in", max_length=8
            ),
        ),
        migrations.AddIndex(
            model_name="onetimecode",
            index=models.Index(fields=["dial_code", "created_at"], name="code_by_dial_code"),
        ),
        migrations.CreateModel(
            name="CustomerPin",
            fields=[
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pin",
                        serialize=False,
                        to="customers.customer",
                    ),
                ),
                ("digest", models.CharField(max_length=128)),
                ("set_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="PinFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("phone_digest", models.BinaryField(max_length=32, unique=True)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["last_at"], name="pin_failure_by_age")]},
        ),
    ]
