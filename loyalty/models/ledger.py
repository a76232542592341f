"""The ledger: accounts, transactions, lots, entries, holds.

Only the SQL functions of `migrations/sql` write the ledger's tables (docs/algorithms/points.md). Points are whole
numbers. Times are aware UTC.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.codes import public_code
from loyalty.querysets import TransactionQuerySet


class Account(models.Model):
    """A member's points. One row lock on it orders everything that happens to the member.

    `available` is what its live lots hold and can be spent; `held` is set aside for claims; `pending` waits for its
    day; `debt` is what a clawback could not take and the next earns repay.
    """

    customer = models.OneToOneField(
        "customers.Customer", on_delete=models.PROTECT, primary_key=True, related_name="account"
    )
    available = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0, db_default=0)
    debt = models.BigIntegerField(default=0)
    lifetime = models.BigIntegerField(default=0)  # earned by sales, less what reversals of earns took back
    version = models.BigIntegerField(default=0)  # grows by one with each transaction
    # Not later than the first moment at which a live lot or a hold runs out, points become available or the account
    # lapses; null: none does. Spares a look at them.
    expires_next_at = models.DateTimeField(null=True)
    # Where points run out after months without activity: when those that are available now do.
    lapses_at = models.DateTimeField(null=True)
    warned_until = models.DateTimeField(null=True)  # the member was told of points that run out up to here
    joined_at = models.DateTimeField(default=timezone.now)
    tier = models.ForeignKey(
        "loyalty.Tier", on_delete=models.PROTECT, null=True, blank=True, related_name="accounts", db_index=False
    )
    tier_since = models.DateTimeField(null=True)
    tier_kept_until = models.DateTimeField(null=True)  # null: without a tier, or for good
    tier_due_at = models.DateTimeField(null=True)  # when the tier is judged again by itself: kept until, or grace over

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(available__gte=0), name="account_available_not_negative"),
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(condition=Q(pending__gte=0), name="account_pending_not_negative"),
            models.CheckConstraint(condition=Q(debt__gte=0), name="account_debt_not_negative"),
            models.CheckConstraint(condition=Q(available=0) | Q(debt=0), name="account_no_debt_beside_points"),
        ]
        indexes: ClassVar = [
            # The sweep that expires what nobody touches.
            models.Index(
                fields=["expires_next_at"], name="account_by_expiry", condition=Q(expires_next_at__isnull=False)
            ),
            models.Index(fields=["tier_due_at"], name="account_by_tier_due", condition=Q(tier_due_at__isnull=False)),
            models.Index(fields=["tier"], name="account_by_tier", condition=Q(tier__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.available} points of customer {self.pk}"


class Transaction(models.Model):
    """One thing that happened to an account, or was refused, with the answer that its caller got.

    `points` is the change of the account, 0 for a refusal, so that sums need no filter.
    """

    class Kind(models.TextChoices):
        EARN = "earn", _("Earned")
        REDEEM = "redeem", _("Redeemed")
        REVERSE = "reverse", _("Reversed")
        ADJUST = "adjust", _("Adjusted by hand")
        BONUS = "bonus", _("Bonus")
        REFERRAL = "referral", _("Referral")
        TRANSFER = "transfer", _("Transferred")
        EXPIRE = "expire", _("Expired")
        HOLD = "hold", _("Set aside")
        VOID = "void", _("Given back")
        MATURE = "mature", _("Became available")

    class Status(models.TextChoices):
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")
        # Another key named an order whose points were given already: the first answer again.
        REPEATED = "repeated", _("Repeated")

    code = models.CharField(max_length=16, unique=True, default=public_code, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transactions", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DONE)
    points = models.BigIntegerField()
    # No database reference: every sale of a shop would share-lock the shop's one row (orders reference it anyway).
    business = models.ForeignKey(
        "workspace.Business",
        on_delete=models.PROTECT,
        null=True,
        related_name="point_transactions",
        db_constraint=False,
        db_index=False,
    )
    order = models.ForeignKey(
        "customers.Order", on_delete=models.PROTECT, null=True, related_name="point_transactions", db_index=False
    )
    reason = models.CharField(max_length=200, blank=True)
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="reversals", db_index=False)
    # A transfer is two transactions that name each other: what one member gives and what the other gets.
    counterpart = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # What a redemption or a hold is for, what a bonus is by. No database references, as for the business.
    reward = models.ForeignKey(
        "loyalty.Reward", on_delete=models.PROTECT, null=True, related_name="transactions", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    rule = models.ForeignKey(
        "loyalty.EarningRule", on_delete=models.PROTECT, null=True, related_name="bonuses", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    reversed_points = models.BigIntegerField(default=0)  # how many of its points reversals have undone, not negative
    reversed_at = models.DateTimeField(null=True)  # nothing is left to reverse
    key_owner = models.CharField(max_length=80, blank=True)
    key_endpoint = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=255, null=True)
    request_digest = models.BinaryField(max_length=32)
    response = models.JSONField(default=dict)
    actor = models.CharField(max_length=80)  # kind:id
    actor_label = models.CharField(max_length=160, blank=True)
    ip = models.GenericIPAddressField(null=True)
    at = models.DateTimeField()

    objects = TransactionQuerySet.as_manager()

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key_owner", "key_endpoint", "key"],
                name="transaction_once_per_key",
                condition=Q(key__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["order"], name="transaction_one_earn_per_order", condition=Q(kind="earn", status="done")
            ),
            # The sign follows the kind; only what was done moves points.
            models.CheckConstraint(
                condition=(Q(kind__in=["earn", "bonus", "referral"]) & Q(points__gte=0))
                | (Q(kind__in=["redeem", "expire"]) & Q(points__lte=0))
                | (Q(kind__in=["hold", "void", "mature"]) & Q(points=0))
                | Q(kind__in=["reverse", "adjust", "transfer"]),
                name="transaction_sign_follows_kind",
            ),
            models.CheckConstraint(condition=Q(status="done") | Q(points=0), name="transaction_moves_only_when_done"),
            models.CheckConstraint(
                condition=Q(reversed_points__gte=0)
                & (Q(reversed_points__lte=F("points")) | Q(reversed_points__lte=-F("points"))),
                name="transaction_reversed_at_most_whole",
            ),
            models.CheckConstraint(
                condition=Q(kind="reverse", reverses__isnull=False)
                | (~Q(kind="reverse") & Q(reverses__isnull=True))
                | ~Q(status="done"),
                name="transaction_reversal_names_original",
            ),
        ]
        indexes: ClassVar = [
            models.Index("account", F("id").desc(), name="transaction_by_account"),  # a member's history
            models.Index("business", F("id").desc(), name="transaction_by_business"),  # a shop's newest
            models.Index(fields=["at"], name="transaction_by_time"),  # figures of a period
            models.Index(fields=["reverses"], name="transaction_by_reversed", condition=Q(reverses__isnull=False)),
            # How often a member had a reward or a bonus.
            models.Index(fields=["account", "reward"], name="transaction_by_reward", condition=Q(reward__isnull=False)),
            models.Index(fields=["account", "rule"], name="transaction_by_rule", condition=Q(rule__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.points} ({self.code})"


class Lot(models.Model):
    """Points that came in together: spent oldest expiry first, each naming the business that owes them."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lots", db_index=False)
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="lots")
    issuer = models.ForeignKey(  # no database reference, as for Transaction.business
        "workspace.Business", on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    available_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    is_pending = models.BooleanField(default=False, db_default=False)  # its points wait for `available_at`

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="lot_amount_positive"),
            models.CheckConstraint(
                condition=Q(remaining__gte=0) & Q(remaining__lte=F("amount")), name="lot_remaining_within_amount"
            ),
        ]
        indexes: ClassVar = [
            # The order in which points are spent.
            models.Index(
                "account",
                F("expires_at").asc(nulls_last=True),
                "id",
                name="lot_spending_order",
                condition=Q(remaining__gt=0),
            ),
            # What becomes available, and when.
            models.Index(fields=["account", "available_at"], name="lot_pending", condition=Q(is_pending=True)),
            # "Expiring soon".
            models.Index(
                fields=["expires_at"], name="lot_by_expiry", condition=Q(remaining__gt=0, expires_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.amount}"


class Entry(models.Model):
    """One leg of a transaction; the legs of a transaction sum to 0. Never changed, never deleted.

    `account` empty is the programme's own side: entries only, no balance row that every sale would fight for.
    `lot` empty on a member's leg moves debt. `seal` shows the auditor an entry that was changed behind our back.
    """

    append_only = True

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="entries")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, related_name="entries", db_constraint=False, db_index=False
    )
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True, related_name="entries", db_index=False)
    amount = models.BigIntegerField()
    seal = models.UUIDField()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints: ClassVar = [models.CheckConstraint(condition=~Q(amount=0), name="entry_amount_not_zero")]
        indexes: ClassVar = [models.Index(fields=["lot"], name="entry_by_lot", condition=Q(lot__isnull=False))]

    def __str__(self) -> str:
        return f"{self.amount:+d}"


class Hold(models.Model):
    """Points set aside for a claim: captured (redeemed), voided or timed out (back to the same lots).

    It is known by the code of the transaction that made it; `settled_by` is the one that ended it.
    """

    class State(models.TextChoices):
        HELD = "held", _("Held")
        CAPTURED = "captured", _("Redeemed")
        VOIDED = "voided", _("Given back")
        EXPIRED = "expired", _("Ran out")

    transaction = models.OneToOneField(Transaction, on_delete=models.PROTECT, primary_key=True, related_name="hold")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds", db_index=False)
    settled_by = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, related_name="settled_holds", db_index=False
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    points = models.BigIntegerField()  # less than at first where only a part was captured
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("points set aside")
        verbose_name_plural = _("points set aside")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(points__gt=0), name="hold_points_positive"),
            models.CheckConstraint(
                condition=Q(state="held", settled_by__isnull=True) | (~Q(state="held") & Q(settled_by__isnull=False)),
                name="hold_settled_by_a_transaction",
            ),
        ]
        indexes: ClassVar = [
            # A member's live holds, by the moment at which they run out.
            models.Index(fields=["account", "expires_at"], name="hold_live_by_account", condition=Q(state="held")),
        ]

    def __str__(self) -> str:
        return f"{self.points} {self.state}"


class HoldAllocation(models.Model):
    """Which lot a live hold's points came from and return to. Gone when the hold is settled: entries tell the rest."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="allocations", db_index=False)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    points = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hold", "lot"], name="hold_allocation_once_per_lot"),
            models.CheckConstraint(condition=Q(points__gt=0), name="hold_allocation_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.points} of lot {self.lot_id}"
