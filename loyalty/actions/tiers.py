"""Tiers: making, changing and ending them, what counts towards them, and giving one by hand.

Who holds which tier is judged in SQL (`migrations/sql/tiers.sql`, docs/algorithms/tiers.md): with each sale and
reversal, when a tier has been kept long enough, and of everybody after a change here (`loyalty.tasks.apply_tiers`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput
from core.tenancy import active_programme
from customers.actions.events import wake_readers
from loyalty.access_tiers import get_tier
from loyalty.errors import UnknownMember
from loyalty.models import Account, EarningRule, LoyaltySettings, Reward, Tier, TierChange
from loyalty.values import changes_between, check, clean_line, plain_of
from programs.actions.due_work import ensure_due
from workspace.actions import audit

APPLY_TIERS = "loyalty.tiers.apply"
MAX_TIERS = 10
MAX_MONTHS = 60
MAX_GRACE_DAYS = 366
MAX_FACTOR = Decimal(100)
MAX_THRESHOLD = Decimal(1_000_000_000)
LAST_YEAR = 2200  # later days have no grace after them that a date can say
_OUT_OF_THE_WAY = 1000  # ranks are unique at every moment: moved ones wait above


@dataclass(frozen=True, slots=True, kw_only=True)
class TierValues:
    """What a person decides about a tier; `threshold` is in what the programme counts (LoyaltySettings.tier_basis)."""

    name: str
    threshold: Decimal
    factor: Decimal = Decimal(1)
    benefits: str = ""

    def cleaned(self, basis: str) -> TierValues:
        """The same, normalised. Raises InvalidInput at the first field that is wrong."""
        name = clean_line(self.name, 40, "name")
        check(bool(name), "name", _("Give the tier a name. Members read it."))
        threshold, factor = self.threshold, self.factor
        check(
            threshold.is_finite() and 0 < threshold <= MAX_THRESHOLD, "threshold", _("Enter a number greater than 0.")
        )
        if basis == LoyaltySettings.TierBasis.SPEND:
            check(threshold == threshold.quantize(Decimal("0.0001")), "threshold", _("This has too many digits."))
        else:
            check(threshold == threshold.to_integral_value(), "threshold", _("Enter a whole number."))
        check(
            factor.is_finite() and 1 <= factor <= MAX_FACTOR, "factor", _("Enter how many times the points: 1 to 100.")
        )
        check(factor == factor.quantize(Decimal("0.01")), "factor", _("Enter at most 2 digits."))
        return replace(self, name=name, benefits=clean_line(self.benefits, 200, "benefits"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TierSettings:
    """How members reach and keep tiers; see LoyaltySettings for what each field means."""

    tier_basis: str = LoyaltySettings.TierBasis.POINTS
    tier_window_months: int | None = 12
    tier_keep_months: int | None = 12
    tier_grace_days: int = 30
    tier_drops_to: str = LoyaltySettings.TierDrop.EARNED

    def check(self) -> None:
        """Raises InvalidInput at the field that is wrong."""
        check(self.tier_basis in LoyaltySettings.TierBasis.values, "tier_basis", _("Choose what members collect."))
        for name in ("tier_window_months", "tier_keep_months"):
            months = getattr(self, name)
            check(months is None or 1 <= months <= MAX_MONTHS, name, _("Enter 1 to 60 months, or nothing."))
        check(0 <= self.tier_grace_days <= MAX_GRACE_DAYS, "tier_grace_days", _("Enter 0 to 366 days."))
        check(self.tier_drops_to in LoyaltySettings.TierDrop.values, "tier_drops_to", _("Choose what happens then."))


# -- tiers ------------------------------------------------------------------------------------------------------------


def create_tier(*, values: TierValues, actor: Actor, now: datetime) -> Tier:
    """Make a tier; members who reach it have it within minutes. Its place follows from what it asks for.

    Raises InvalidInput, also for a threshold of another tier and when there are MAX_TIERS, and PermissionRefused for
    people limited to a business: tiers are the whole programme's.
    """
    actor.check_sees_all()
    with transaction.atomic():
        values = values.cleaned(_locked_settings().tier_basis)
        _check_others(values, None)
        if Tier.objects.filter(is_active=True).count() >= MAX_TIERS:
            raise InvalidInput(_("A programme can have ten tiers."))
        tier = Tier.objects.create(**asdict(values), rank=_free_rank())
        _put_in_order()
        _record(actor, "created", tier, {"after": plain_of(values)})
        ensure_due(kind=APPLY_TIERS, by=now)
    tier.refresh_from_db()
    return tier


def change_tier(*, code: str, values: TierValues, actor: Actor, now: datetime) -> Tier:
    """Change a tier. Who has it keeps it for their period, also where it asks for more from now on.

    Raises InvalidInput, UnknownTier and PermissionRefused.
    """
    actor.check_sees_all()
    with transaction.atomic():
        values = values.cleaned(_locked_settings().tier_basis)
        tier = get_tier(code, write=True)
        _check_others(values, tier)
        changed = changes_between(plain_of(values_of(tier)), plain_of(values))
        if changed:
            for name in changed:
                setattr(tier, name, getattr(values, name))
            tier.save(update_fields=[*changed, "updated_at"])
            _put_in_order()
            _record(actor, "changed", tier, {"changes": changed})
            ensure_due(kind=APPLY_TIERS, by=now)
    tier.refresh_from_db()
    return tier


def switch_tier(*, code: str, is_active: bool, actor: Actor, now: datetime) -> Tier:
    """End a tier, or use it again. Members of an ended tier move to the highest other that they reach or still keep.

    Raises UnknownTier, InvalidInput (another tier asks for the same by now) and PermissionRefused.
    """
    actor.check_sees_all()
    with transaction.atomic():
        _locked_settings()
        tier = get_tier(code, write=True)
        if tier.is_active != is_active:
            if is_active:
                _check_others(values_of(tier), tier)
            tier.is_active = is_active
            tier.save(update_fields=["is_active", "updated_at"])
            _put_in_order()
            _record(actor, "restored" if is_active else "ended", tier)
            ensure_due(kind=APPLY_TIERS, by=now)
    tier.refresh_from_db()
    return tier


def remove_tier(*, code: str, actor: Actor, now: datetime) -> bool:
    """Delete a tier that no member ever had and no rule or reward names; end any other. Returns whether it is gone.

    Raises UnknownTier and PermissionRefused.
    """
    actor.check_sees_all()
    with transaction.atomic():
        _locked_settings()
        tier = get_tier(code, write=True)
        if is_named(tier):
            switch_tier(code=code, is_active=False, actor=actor, now=now)
            return False
        _record(actor, "deleted", tier, {"before": plain_of(values_of(tier))})
        tier.delete()
        _put_in_order()
        return True


def is_named(tier: Tier) -> bool:
    """Whether a member, a history, a rule or a reward names the tier: it can then end, not go. Up to four queries."""
    return any(
        rows.exists()
        for rows in (
            Account.objects.filter(tier=tier),
            TierChange.objects.filter(Q(tier=tier) | Q(before=tier)),
            EarningRule.objects.filter(tier=tier),
            Reward.objects.filter(tier=tier),
        )
    )


def values_of(tier: Tier) -> TierValues:
    """What was decided about a stored tier."""
    return TierValues(**{name: getattr(tier, name) for name in TierValues.__dataclass_fields__})


def change_tier_settings(*, settings: TierSettings, actor: Actor, now: datetime) -> LoyaltySettings:
    """Set what counts towards tiers and how long they are kept.

    Nobody loses a tier by it before the date that they were told. Raises InvalidInput, also where a tier's threshold
    does not fit what is counted from now on, and PermissionRefused for people limited to a business.
    """
    actor.check_sees_all()
    settings.check()
    with transaction.atomic():
        before = _locked_settings()
        for tier in Tier.objects.filter(is_active=True):
            try:
                values_of(tier).cleaned(settings.tier_basis)
            except InvalidInput as error:
                raise InvalidInput(
                    _("First give the tier %(name)s a whole number to reach.") % {"name": tier.name}, field="tier_basis"
                ) from error
        after = asdict(settings)
        changed = changes_between({name: getattr(before, name) for name in after}, after)
        if changed:
            for name in changed:
                setattr(before, name, after[name])
            before.save(update_fields=[*changed, "updated_at"])
            audit.record(actor, "loyalty.tiers.changed", data={"changes": changed})
            ensure_due(kind=APPLY_TIERS, by=now)
    return before


# -- of one member ----------------------------------------------------------------------------------------------------


def set_tier(*, customer_id: int, tier: str, until: date | None, reason: str, actor: Actor, now: datetime) -> Account:
    """Give a member a tier by hand, kept until the end of the day `until` in the programme's zone (None: for good).

    They can still reach a higher one. With an empty `tier` what was given or reached so far ends, and the member has
    what they reach now. Raises UnknownMember, UnknownTier, InvalidInput and PermissionRefused.
    """
    actor.check_sees_all()
    zone = active_programme().zone
    reason = clean_line(reason, 200, "reason")
    kept_until = None
    if tier and until is not None:
        check(until.year <= LAST_YEAR, "until", _("Choose an earlier day, or none for good."))
        kept_until = datetime.combine(until + timedelta(days=1), time.min, tzinfo=zone)
        check(kept_until > now, "until", _("Choose today or a later day."))
    with transaction.atomic():
        given = get_tier(tier) if tier else None
        if given is not None and not given.is_active:
            raise InvalidInput(_("This tier has ended."), field="tier")
        account = Account.objects.select_for_update(no_key=True).select_related("customer").filter(pk=customer_id)
        if not account.exists():
            raise UnknownMember()
        member = account.get()
        row = [customer_id, given.pk if given else None, kept_until, reason, actor.reference, actor.label[:160], now]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger_set_tier(%s::bigint, %s::bigint, %s::timestamptz, %s, %s, %s, %s::timestamptz, %s)",
                [*row, zone.key],
            )
        audit.record(
            actor,
            "loyalty.tier.set",
            subject=f"customer:{member.customer.code}",
            # The reason stays in the history alone: there it can be taken out when the person is erased.
            data={"tier": given.name if given else "", "until": until.isoformat() if until else None},
        )
        wake_readers()
    return Account.objects.select_related("tier").get(pk=customer_id)


def forget_tier_reasons(*, customer_id: int) -> None:
    """Take what people wrote out of an erased customer's history of tiers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT loyalty_forget_tier_reasons(%s::bigint)", [customer_id])


# -- rows -------------------------------------------------------------------------------------------------------------


def _check_others(values: TierValues, tier: Tier | None) -> None:
    others = Tier.objects.filter(is_active=True)
    if tier is not None:
        others = others.exclude(pk=tier.pk)
    check(not others.filter(threshold=values.threshold).exists(), "threshold", _("Another tier asks for the same."))
    check(not others.filter(name__iexact=values.name).exists(), "name", _("Another tier has this name."))


def _locked_settings() -> LoyaltySettings:
    """The row that everybody locks who changes tiers: one after the other."""
    LoyaltySettings.objects.bulk_create([LoyaltySettings()], ignore_conflicts=True)
    return LoyaltySettings.objects.select_for_update().get(pk=1)


def _free_rank() -> int:
    last = Tier.objects.order_by("rank").last()
    return last.rank + 1 if last else 1


def _put_in_order() -> None:
    """Ranks follow what tiers ask for; ended ones come last, where nothing compares them."""
    tiers = sorted(Tier.objects.all(), key=lambda tier: (not tier.is_active, tier.threshold, tier.pk))
    moved = [(rank, tier) for rank, tier in enumerate(tiers, start=1) if tier.rank != rank]
    for start in (_OUT_OF_THE_WAY, 0):
        for rank, tier in moved:
            tier.rank = start + rank
        Tier.objects.bulk_update([tier for _rank, tier in moved], ["rank"])


def _record(actor: Actor, what: str, tier: Tier, data: dict[str, Any] | None = None) -> None:
    audit.record(actor, f"loyalty.tier.{what}", subject=f"tier:{tier.code}", data={"name": tier.name, **(data or {})})
