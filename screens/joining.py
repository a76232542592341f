"""What a business agrees to when it joins a programme: shown before it asks, and kept with its request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django_tenants.utils import tenant_context

from core.codes import keyed_digest
from core.presentation import format_money
from loyalty.balances import settings_now
from loyalty.models import EarningRate
from programs.models import JoinSettings, Programme
from screens.reports_businesses import rate_text

TERMS_EDITION = 1  # of the words on the page; a new edition has to be agreed to again


@dataclass(frozen=True, slots=True)
class Terms:
    """`point_value` is the money of one point; `own` are the programme's own words."""

    currency: str
    point_value: Decimal
    own: str

    @property
    def hundred_points(self) -> str:
        return format_money(self.point_value * 100, self.currency)

    @property
    def stored(self) -> Mapping[str, object]:
        return {
            "edition": TERMS_EDITION,
            "currency": self.currency,
            "point_value": str(self.point_value),
            "own": self.own,
        }

    @property
    def mark(self) -> str:
        """Changes with the terms: what was agreed to is what was read."""
        parts = (str(TERMS_EDITION), self.currency, f"{self.point_value:f}", self.own)
        return keyed_digest("screens.join_terms", *parts)[:12].hex()


def terms_of(programme: Programme, settings: JoinSettings | None) -> Terms:
    """The programme's terms for businesses. Called from the public schema; one query."""
    with tenant_context(programme):
        value = settings_now().point_value
    return Terms(programme.currency, value, settings.terms if settings else "")


def rate_words(rate: Decimal, currency: str) -> str:
    """2 points for each £1."""
    return rate_text(EarningRate(points_per_unit=rate), currency)
