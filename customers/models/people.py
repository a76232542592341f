"""Who somebody is, and what they agreed to."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.folding import folded_sql, spelt_out_sql
from customers.querysets import CustomerQuerySet


class Customer(models.Model):
    """A person who bought, joined or was imported. Not a user: customers have their own sign-in on the points page.

    `phone` and `email` are copies for lists; `Identifier` alone decides who somebody is.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        ARCHIVED = "archived", _("Archived")
        ERASED = "erased", _("Erased")
        MERGED = "merged", _("Merged")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    phone = models.CharField(_("phone"), max_length=16, blank=True)  # E.164
    phone_typed = models.CharField(max_length=40, blank=True)  # as a person wrote it
    email = models.CharField(_("e-mail"), max_length=254, blank=True)
    external_id = models.CharField(_("external id"), max_length=120, blank=True)
    address = models.CharField(_("address"), max_length=250, blank=True)
    city = models.CharField(_("town or city"), max_length=120, blank=True)
    region = models.CharField(_("region"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)  # ISO 3166 alpha-2, or the words of a source
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    # Field (or `attributes.` and key) → when it was last said or changed, so that what comes late changes nothing.
    said_at = models.JSONField(default=dict, db_default=Value({}, models.JSONField()), editable=False)
    source = models.CharField(max_length=40, blank=True)  # till, api, import:retail …
    # Whom a duplicate became a part of; always somebody who is not merged themselves.
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)
    # What search as you type looks in.
    search_text = models.GeneratedField(
        expression=Concat(
            folded_sql(
                Concat(
                    F("first_name"), Value(" "), F("last_name"), Value(" "), F("email"), Value(" "), F("external_id"),
                    output_field=models.TextField(),
                )
            ),
            Value(" "),
            spelt_out_sql(Concat(F("first_name"), Value(" "), F("last_name"), output_field=models.TextField())),
            output_field=models.TextField(),
        ),
        output_field=models.TextField(),
        db_persist=True,
    )  # fmt: skip

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        indexes: ClassVar = [
            # Fuzzy search on names and parts of e-mail addresses.
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="customer_search"),
            models.Index(F("created_at").desc(), F("id").desc(), name="customer_newest"),
            models.Index("last_name", "first_name", "id", name="customer_by_name"),
            # Whom lists count: asked of each row of facts, and answered without the customer's row.
            models.Index(fields=["id"], name="customer_active", condition=Q(state="active")),
            # The countries to choose from, by hops from one to the next; and who lives in one, by id as facts come.
            models.Index("country", "id", name="customer_by_country", condition=Q(state="active") & ~Q(country="")),
            # Who has a value of a field, and who has any: `@>` and `?` of the list's filters.
            GinIndex(fields=["attributes"], name="customer_attributes"),
            models.Index(fields=["merged_into"], name="customer_merged", condition=Q(merged_into__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name or self.code

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Identifier(models.Model):
    """The only look-up of a person by phone, e-mail or external id."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")  # E.164
        EMAIL = "email", _("E-mail")  # lower case
        EXTERNAL = "external", _("External id")
        ANONYMOUS = "anonymous", _("Visitor id")  # of a browser or an app, before it was known whose it is

    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.CharField(max_length=254)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identifiers")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "value"], name="identifier_unique")]
        # Numbers that begin with the digits typed so far; the class serves `LIKE` whatever the database sorts by.
        indexes: ClassVar = [
            models.Index(
                fields=["value"],
                opclasses=["varchar_pattern_ops"],
                condition=Q(kind="phone"),
                name="identifier_phone_begins",
            )
        ]


class ConsentRecord(models.Model):
    """One statement of consent or its withdrawal, per channel and purpose, with its proof. The newest one counts."""

    append_only = True

    class Channel(models.TextChoices):
        SMS = "sms", _("Texts")
        EMAIL = "email", _("E-mail")

    class Purpose(models.TextChoices):
        SERVICE = "service", _("About your points")
        MARKETING = "marketing", _("Offers and news")

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="consents")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    is_granted = models.BooleanField()
    source = models.CharField(max_length=40)  # till, points page, api, import …
    wording = models.CharField(max_length=60)  # version of the text that the person saw
    proof = models.JSONField(default=dict)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [
            models.Index("customer", "channel", "purpose", F("id").desc(), name="consent_newest"),
        ]
