"""Businesses that join a programme: its join code, invitations by e-mail, requests. Public tables."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import core.codes


class Migration(migrations.Migration):
    dependencies = [
        ("programs", "0006_provider_route"),
    ]

    operations = [
        migrations.CreateModel(
            name="JoinSettings",
            fields=[
                (
                    "programme",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="join_settings",
                        serialize=False,
                        to="programs.programme",
                    ),
                ),
                ("seed", models.CharField(max_length=32)),
                ("code_digest", models.BinaryField(max_length=32, unique=True)),
                ("is_on", models.BooleanField(default=False, verbose_name="join code works")),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("max_uses", models.PositiveIntegerField(blank=True, null=True)),
                ("uses", models.PositiveIntegerField(default=0)),
                (
                    "asks_invited",
                    models.BooleanField(default=False, verbose_name="invited businesses wait for approval, too"),
                ),
                ("terms", models.TextField(blank=True, max_length=4000, verbose_name="terms for businesses")),
            ],
            options={
                "verbose_name": "join settings",
                "verbose_name_plural": "join settings",
            },
        ),
        migrations.CreateModel(
            name="BusinessInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=core.codes.public_code, editable=False, max_length=16, unique=True)),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("points_per_unit", models.DecimalField(decimal_places=4, max_digits=9)),
                ("token_digest", models.BinaryField(max_length=32, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="business_invitations",
                        to="programs.programme",
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation of a business",
                "verbose_name_plural": "invitations of businesses",
            },
        ),
        migrations.CreateModel(
            name="JoinRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=core.codes.public_code, editable=False, max_length=16, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for approval"),
                            ("approved", "Approved"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("contact_person", models.CharField(max_length=120, verbose_name="contact person")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("category", models.CharField(max_length=20, verbose_name="category")),
                ("address", models.TextField(blank=True, max_length=500, verbose_name="address")),
                (
                    "points_per_unit",
                    models.DecimalField(decimal_places=4, max_digits=9, verbose_name="wished earning rate"),
                ),
                ("terms", models.JSONField(default=dict)),
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_by_label", models.CharField(blank=True, max_length=160)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("business_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "invitation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="requests",
                        to="programs.businessinvitation",
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="join_requests",
                        to="programs.programme",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="join_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "request to join",
                "verbose_name_plural": "requests to join",
            },
        ),
        migrations.AddConstraint(
            model_name="businessinvitation",
            constraint=models.UniqueConstraint(
                models.F("programme"),
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(("revoked_at__isnull", True), ("used_at__isnull", True)),
                name="business_invitation_open_once",
            ),
        ),
        migrations.AddIndex(
            model_name="joinrequest",
            index=models.Index(fields=["programme", "-id"], name="join_request_by_programme"),
        ),
        migrations.AddConstraint(
            model_name="joinrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")), fields=("programme", "user"), name="join_request_waiting_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="joinrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("business_id__isnull", False), ("state", "approved")),
                    models.Q(models.Q(("state", "approved"), _negated=True), ("business_id__isnull", True)),
                    _connector="OR",
                ),
                name="join_request_approved_has_business",
            ),
        ),
    ]
