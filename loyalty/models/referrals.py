"""People who bring people: a member's code, the claims made with it, and what became of them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from loyalty.querysets import ReferralQuerySet


class ReferralSettings(models.Model):
    """How the programme rewards referrals; the row may be missing: then there are none."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    is_active = models.BooleanField(_("members bring friends"), default=False)
    referrer_points = models.PositiveIntegerField(_("points for the member"), default=100)
    friend_points = models.PositiveIntegerField(_("points for the friend"), default=100)
    min_spend = models.DecimalField(
        _("first purchase of at least"), max_digits=19, decimal_places=4, default=Decimal(0)
    )
    days = models.PositiveSmallIntegerField(_("days to buy"), default=90)
    # Of one member: more in a month give nothing (null: no limit), more in a week a person looks at first.
    monthly_limit = models.PositiveSmallIntegerField(_("referrals a month"), null=True, blank=True, default=10)
    weekly_review = models.PositiveSmallIntegerField(_("looked at from"), default=5)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="referral_settings_one_row"),
            models.CheckConstraint(condition=Q(min_spend__gte=0), name="referral_settings_spend_not_negative"),
            models.CheckConstraint(condition=Q(days__range=(1, 366)), name="referral_settings_days_in_range"),
            models.CheckConstraint(
                condition=Q(referrer_points__lte=1_000_000, friend_points__lte=1_000_000)
                & (Q(referrer_points__gt=0) | Q(friend_points__gt=0)),
                name="referral_settings_gives_something",
            ),
        ]

    def __str__(self) -> str:
        return "Referral settings"


class ReferralCode(models.Model):
    """A member's own code, which their link carries. Made when it is first asked for, the same ever after."""

    account = models.OneToOneField(
        "loyalty.Account", on_delete=models.PROTECT, primary_key=True, related_name="referral_code"
    )
    code = models.CharField(max_length=12, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.code


class Referral(models.Model):
    """A member says that they bring somebody, known by a phone number; completed by that person's first purchase."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waits for a purchase")
        REVIEW = "review", _("To be looked at")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        EXPIRED = "expired", _("Ran out")
        UNDONE = "undone", _("Undone")  # the purchase was given back

    class Channel(models.TextChoices):
        LINK = "link", _("Link")
        TILL = "till", _("Till")
        API = "api", _("API")
        STAFF = "staff", _("By hand")

    class Reason(models.TextChoices):
        """Why it ended without points, or lost them."""

        BY_HAND = "by_hand", _("Cancelled by hand")
        NOT_NEW = "not_new", _("Was a customer before")
        ONESELF = "oneself", _("Is the same person")
        LIMIT = "limit", _("The member’s limit for the month")
        TIME = "time", _("No purchase in time")
        GIVEN_BACK = "given_back", _("The purchase was given back")
        ERASED = "erased", _("Data deleted")

    class Flag(models.TextChoices):
        """Why a person looks at it first. Several of them can be true by chance."""

        VELOCITY = "velocity", _("Many in a week by one member")
        ADDRESS = "address", _("Many from one address on the network")
        DEVICE = "device", _("From the member’s own browser")
        NAME = "name", _("The same name or e-mail address")
        CASHIER = "cashier", _("Sold by the member themselves")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    referrer = models.ForeignKey("loyalty.Account", on_delete=models.PROTECT, related_name="referrals", db_index=False)
    friend_phone = models.CharField(max_length=16, blank=True)  # E.164; empty once either of them was erased
    friend = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, related_name="referred_by", db_index=False
    )
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    flags = ArrayField(models.CharField(max_length=10, choices=Flag.choices), default=list)
    address_digest = models.BinaryField(max_length=32, null=True)  # keyed, of the network address of a claim by link
    # What was promised when it was claimed holds, whatever the programme changes meanwhile.
    referrer_points = models.PositiveIntegerField()
    friend_points = models.PositiveIntegerField()
    min_spend = models.DecimalField(max_digits=19, decimal_places=4)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    order = models.ForeignKey(
        "customers.Order", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )  # the purchase that completed it, or that waits for a person's yes
    referrer_transaction = models.CharField(max_length=16, blank=True)  # codes of the ledger
    friend_transaction = models.CharField(max_length=16, blank=True)
    decided_by = models.CharField(max_length=80, blank=True)  # kind:id, of a completion or cancelling by hand
    decided_by_label = models.CharField(max_length=160, blank=True)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints: ClassVar = [
            # Somebody is brought once, by one member.
            models.UniqueConstraint(
                fields=["friend_phone"],
                name="referral_once_per_friend",
                condition=(Q(state="pending") | Q(state="review") | Q(state="completed")) & ~Q(friend_phone=""),
            ),
            models.CheckConstraint(
                condition=(Q(state="pending") | Q(state="review")) & Q(ended_at__isnull=True)
                | ~(Q(state="pending") | Q(state="review")) & Q(ended_at__isnull=False),
                name="referral_ended_whole",
            ),
            models.CheckConstraint(
                condition=Q(friend__isnull=True) | ~Q(friend=F("referrer_id")), name="referral_of_somebody_else"
            ),
        ]
        indexes: ClassVar = [
            models.Index("state", F("id").desc(), name="referral_by_state"),
            models.Index("referrer", F("id").desc(), name="referral_by_referrer"),
            models.Index(fields=["friend"], name="referral_by_friend", condition=Q(friend__isnull=False)),
            models.Index(fields=["order"], name="referral_by_order", condition=Q(order__isnull=False)),
            models.Index(fields=["address_digest", "created_at"], name="referral_by_address"),
            models.Index(  # the sweep
                fields=["expires_at"], name="referral_waiting", condition=Q(state="pending")
            ),
        ]

    def __str__(self) -> str:
        return f"referral {self.code} ({self.state})"
