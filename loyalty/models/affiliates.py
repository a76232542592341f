"""Referral partners: people or sites that send customers by a link, what they get for it, and what they were paid.

A commission is never changed: what happens to a sale later is a line of its own (docs/algorithms/affiliates.md).
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from customers.models.fields import MoneyField
from loyalty.querysets import AffiliateLineQuerySet


class Rule(models.TextChoices):
    PERCENT = "percent", _("Percent of a sale")
    SALE = "sale", _("Amount for a sale")
    CUSTOMER = "customer", _("Amount for a new customer")


class AffiliateSettings(models.Model):
    """What holds for all affiliates of the programme; the row may be missing."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    website = models.CharField(_("website"), max_length=200, blank=True)  # where links may lead besides this host
    daily_review = models.PositiveSmallIntegerField(_("looked at from"), default=10)  # sign-ups of one in a day
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="affiliate_settings_one_row")]

    def __str__(self) -> str:
        return "Affiliate settings"


class Affiliate(models.Model):
    """A partner and the rule by which sales of their customers earn. Sales keep the rule that held when they were."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")  # nobody new; who came before goes on earning
        ENDED = "ended", _("Ended")  # no sale earns any more

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=16, blank=True)  # E.164: who buys with it is the partner
    website = models.CharField(_("website"), max_length=200, blank=True)
    link_code = models.CharField(_("code"), max_length=24, unique=True)  # in capitals: 4–24 of A–Z, 0–9 and -
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    report_version = models.PositiveIntegerField(default=1)  # of the link of their report; another one ends the old
    rule = models.CharField(max_length=8, choices=Rule.choices, default=Rule.PERCENT)
    percent = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal(0))
    amount = MoneyField(default=0)
    min_spend = MoneyField(default=0)
    orders_limit = models.PositiveSmallIntegerField(null=True, blank=True)  # of one customer; null: all
    months_limit = models.PositiveSmallIntegerField(null=True, blank=True)  # after they came; null: for good
    order_cap = MoneyField(null=True, blank=True)
    month_cap = MoneyField(null=True, blank=True)
    window_days = models.PositiveSmallIntegerField(default=30)  # from a click to coming
    hold_days = models.PositiveSmallIntegerField(default=30)  # from a sale to its pay: refunds come first
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("affiliate")
        verbose_name_plural = _("affiliates")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(rule="percent", percent__gt=0, percent__lte=100) | ~Q(rule="percent") & Q(amount__gt=0),
                name="affiliate_rule_gives_something",
            ),
            models.CheckConstraint(condition=Q(min_spend__gte=0), name="affiliate_spend_not_negative"),
            models.CheckConstraint(condition=Q(link_code__regex="^[A-Z0-9-]{4,24}$"), name="affiliate_code_spelled"),
        ]

    def __str__(self) -> str:
        return self.name


class AffiliateDay(models.Model):
    """How often a link was opened on a day of the programme's zone. Nothing about who opened it."""

    affiliate = models.ForeignKey(Affiliate, on_delete=models.PROTECT, related_name="days", db_index=False)
    day = models.DateField()
    clicks = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("day of clicks")
        verbose_name_plural = _("days of clicks")
        constraints: ClassVar = [models.UniqueConstraint(fields=["affiliate", "day"], name="affiliate_day_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.clicks}"


class AffiliateCustomer(models.Model):
    """Somebody who came through an affiliate: first perhaps only a number, a customer by the first purchase."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waits for a purchase")
        ACTIVE = "active", _("Counts")
        REVIEW = "review", _("To be looked at")
        ENDED = "ended", _("Does not count")

    class Channel(models.TextChoices):
        LINK = "link", _("Link")
        TILL = "till", _("Till")
        API = "api", _("API")

    class Reason(models.TextChoices):
        BY_HAND = "by_hand", _("Refused by hand")
        NOT_NEW = "not_new", _("Was a customer before")
        ONESELF = "oneself", _("Is the affiliate")
        OTHER = "other", _("Was brought by somebody else")
        TIME = "time", _("No purchase in time")
        ERASED = "erased", _("Data deleted")

    class Flag(models.TextChoices):
        VELOCITY = "velocity", _("Many in a day")
        ADDRESS = "address", _("Many from one address on the network")
        NAME = "name", _("The affiliate’s name")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    affiliate = models.ForeignKey(Affiliate, on_delete=models.PROTECT, related_name="customers", db_index=False)
    phone = models.CharField(max_length=16, blank=True)  # E.164, only while it waits
    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    channel = models.CharField(max_length=8, choices=Channel.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=8, choices=Reason.choices, blank=True)
    flags = ArrayField(models.CharField(max_length=10, choices=Flag.choices), default=list)
    address_digest = models.BinaryField(max_length=32, null=True)  # keyed, of the network address of who used the link
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)  # of a number nobody has bought with
    bought_at = models.DateTimeField(null=True)  # the first sale that counted
    decided_by = models.CharField(max_length=80, blank=True)
    decided_by_label = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = _("customer of an affiliate")
        verbose_name_plural = _("customers of affiliates")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["customer"],
                name="affiliate_customer_once",
                condition=~Q(state="ended") & Q(customer__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["phone"], name="affiliate_number_once", condition=Q(state="waiting") & ~Q(phone="")
            ),
            models.CheckConstraint(
                condition=Q(state="waiting") | Q(state="ended") | Q(customer__isnull=False),
                name="affiliate_customer_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index("affiliate", F("created_at").desc(), name="affiliate_customer_newest"),
            models.Index(fields=["customer"], name="affiliate_customer_all", condition=Q(customer__isnull=False)),
            models.Index(fields=["address_digest", "created_at"], name="affiliate_customer_address"),
            models.Index(fields=["expires_at"], name="affiliate_number_waits", condition=Q(state="waiting")),
            models.Index(fields=["created_at"], name="affiliate_customer_review", condition=Q(state="review")),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.state})"


class AffiliateSale(models.Model):
    """A sale that may earn, with the rule of its day. `commission` is what its lines come to."""

    came = models.ForeignKey(AffiliateCustomer, on_delete=models.PROTECT, related_name="sales")
    affiliate = models.ForeignKey(Affiliate, on_delete=models.PROTECT, related_name="sales", db_index=False)
    order = models.OneToOneField("customers.Order", on_delete=models.PROTECT, related_name="+")
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    month = models.DateField()  # its first day, in the programme's zone
    day = models.DateField()
    is_first = models.BooleanField()
    payable_at = models.DateTimeField()
    rule = models.CharField(max_length=8, choices=Rule.choices)
    percent = models.DecimalField(max_digits=5, decimal_places=2)
    amount = MoneyField()
    min_spend = MoneyField()
    order_cap = MoneyField(null=True)
    month_cap = MoneyField(null=True)
    commission = MoneyField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("sale of an affiliate")
        verbose_name_plural = _("sales of affiliates")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(commission__gte=0), name="affiliate_sale_not_negative"),
            models.CheckConstraint(condition=Q(month__day=1), name="affiliate_sale_month_begins_on_the_first"),
        ]
        indexes: ClassVar = [models.Index(fields=["affiliate", "month"], name="affiliate_sale_by_month")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.commission}"


class AffiliatePayout(models.Model):
    """A statement: the lines that it holds are its own until it is cancelled. `number` counts in the programme."""

    class State(models.TextChoices):
        OPEN = "open", _("To be paid")
        PAID = "paid", _("Paid")
        CANCELLED = "cancelled", _("Cancelled")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    number = models.PositiveIntegerField(unique=True)
    affiliate = models.ForeignKey(Affiliate, on_delete=models.PROTECT, related_name="payouts", db_index=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    amount = MoneyField()
    line_count = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(default=timezone.now)
    made_by = models.CharField(max_length=80)  # kind:id
    made_by_label = models.CharField(max_length=160, blank=True)
    paid_on = models.DateField(null=True)
    reference = models.CharField(max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True)  # when it was marked paid or cancelled
    ended_by = models.CharField(max_length=80, blank=True)
    ended_by_label = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="affiliate_payout_pays_something"),
            models.CheckConstraint(
                condition=Q(state="paid") & Q(paid_on__isnull=False) | ~Q(state="paid") & Q(paid_on__isnull=True),
                name="affiliate_payout_paid_whole",
            ),
        ]
        indexes: ClassVar = [models.Index("affiliate", F("id").desc(), name="affiliate_payout_newest")]

    def __str__(self) -> str:
        return f"{self.number}"


class AffiliateLine(models.Model):
    """Money that an affiliate earned (above 0) or lost. Of a month's cap it has no sale."""

    class Kind(models.TextChoices):
        EARNED = "earned", _("Commission")
        TAKEN = "taken", _("Taken back")
        CAP = "cap", _("Most in a month")

    affiliate = models.ForeignKey(Affiliate, on_delete=models.PROTECT, related_name="lines", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    sale = models.ForeignKey(AffiliateSale, on_delete=models.PROTECT, null=True, related_name="lines")
    business = models.ForeignKey(
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    month = models.DateField()  # of the sale
    amount = MoneyField()
    at = models.DateTimeField()
    payable_at = models.DateTimeField()
    payout = models.ForeignKey(AffiliatePayout, on_delete=models.PROTECT, null=True, related_name="lines")

    objects = AffiliateLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of commission")
        verbose_name_plural = _("lines of commission")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(amount=0), name="affiliate_line_has_money"),
            models.CheckConstraint(
                condition=Q(kind="cap") & Q(sale__isnull=True) | ~Q(kind="cap") & Q(sale__isnull=False),
                name="affiliate_line_of_a_sale",
            ),
        ]
        indexes: ClassVar = [
            models.Index("affiliate", F("id").desc(), name="affiliate_line_newest"),
            models.Index(
                fields=["affiliate", "payable_at"], name="affiliate_line_open", condition=Q(payout__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+}"
