"""What somebody has in the points programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from segments.fields.base import Field, Property
from segments.fields.columns import Column, Figure, Reference, Time
from segments.fields.measures import Measure
from segments.fields.sets import Among
from segments.operators import Kind

_LOYALTY = _("Points programme")
# Of rewards that anybody may take now; the nearest one that is out of reach still.
_MISSING_POINTS = """
    (SELECT min(reward.points) FROM loyalty_reward AS reward
     WHERE reward.is_active AND reward.tier_id IS NULL AND reward.points > facts.balance
         AND reward.stock IS DISTINCT FROM 0) - facts.balance
"""
_STAMPS = """
    SELECT book.account_id AS customer_id, book.changed_at AS at, book.total AS stamps, book.stamps AS on_card,
           book.completed, card.code AS card
    FROM loyalty_stampbook AS book JOIN loyalty_stampcard AS card ON card.id = book.card_id
"""
# What undoes is rare: looked up one by one, where joins would read every transaction three times.
_UNDOES = """
    SELECT undo.account_id AS customer_id, undo.at, undo.points, undo.business_id
    FROM loyalty_transaction AS undo
    WHERE undo.status = 'done' AND undo.reverses_id IS NOT NULL AND (
        SELECT coalesce(third.kind, second.kind, first.kind) FROM loyalty_transaction AS first
        LEFT JOIN loyalty_transaction AS second ON second.id = first.reverses_id
        LEFT JOIN loyalty_transaction AS third ON third.id = second.reverses_id
        WHERE first.id = undo.reverses_id
    ) = '{kind}'
"""
# With what undoes it, and what undoes that, each on its own day.
_MOVED = """
    SELECT moved.account_id AS customer_id, moved.at, moved.points, moved.business_id
    FROM loyalty_transaction AS moved WHERE moved.status = 'done' AND moved.kind = '{kind}'
    UNION ALL {undoes}
"""
# As `loyalty.balances` reads lots: without a day of their own they go when inactivity lets the account lapse.
_EXPIRING = """
    SELECT lot.account_id AS customer_id, lot.expires_at AS at, lot.remaining AS points
    FROM loyalty_lot AS lot WHERE lot.remaining > 0 AND lot.expires_at IS NOT NULL AND NOT lot.is_pending
    UNION ALL
    SELECT lot.account_id, account.lapses_at, lot.remaining
    FROM loyalty_lot AS lot JOIN loyalty_account AS account ON account.customer_id = lot.account_id
    WHERE lot.remaining > 0 AND lot.expires_at IS NULL AND NOT lot.is_pending AND lot.available_at < account.lapses_at
        AND EXISTS (SELECT FROM loyalty_loyaltysettings AS own WHERE own.expiry_policy = 'inactivity')
"""
_REWARDS = """
    SELECT taken.account_id AS customer_id, taken.at, taken.reward_id, taken.business_id
    FROM loyalty_transaction AS taken
    WHERE taken.kind = 'redeem' AND taken.status = 'done' AND taken.reward_id IS NOT NULL AND taken.reversed_at IS NULL
"""
_FRIENDS = """
    SELECT brought.referrer_id AS customer_id, brought.ended_at AS at FROM loyalty_referral AS brought
    WHERE brought.state = 'completed'
"""
_BROUGHT = """
    SELECT own.customer_id FROM (
        SELECT DISTINCT brought.friend_id AS customer_id FROM loyalty_referral AS brought
        WHERE brought.state = 'completed' AND brought.friend_id IS NOT NULL
    ) AS own WHERE TRUE{chosen}
"""
_AT: Mapping[str, Property] = {
    "business": Property(
        _("Business"), Kind.CHOICE, "own.code", "businesses", table="workspace_business", key="rows.business_id",
        noun=_("business"), says=(_(" at %(is)s"), _(" anywhere but at %(is)s")),
    )
}  # fmt: skip
_OF_REWARDS: Mapping[str, Property] = {
    "reward": Property(
        _("Reward"), Kind.CHOICE, "own.code", "rewards", table="loyalty_reward", key="rows.reward_id",
        noun=_("reward"), says=(_(" called %(is)s"), _(" not called %(is)s")),
    ),
    **_AT,
}  # fmt: skip


def _moved(kind: str) -> str:
    return _MOVED.format(kind=kind, undoes=_UNDOES.format(kind=kind))


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
        "points_earned", _LOYALTY, _("Points earned"), Kind.NUMBER,
        Measure(_moved("earn"), "sum(rows.points)", _AT, lifetime=Figure("facts", "facts.lifetime_points")),
        {"op": "at_least", "value": 1_000}, nouns=_POINTS,
        says={
            "": (_("earned %(is)s%(where)s%(when)s"), ""),
            "some": (_("earned points%(where)s%(when)s"), _("earned no points%(where)s%(when)s")),
        },
    ),
    Field(
        "points_spent", _LOYALTY, _("Points spent"), Kind.NUMBER,
        Measure(_moved("redeem"), "-sum(rows.points)", _AT),
        {"op": "at_least", "value": 100, "window": {"type": "last", "count": 90}}, nouns=_POINTS,
        says={
            "": (_("spent %(is)s%(where)s%(when)s"), ""),
            "some": (_("spent points%(where)s%(when)s"), _("spent no points%(where)s%(when)s")),
        },
    ),
    Field(
        "points_expiring", _LOYALTY, _("Points that run out"), Kind.NUMBER, Measure(_EXPIRING, "sum(rows.points)"),
        {"op": "at_least", "value": 50, "window": {"type": "next", "count": 30}}, nouns=_POINTS,
        says={
            "": (_("have %(is)s that run out%(when)s"), ""),
            "some": (_("have points that run out%(when)s"), _("have no points that run out%(when)s")),
        },
    ),
    Field(
        "rewards", _LOYALTY, _("Rewards taken"), Kind.NUMBER, Measure(_REWARDS, "count(*)", _OF_REWARDS, is_count=True),
        {"op": "at_least", "value": 1, "window": {"type": "last", "count": 90}},
        nouns=ngettext_lazy("reward", "rewards"),
        says={
            "": (_("took %(is)s%(where)s%(when)s"), ""),
            "some": (_("took a reward%(where)s%(when)s"), _("took no reward%(where)s%(when)s")),
            "first_time": (
                _("took their first reward%(where)s%(when)s"), _("did not take their first reward%(where)s%(when)s")
            ),
        },
    ),
    Field(
        "friends", _LOYALTY, _("Friends brought"), Kind.NUMBER, Measure(_FRIENDS, "count(*)", is_count=True),
        {"op": "at_least", "value": 1}, nouns=ngettext_lazy("friend", "friends"),
        says={
            "": (_("brought %(is)s%(when)s"), ""),
            "some": (_("brought a friend%(when)s"), _("brought no friend%(when)s")),
            "first_time": (
                _("brought their first friend%(when)s"), _("did not bring their first friend%(when)s")
            ),
        },
    ),
    Field(
        "was_brought", _LOYALTY, _("Was brought by a friend"), Kind.YES_NO, Among(_BROUGHT),
        {"op": "is", "value": True},
        says={"": (_("were brought by a friend"), _("were not brought by a friend"))},
    ),
    Field(
        "tier", _LOYALTY, _("Tier"), Kind.CHOICE, Reference("account", "account.tier_id", codes="loyalty_tier"),
        {"op": "is_one_of", "value": ["k3v9w2p8"]}, choices="tiers", noun=_("a tier"),
        says={"is_one_of": (_("are in the tier %(is)s"), _("are not in the tier %(is)s"))},
    ),
    Field(
        "tier_since", _LOYALTY, _("In this tier since"), Kind.DAY, Time("account", "account.tier_since"),
        {"op": "within", "window": {"type": "last", "count": 30}},
        says={
            "within": (_("came into their tier%(when)s"), _("did not come into their tier%(when)s")),
            "exists": (_("have a tier"), _("have no tier")),
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
        "card_stamps", _LOYALTY, _("Stamps on the card"), Kind.NUMBER,
        Measure(_STAMPS, "max(rows.on_card)", _CARD, takes_window=False), {"op": "at_least", "value": 3},
        nouns=ngettext_lazy("stamp", "stamps"),
        says={
            "": (_("have %(is)s on the card%(where)s"), ""),
            "some": (_("have a stamp on the card%(where)s"), _("have no stamp on the card%(where)s")),
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
