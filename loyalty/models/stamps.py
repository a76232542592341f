"""Stamp cards: what fills them, what each member has on them, and the full ones (docs/algorithms/stamps.md).

Only the SQL functions of `migrations/sql/stamps.sql` write books, sales, entries and rewards.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code


class StampCard(models.Model):
    """Collect `stamps` stamps, get what it `gives`. A condition that is empty does not hold anybody up.

    Days are of the programme's zone. Once a stamp was given, what earns stamps stays as it is: a card that members hold
    is a promise.
    """

    class Per(models.TextChoices):
        SALE = "sale", _("Each sale")
        ITEM = "item", _("Each item bought")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    name = models.CharField(_("name"), max_length=60)
    icon = models.CharField(_("picture"), max_length=30, default="coffee")
    gives = models.CharField(_("a full card gives"), max_length=80)
    stamps = models.PositiveSmallIntegerField(_("stamps on a card"))
    per = models.CharField(_("one stamp for"), max_length=4, choices=Per.choices, default=Per.SALE)
    business = models.ForeignKey(  # null: every business
        "workspace.Business", on_delete=models.PROTECT, null=True, blank=True, related_name="stamp_cards"
    )
    categories = ArrayField(models.CharField(max_length=120), default=list, blank=True)  # lower case
    products = ArrayField(models.CharField(max_length=64), default=list, blank=True)  # stock codes, lower case
    min_spend = models.DecimalField(_("from an amount of"), max_digits=19, decimal_places=4, default=0)  # SALE
    sale_limit = models.PositiveSmallIntegerField(_("stamps of one sale at most"), null=True, blank=True)
    day_limit = models.PositiveSmallIntegerField(_("stamps of one day at most"), null=True, blank=True)
    # A full card is to be used by the end of the day so many days later; null: whenever.
    reward_days = models.PositiveSmallIntegerField(_("used within days"), null=True, blank=True)
    starts_on = models.DateField(_("first day"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("stamp card")
        verbose_name_plural = _("stamp cards")
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(stamps__range=(2, 50)), name="stamp_card_stamps_in_range"),
            models.CheckConstraint(
                condition=Q(min_spend__gte=0) & (Q(per="sale") | Q(min_spend=0)), name="stamp_card_spend_of_a_sale"
            ),
            models.CheckConstraint(
                condition=Q(sale_limit__isnull=True) | Q(per="item", sale_limit__gt=0),
                name="stamp_card_sale_limit_of_items",
            ),
            models.CheckConstraint(
                condition=(Q(day_limit__isnull=True) | Q(day_limit__gt=0))
                & (Q(reward_days__isnull=True) | Q(reward_days__gt=0)),
                name="stamp_card_limits_positive",
            ),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True) | Q(ends_on__isnull=True) | Q(starts_on__lte=F("ends_on")),
                name="stamp_card_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StampBook(models.Model):
    """What a member has on a card. `total` is all stamps ever, less those taken back; `completed` the full cards.

    `stamps` is what is on the card in hand: below 0 where more was taken back than is left; the next ones make up.
    """

    account = models.ForeignKey("loyalty.Account", on_delete=models.PROTECT, related_name="stamp_books", db_index=False)
    card = models.ForeignKey(StampCard, on_delete=models.PROTECT, related_name="books")
    stamps = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    completed = models.IntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("stamps of a member")
        verbose_name_plural = _("stamps of members")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "card"], name="stamp_book_once_per_card"),
            models.CheckConstraint(condition=Q(completed__gte=0), name="stamp_book_completed_not_negative"),
            models.CheckConstraint(condition=Q(stamps__lt=50), name="stamp_book_not_full"),
        ]

    def __str__(self) -> str:
        return f"{self.stamps} of account {self.account_id}"


class StampSale(models.Model):
    """A sale that a card met, as it was then: `lines` are the positions that count (none: the whole sale).

    `given` is how many stamps it gave by now. Kept so that a refund counts by the sale's day, not by today's catalogue.
    """

    order = models.ForeignKey("customers.Order", on_delete=models.PROTECT, related_name="stamp_sales", db_index=False)
    book = models.ForeignKey(StampBook, on_delete=models.PROTECT, related_name="sales", db_index=False)
    day = models.DateField()  # of the sale, in the programme's zone
    lines = ArrayField(models.PositiveIntegerField(), default=list)
    given = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["order", "book"], name="stamp_sale_once_per_card")]
        indexes: ClassVar = [models.Index(fields=["book", "day"], name="stamp_sale_by_day")]

    def __str__(self) -> str:
        return f"{self.given} of order {self.order_id}"


class StampEntry(models.Model):
    """Stamps that came or went. Never changed, never deleted."""

    append_only = True

    class Kind(models.TextChoices):
        SALE = "sale", _("By a sale")
        HAND = "hand", _("By hand")
        UNDONE = "undone", _("Undone")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    book = models.ForeignKey(StampBook, on_delete=models.PROTECT, related_name="entries", db_index=False)
    stamps = models.IntegerField()
    kind = models.CharField(max_length=6, choices=Kind.choices)
    order = models.ForeignKey(
        "customers.Order", on_delete=models.PROTECT, null=True, related_name="stamp_entries", db_index=False
    )
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    business = models.ForeignKey(  # no database reference, as for Transaction.business
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=80)  # kind:id
    actor_label = models.CharField(max_length=160, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change of stamps")
        verbose_name_plural = _("changes of stamps")
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(stamps=0), name="stamp_entry_not_zero"),
            models.CheckConstraint(
                condition=Q(kind="sale", order__isnull=False, undoes__isnull=True)
                | Q(kind="hand", order__isnull=True, undoes__isnull=True)
                | Q(kind="undone", order__isnull=True, undoes__isnull=False),
                name="stamp_entry_names_its_cause",
            ),
        ]
        indexes: ClassVar = [
            models.Index("book", F("id").desc(), name="stamp_entry_by_book"),
            models.Index(fields=["order"], name="stamp_entry_by_order", condition=Q(order__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.stamps:+d} ({self.kind})"


class StampReward(models.Model):
    """A full card: what it gives waits for its member, was used, was taken back or ran out."""

    class State(models.TextChoices):
        READY = "ready", _("Ready")
        USED = "used", _("Used")
        VOID = "void", _("Taken back")
        EXPIRED = "expired", _("Ran out")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    book = models.ForeignKey(StampBook, on_delete=models.PROTECT, related_name="rewards", db_index=False)
    gives = models.CharField(max_length=80)  # as the card said when it was full
    state = models.CharField(max_length=7, choices=State.choices, default=State.READY)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)  # used, taken back, ran out
    business = models.ForeignKey(  # where it was used; no database reference, as for Transaction.business
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    used_by = models.CharField(max_length=80, blank=True)  # kind:id
    used_by_label = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = _("full stamp card")
        verbose_name_plural = _("full stamp cards")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="ready", ended_at__isnull=True) | (~Q(state="ready") & Q(ended_at__isnull=False)),
                name="stamp_reward_ended_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="used") | Q(business__isnull=True, used_by=""), name="stamp_reward_used_by_somebody"
            ),
        ]
        indexes: ClassVar = [models.Index("book", F("id").desc(), name="stamp_reward_by_book")]

    def __str__(self) -> str:
        return f"{self.code} ({self.state})"


class StampAct(models.Model):
    """An act by hand with the answer that its caller got, so that a repeated key gets it again."""

    append_only = True

    class Kind(models.TextChoices):
        GIVE = "give", _("Stamps by hand")
        UNDO = "undo", _("Stamps undone")
        USE = "use", _("Full card used")
        RELEASE = "release", _("Use undone")

    kind = models.CharField(max_length=7, choices=Kind.choices)
    key_owner = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    request_digest = models.BinaryField(max_length=32)
    response = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key_owner", "kind", "key"], name="stamp_act_once_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
