"""What somebody has in the points programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from segments.fields.base import Column, Field, Figure, Measure, Property, Reference, Time
from segments.operators import Kind

_LOYALTY = _("Points programme")
# Of rewards that anybody may take now; the nearest one that is out of reach still.
_MISSING_POINTS = """
    (SELECT min(reward.points) FROM loyalty_reward AS reward
     WHERE reward.is_active AND reward.tier_id IS NULL AND reward.points > facts.balance
         AND reward.stock IS DISTINCT FROM 0) - facts.balance
"""
_TIER_SINCE = "(SELECT max(change.at) FROM loyalty_tierchange AS change WHERE change.account_id = facts.customer_id)"
_STAMPS = """
    SELECT book.account_id AS customer_id, book.changed_at AS at, book.total AS stamps, book.completed,
           card.code AS card
    FROM loyalty_stampbook AS book JOIN loyalty_stampcard AS card ON card.id = book.card_id
"""
_CARD: Mapping[str, Property] = {"card": Property(_("Stamp card"), Kind.CHOICE, "rows.card", choices="stamp_cards")}

FIELDS: Sequence[Field] = (
    Field(
        "member", _LOYALTY, _("Member"), Kind.YES_NO, Column("facts", "facts.is_member"), {"op": "is", "value": True}
    ),
    Field(
        "member_since", _LOYALTY, _("Member since"), Kind.DAY, Time("facts", "facts.member_since"),
        {"op": "within", "window": {"type": "over", "count": 1, "unit": "year"}},
    ),
    Field(
        "points", _LOYALTY, _("Points"), Kind.NUMBER, Figure("facts", "facts.balance"),
        {"op": "at_least", "value": 500}, unit=_("points"),
    ),
    Field(
        "points_earned", _LOYALTY, _("Points ever earned"), Kind.NUMBER,
        Figure("facts", "facts.lifetime_points"), {"op": "at_least", "value": 1_000}, unit=_("points"),
    ),
    Field(
        "tier", _LOYALTY, _("Tier"), Kind.CHOICE, Reference("account", "account.tier_id", codes="loyalty_tier"),
        {"op": "is_one_of", "value": ["k3v9w2p8"]}, choices="tiers",
    ),
    Field(
        "tier_since", _LOYALTY, _("In this tier since"), Kind.DAY, Time("facts", _TIER_SINCE),
        {"op": "within", "window": {"type": "last", "count": 30}},
    ),
    Field(
        "points_to_reward", _LOYALTY, _("Points missing for the next reward"), Kind.NUMBER,
        Column("facts", _MISSING_POINTS), {"op": "at_most", "value": 50}, unit=_("points"),
    ),
    Field(
        "stamps", _LOYALTY, _("Stamps ever"), Kind.NUMBER,
        Measure(_STAMPS, "sum(rows.stamps)", _CARD, takes_window=False), {"op": "at_least", "value": 5},
        unit=_("stamps"),
    ),
    Field(
        "full_cards", _LOYALTY, _("Full stamp cards"), Kind.NUMBER,
        Measure(_STAMPS, "sum(rows.completed)", _CARD, takes_window=False), {"op": "at_least", "value": 1},
        unit=_("cards"),
    ),
)  # fmt: skip
