"""The names of the eleven RFM groups. `CustomerFacts.rfm_group` holds their codes, written by intelligence.

The names and the idea of recency against the mean of frequency and spend follow Shopify's help page "RFM customer
analysis"; the borders are ours (docs/algorithms/rfm.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class RfmGroup:
    """`tone` is the colour of its swatch; `meaning` says who is in it, `advice` what usually helps."""

    code: str
    name: str | Promise
    meaning: str | Promise
    advice: str | Promise
    tone: str


CHAMPIONS = RfmGroup(
    "champions",
    _("Champions"),
    _("Came very recently, come often and spend the most."),
    _("Thank them, ask for a recommendation. They need no discount."),
    "1",
)
LOYAL = RfmGroup(
    "loyal",
    _("Loyal"),
    _("Come often and spend well, the last time not long ago."),
    _("Rewards worth saving for keep them."),
    "3",
)
ACTIVE = RfmGroup(
    "active",
    _("Active"),
    _("Came recently and have bought a few times."),
    _("Show them what else you sell."),
    "2",
)
NEW = RfmGroup(
    "new",
    _("New"),
    _("Came very recently and have bought little so far."),
    _("A reason to come a second time, soon."),
    "5",
)
PROMISING = RfmGroup(
    "promising",
    _("Promising"),
    _("Came recently and have bought little so far."),
    _("A small first reward makes a habit."),
    "5",
)
NEEDS_ATTENTION = RfmGroup(
    "needs_attention",
    _("Needs attention"),
    _("Bought a few times, but not lately."),
    _("Remind them while they still remember you."),
    "6",
)
ALMOST_LOST = RfmGroup(
    "almost_lost",
    _("Almost lost"),
    _("Bought little, and some time ago."),
    _("One good offer, then leave them in peace."),
    "muted",
)
AT_RISK = RfmGroup(
    "at_risk",
    _("At risk"),
    _("Used to come regularly, but have stayed away for long."),
    _("Ask what went wrong; a personal offer pays off here."),
    "4",
)
PREVIOUSLY_LOYAL = RfmGroup(
    "previously_loyal",
    _("Previously loyal"),
    _("Were among your best customers and stopped coming."),
    _("Worth a call or your best offer."),
    "7",
)
DORMANT = RfmGroup(
    "dormant",
    _("Dormant"),
    _("Bought little, very long ago."),
    _("Spend no money on them; news now and then is enough."),
    "muted",
)
PROSPECTS = RfmGroup(
    "prospects",
    _("Prospects"),
    _("Known to you, but have not bought yet."),
    _("A welcome that makes the first visit easy."),
    "muted",
)

# Best first: the order of every list of groups.
RFM_GROUPS: dict[str, RfmGroup] = {
    group.code: group
    for group in (
        CHAMPIONS, LOYAL, ACTIVE, NEW, PROMISING, NEEDS_ATTENTION, ALMOST_LOST, AT_RISK, PREVIOUSLY_LOYAL, DORMANT,
        PROSPECTS,
    )
}  # fmt: skip
