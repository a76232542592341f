"""Texts through providers: the programme's account, incoming texts, what providers report, numbers that said stop."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import core.codes


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0009_sale_functions"),
        ("messaging", "0003_receipts"),
    ]

    operations = [
        migrations.CreateModel(
            name="InboundMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=core.codes.public_code, editable=False, max_length=16, unique=True)),
                ("provider", models.CharField(max_length=40)),
                ("provider_id", models.CharField(max_length=120)),
                ("sender", models.CharField(max_length=40)),
                ("recipient", models.CharField(blank=True, max_length=40)),
                ("body", models.TextField(blank=True)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("redacted_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "incoming text",
                "verbose_name_plural": "incoming texts",
            },
        ),
        migrations.CreateModel(
            name="MessageReceipt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("word", models.CharField(max_length=60)),
                ("state", models.CharField(max_length=12)),
                ("error", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="SmsConnection",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("provider", models.CharField(max_length=40)),
                ("sender", models.CharField(blank=True, max_length=40)),
                ("sealed", models.TextField()),
                ("is_active", models.BooleanField(default=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("channel", models.CharField(choices=[("sms", "Text"), ("email", "E-mail")], max_length=10)),
                ("address", models.CharField(max_length=254)),
                (
                    "reason",
                    models.CharField(
                        choices=[("stop", "Sent STOP"), ("provider", "Stopped at the provider")], max_length=10
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddField(
            model_name="outboundmessage",
            name="delivered_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="outboundmessage",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("one_time_code", "One-time code"),
                    ("receipt", "Receipt"),
                    ("opt_out_reply", "Answer to STOP"),
                    ("test", "Test"),
                    ("service", "About your points"),
                    ("marketing", "Offers and news"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="outboundmessage",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("claimed", "Being sent"),
                    ("sent", "Sent"),
                    ("delivered", "Delivered"),
                    ("undelivered", "Not delivered"),
                    ("failed", "Failed"),
                    ("unconfirmed", "Perhaps sent"),
                    ("suppressed", "Not sent"),
                ],
                default="queued",
                max_length=12,
            ),
        ),
        migrations.AddIndex(
            model_name="outboundmessage",
            index=models.Index(fields=["provider_id"], name="message_by_provider_id"),
        ),
        migrations.AddField(
            model_name="inboundmessage",
            name="customer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="texts_received",
                to="customers.customer",
            ),
        ),
        migrations.AddField(
            model_name="messagereceipt",
            name="message",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="receipts", to="messaging.outboundmessage"
            ),
        ),
        migrations.AddField(
            model_name="smsconnection",
            name="last_test",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="messaging.outboundmessage",
            ),
        ),
        migrations.AddConstraint(
            model_name="suppression",
            constraint=models.UniqueConstraint(fields=("channel", "address"), name="suppression_once_per_address"),
        ),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(
                models.F("customer"), models.OrderBy(models.F("id"), descending=True), name="inbound_by_customer"
            ),
        ),
        migrations.AddIndex(
            model_name="inboundmessage",
            index=models.Index(fields=["sender"], name="inbound_by_sender"),
        ),
        migrations.AddConstraint(
            model_name="inboundmessage",
            constraint=models.UniqueConstraint(fields=("provider", "provider_id"), name="inbound_once_per_provider_id"),
        ),
        migrations.AddConstraint(
            model_name="messagereceipt",
            constraint=models.UniqueConstraint(fields=("message", "word"), name="receipt_once_per_word"),
        ),
        migrations.AddConstraint(
            model_name="smsconnection",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="sms_connection_is_one"),
        ),
    ]
