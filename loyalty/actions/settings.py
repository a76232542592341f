"""What a programme and its businesses decide about points."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput
from loyalty.models import EarningRate, LoyaltySettings
from loyalty.rules import MAX_EXPIRY_MONTHS, MAX_PENDING_DAYS, MAX_POINTS, MAX_RATE
from programs.actions.due_work import ensure_due
from workspace.actions import audit

APPLY_EXPIRY = "loyalty.expiry.apply"


def set_earning_rate(
    *, business_id: int, points_per_unit: Decimal, actor: Actor, rounding: str = EarningRate.Rounding.DOWN
) -> EarningRate:
    """Set how many points a business gives for one unit of the currency; sales from now on use it.

    Raises InvalidInput: not a number, below 0, above MAX_RATE, more than 4 decimals, no such rounding.
    """
    if not points_per_unit.is_finite() or not 0 <= points_per_unit <= MAX_RATE:
        raise InvalidInput(_("Enter a rate between 0 and 10,000."), field="points_per_unit")
    if points_per_unit != points_per_unit.quantize(Decimal("0.0001")):
        raise InvalidInput(_("A rate has at most 4 digits after the point."), field="points_per_unit")
    if rounding not in EarningRate.Rounding.values:
        raise InvalidInput(_("There is no such rounding."), field="rounding")
    with transaction.atomic():
        before = EarningRate.objects.select_for_update().filter(pk=business_id).first()
        rate, _is_new = EarningRate.objects.update_or_create(
            business_id=business_id, defaults={"points_per_unit": points_per_unit, "rounding": rounding}
        )
        audit.record(
            actor,
            "loyalty.rate.changed",
            subject=f"business:{rate.business.code}",
            business_id=business_id,
            data={
                "points_per_unit": str(points_per_unit),
                "rounding": rounding,
                "before": str(before.points_per_unit) if before else None,
            },
        )
    return rate


@dataclass(frozen=True, slots=True, kw_only=True)
class PointSettings:
    """What the programme decides about points; see LoyaltySettings for what each field means.

    `expiry_months` with the policy AFTER: None is never.
    """

    point_value: Decimal
    expiry_policy: str = LoyaltySettings.Expiry.AFTER
    expiry_months: int | None = None
    expiry_day: str = ""
    pending_days: int = 0
    reinstated_days: int = 30
    warning_days: int = 30
    approval_above: int | None = None

    def check(self) -> None:
        """Raises InvalidInput at the field that is wrong."""
        if not self.point_value.is_finite() or not 0 <= self.point_value <= 1000:
            raise InvalidInput(_("Enter a value between 0 and 1,000."), field="point_value")
        if self.expiry_policy not in LoyaltySettings.Expiry.values:
            raise InvalidInput(_("There is no such way to run out."), field="expiry_policy")
        if self.expiry_months is not None and not 1 <= self.expiry_months <= MAX_EXPIRY_MONTHS:
            raise InvalidInput(_("Points can live 1 to 120 months, or for ever."), field="expiry_months")
        if self.expiry_policy == LoyaltySettings.Expiry.INACTIVITY and self.expiry_months is None:
            raise InvalidInput(_("Say after how many months without activity points run out."), field="expiry_months")
        if (self.expiry_policy == LoyaltySettings.Expiry.DATE) != bool(self.expiry_day):
            raise InvalidInput(_("Say on which day of the year points run out."), field="expiry_day")
        if self.expiry_day and not _is_day_of_year(self.expiry_day):
            raise InvalidInput(_("Enter a day of the year as month and day, such as 12-31."), field="expiry_day")
        for name, most in (("pending_days", MAX_PENDING_DAYS), ("reinstated_days", 366), ("warning_days", 366)):
            if not 0 <= getattr(self, name) <= most:
                raise InvalidInput(_("Enter a number of days between 0 and %(most)s.") % {"most": most}, field=name)
        if self.approval_above is not None and not 0 <= self.approval_above <= MAX_POINTS:
            raise InvalidInput(_("Enter whole points, or nothing."), field="approval_above")


def change_point_settings(*, settings: PointSettings, actor: Actor, now: datetime) -> LoyaltySettings:
    """Set what points are worth and how long they live.

    Points that have a date keep it. Where points begin to run out, or do so by other rules, those without a date run
    out no earlier than a full period after `now`: nobody loses points by surprise (`apply_expiry` dates them in the
    background). Raises InvalidInput.
    """
    settings.check()
    with transaction.atomic():
        before = LoyaltySettings.objects.select_for_update().filter(pk=1).first() or LoyaltySettings()
        changes = asdict(settings)
        is_other_life = any(
            getattr(before, name) != changes[name] for name in ("expiry_policy", "expiry_months", "expiry_day")
        )
        if is_other_life:
            changes["expiry_changed_at"] = now
        kept, _is_new = LoyaltySettings.objects.update_or_create(pk=1, defaults=changes)
        changed = {
            name: {"before": _plain(getattr(before, name)), "after": _plain(value)}
            for name, value in changes.items()
            if name != "expiry_changed_at" and getattr(before, name) != value
        }
        audit.record(
            actor,
            "loyalty.settings.changed",
            data={
                "point_value": str(settings.point_value),
                "expiry_months": settings.expiry_months,
                "changes": changed,
            },
        )
        if is_other_life:
            ensure_due(kind=APPLY_EXPIRY, by=now)
    return kept


def change_settings(
    *, point_value: Decimal, expiry_months: int | None, actor: Actor, reinstated_days: int | None = None
) -> LoyaltySettings:
    """Set what a point is worth and after how many months points run out (None: never); the rest stays as it is.

    Raises InvalidInput.
    """
    now = LoyaltySettings.objects.filter(pk=1).first() or LoyaltySettings()
    settings = PointSettings(
        point_value=point_value,
        expiry_months=expiry_months,
        pending_days=now.pending_days,
        reinstated_days=now.reinstated_days if reinstated_days is None else reinstated_days,
        warning_days=now.warning_days,
        approval_above=now.approval_above,
    )
    return change_point_settings(settings=settings, actor=actor, now=timezone.now())


def _is_day_of_year(text: str) -> bool:
    """Written as the database reads it: strptime takes digits of every script, and a space for a 0."""
    try:
        day = datetime.strptime(f"2024-{text}", "%Y-%m-%d")  # noqa: DTZ007
    except ValueError:
        return False
    return f"{day:%m-%d}" == text


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Decimal) else value
