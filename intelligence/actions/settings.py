"""What the owner decides about forecasts and archetypes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from intelligence.models import IntelligenceSettings
from loyalty.values import changes_between, check
from workspace.actions import audit

K_RANGE = 2, 20
SAMPLES = 100, 1_000_000
# What each number may be, and what is said otherwise.
LIMITS: tuple[tuple[str, float, float, str | Promise], ...] = (
    ("margin", 0, 1, _("Enter a share of spend between 0 and 100 %.")),
    ("discount_rate", 0, 1, _("Enter a rate between 0 and 100 %.")),
    ("horizon_days", 7, 730, _("Enter between 7 and 730 days.")),
    ("vip_value", 0, 1_000_000_000, _("Enter an amount that is not below 0.")),
    ("vip_customers", 1, 1_000_000, _("Enter between 1 and 1,000,000 customers.")),
    ("retention_churn", 0, 1, _("Enter a chance between 0 and 100 %.")),
    ("vip_customer_value", 0, 1_000_000_000, _("Enter an amount that is not below 0.")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsValues:
    """See IntelligenceSettings for what each field means. Shares are 0 to 1, days and customers whole."""

    margin: Decimal = Decimal(1)
    discount_rate: Decimal = Decimal("0.1")
    horizon_days: int | None = None
    nightly_sample: int = 1_000
    weekly_sample: int | None = 5_000
    min_k: int = 3
    max_k: int = 10
    is_dynamic: bool = True
    is_robust: bool = True
    vip_value: Decimal = Decimal(2_000)
    vip_customers: int = 100
    retention_churn: float = 0.6
    vip_customer_value: Decimal = Decimal(1_000)


def settings_now() -> IntelligenceSettings:
    """What holds now; not saved where nobody has decided anything. One query."""
    return IntelligenceSettings.objects.first() or IntelligenceSettings()


def change_settings(*, values: SettingsValues, actor: Actor) -> IntelligenceSettings:
    """Runs from now on use these.

    Raises InvalidInput at the first field that is wrong, PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    wanted = asdict(values)
    for name, least, most, text in LIMITS:
        check(wanted[name] is None or least <= wanted[name] <= most, name, text)
    check_sample(values.nightly_sample, "nightly_sample")
    check_sample(values.weekly_sample, "weekly_sample")
    check_k(values.min_k, values.max_k)
    with transaction.atomic():
        IntelligenceSettings.objects.get_or_create()
        settings = IntelligenceSettings.objects.select_for_update().get()
        changes = changes_between({name: getattr(settings, name) for name in wanted}, wanted)
        for name, value in wanted.items():
            setattr(settings, name, value)
        settings.save()
        if changes:
            audit.record(actor, "intelligence.settings.changed", data={"changes": _told(changes)})
    return settings


def change_some_settings(*, given: Mapping[str, Any], actor: Actor) -> IntelligenceSettings:
    """Change these fields of SettingsValues; the others stay, also what somebody else changes meanwhile. As above."""
    actor.check_sees_all()
    with transaction.atomic():
        IntelligenceSettings.objects.get_or_create()
        now = IntelligenceSettings.objects.select_for_update().get()
        kept = {name: getattr(now, name) for name in SettingsValues.__slots__}
        return change_settings(values=SettingsValues(**{**kept, **given}), actor=actor)


def check_k(min_k: int, max_k: int) -> None:
    """Raises InvalidInput for a range of archetypes that makes no sense."""
    for name, value in (("min_k", min_k), ("max_k", max_k)):
        check(K_RANGE[0] <= value <= K_RANGE[1], name, _("Enter between 2 and 20 archetypes."))
    check(min_k <= max_k, "max_k", _("The most cannot be below the fewest."))


def check_sample(customers: int | None, field: str) -> None:
    """Raises InvalidInput for a sample that is too small or too large; None is everybody."""
    text = _("Enter between 100 and 1,000,000 customers.")
    check(customers is None or SAMPLES[0] <= customers <= SAMPLES[1], field, text)


def _told(changes: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Amounts as text: the log keeps JSON."""
    return {
        name: {side: str(value) if isinstance(value, Decimal) else value for side, value in change.items()}
        for name, change in changes.items()
    }
