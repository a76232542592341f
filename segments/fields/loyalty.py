"""What somebody has in the points programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

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
_CARD: Mapping[str, Property] = {
    "card": Property(
        _("Stamp card"), Kind.CHOICE, "rows.card", choices="stamp_cards",
        noun=_("card"), says=(_(" on the card %(is)s"), _(" on any card but %(is)s")),
    )
}  # fmt: skip
_POINTS = ngettext_lazy("point", "points")

FIELDS: Sequence[Field] = (
    Field(
        "member", _LOYALTY, _("Member"), Kind.YES_NO, Column("facts", "facts.is_member"), {"op": "is", "value": True},
        says={"": (_("are members"), _("are not members"))},
    ),
    Field(
        "member_since", _LOYALTY, _("Member since"), Kind.DAY, Time("facts", "facts.member_since"),
        {"op": "within", "window": {"type": "over", "count": 1, "unit": "year"}},
        says={"": (_("became members%(when)s"), _("did not become members%(when)s"))},
    ),
    Field(
        "points", _LOYALTY, _("Points"), Kind.NUMBER, Figure("facts", "facts.balance"),
        {"op": "at_least", "value": 500}, nouns=_POINTS,
        says={"": (_("have %(is)s"), ""), "some": (_("have points"), _("have no points"))},
    ),
    Field(
        "points_earned", _LOYALTY, _("Points ever earned"), Kind.NUMBER,
        Figure("facts", "facts.lifetime_points"), {"op": "at_least", "value": 1_000}, nouns=_POINTS,
        says={
            "": (_("ever earned %(is)s"), ""),
            "some": (_("ever earned points"), _("never earned points")),
        },
    ),
    Field(
        "tier", _LOYALTY, _("Tier"), Kind.CHOICE, Reference("account", "account.tier_id", codes="loyalty_tier"),
        {"op": "is_one_of", "value": ["k3v9w2p8"]}, choices="tiers", noun=_("a tier"),
        says={"is_one_of": (_("are in the tier %(is)s"), _("are not in the tier %(is)s"))},
    ),
    Field(
        "tier_since", _LOYALTY, _("In this tier since"), Kind.DAY, Time("facts", _TIER_SINCE),
        {"op": "within", "window": {"type": "last", "count": 30}},
        says={
            "within": (_("came into their tier%(when)s"), _("did not come into their tier%(when)s")),
            "exists": (_("ever had a tier"), _("never had a tier")),
        },
    ),
    Field(
        "points_to_reward", _LOYALTY, _("Points missing for the next reward"), Kind.NUMBER,
        Column("facts", _MISSING_POINTS), {"op": "at_most", "value": 50}, nouns=_POINTS,
        says={
            "": (_("are %(is)s away from their next reward"), _("are not %(is)s away from their next reward")),
            "exists": (_("have a next reward ahead"), _("have no next reward ahead")),
        },
    ),
    Field(
        "stamps", _LOYALTY, _("Stamps ever"), Kind.NUMBER,
        Measure(_STAMPS, "sum(rows.stamps)", _CARD, takes_window=False), {"op": "at_least", "value": 5},
        nouns=ngettext_lazy("stamp", "stamps"),
        says={
            "": (_("ever got %(is)s%(where)s"), ""),
            "some": (_("ever got a stamp%(where)s"), _("never got a stamp%(where)s")),
        },
    ),
    Field(
        "full_cards", _LOYALTY, _("Full stamp cards"), Kind.NUMBER,
        Measure(_STAMPS, "sum(rows.completed)", _CARD, takes_window=False), {"op": "at_least", "value": 1},
        nouns=ngettext_lazy("card", "cards"),
        says={
            "": (_("ever filled %(is)s with stamps%(where)s"), ""),
            "some": (_("ever filled a stamp card%(where)s"), _("never filled a stamp card%(where)s")),
        },
    ),
)  # fmt: skip
