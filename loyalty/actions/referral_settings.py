"""What referrals give from now on, and how many of them one member may have."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy

from core.actor import Actor
from core.money import check_amount
from core.tenancy import active_programme
from loyalty.models import ReferralSettings
from loyalty.values import changes_between, check, plain_of
from workspace.actions import audit

MAX_GIVEN = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralValues:
    """What a person decides; see ReferralSettings for what each means. `min_spend` is in the programme's currency."""

    is_active: bool
    referrer_points: int = 100
    friend_points: int = 100
    min_spend: Decimal = Decimal(0)
    days: int = 90
    monthly_limit: int | None = 10
    weekly_review: int = 5

    def checked(self) -> ReferralValues:
        """The same. Raises InvalidInput at the first field that is wrong."""
        text = gettext_lazy("Enter whole points, up to 1,000,000.")
        check(0 <= self.referrer_points <= MAX_GIVEN, "referrer_points", text)
        check(0 <= self.friend_points <= MAX_GIVEN, "friend_points", text)
        check(
            self.referrer_points + self.friend_points > 0,
            "referrer_points",
            gettext_lazy("One of the two gets points, or both."),
        )
        if self.min_spend:
            check_amount(self.min_spend, active_programme().currency, field="min_spend")
        check(1 <= self.days <= 366, "days", gettext_lazy("Enter between 1 and 366 days."))
        check(
            self.monthly_limit is None or 1 <= self.monthly_limit <= 1000,
            "monthly_limit",
            gettext_lazy("Enter between 1 and 1,000, or nothing."),
        )
        check(1 <= self.weekly_review <= 1000, "weekly_review", gettext_lazy("Enter between 1 and 1,000."))
        return self


def referral_settings() -> ReferralSettings:
    """The programme's, or the defaults, which are off. One query."""
    return ReferralSettings.objects.first() or ReferralSettings()


def change_referral_settings(*, values: ReferralValues, actor: Actor) -> ReferralSettings:
    """Raises InvalidInput, and PermissionRefused for people limited to one business."""
    actor.check_sees_all()
    values = values.checked()
    with transaction.atomic():
        ReferralSettings.objects.get_or_create(pk=1)
        settings = ReferralSettings.objects.select_for_update().get(pk=1)
        changed = changes_between(plain_of(_values_of(settings)), plain_of(values))
        if changed:
            for name, value in asdict(values).items():
                setattr(settings, name, value)
            settings.save()
            audit.record(actor, "loyalty.referrals.changed", subject="referrals", data={"changes": changed})
    return settings


def values_now() -> ReferralValues:
    """What is decided now."""
    return _values_of(referral_settings())


def _values_of(settings: ReferralSettings) -> ReferralValues:
    return ReferralValues(**{name: getattr(settings, name) for name in ReferralValues.__dataclass_fields__})
