"""What a programme and its businesses decide about points."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import InvalidInput
from loyalty.models import EarningRate, LoyaltySettings
from loyalty.rules import MAX_RATE
from workspace.actions import audit


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


def change_settings(
    *, point_value: Decimal, expiry_months: int | None, actor: Actor, reinstated_days: int | None = None
) -> LoyaltySettings:
    """Set what a point is worth and how long points live (None: for ever). Points that exist keep their expiry.

    Raises InvalidInput.
    """
    if not point_value.is_finite() or not 0 <= point_value <= 1000:
        raise InvalidInput(_("Enter a value between 0 and 1,000."), field="point_value")
    if expiry_months is not None and not 1 <= expiry_months <= 120:
        raise InvalidInput(_("Points can live 1 to 120 months, or for ever."), field="expiry_months")
    with transaction.atomic():
        changes: dict[str, object] = {"point_value": point_value, "expiry_months": expiry_months}
        if reinstated_days is not None:
            changes["reinstated_days"] = reinstated_days
        settings, _is_new = LoyaltySettings.objects.update_or_create(pk=1, defaults=changes)
        audit.record(
            actor,
            "loyalty.settings.changed",
            data={"point_value": str(point_value), "expiry_months": expiry_months},
        )
    return settings
