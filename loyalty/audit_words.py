"""The audit log's words for what happens to points, rates and rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.audit_words import customers_like, named_customer
from loyalty.models import Affiliate, EarningRule, LoyaltySettings, Reward, StampCard, Tier, Transaction
from loyalty.recommenders import RECOMMENDERS
from workspace.audit_registry import FIELDS, VALUES, Group, Named, Reader, register_act, register_subject

MOST_FOUND = 500  # newest transactions of the people of one search
ACTS = {
    Group.POINTS: {
        "points.earned": (_("Points added"), _("{who} added points for {what}")),
        "points.redeemed": (_("Points redeemed"), _("{who} redeemed points of {what}")),
        "points.adjusted": (_("Points adjusted by hand"), _("{who} adjusted the points of {what}")),
        "points.reversed": (_("Points undone"), _("{who} undid points of {what}")),
        "points.held": (_("Points set aside"), _("{who} set points of {what} aside")),
        "points.released": (_("Points given back"), _("{who} gave {what} points back that were set aside")),
        "points.bonus": (_("Bonus given"), _("{who} gave {what} a bonus")),
        "referral.tracked": (_("Referral noted"), _("{who} noted that {what} brings somebody")),
        "referral.completed": (_("Referral completed"), _("{who} completed a referral of {what}")),
        "referral.held_up": (
            _("Referral to be looked at"),
            _("{who} kept a referral of {what} for a person to look at"),
        ),
        "referral.reopened": (
            _("Referral waits again"),
            _("{who} let a referral of {what} wait for another purchase"),
        ),
        "referral.ended": (_("Referral ended"), _("{who} ended a referral of {what}")),
        "points.referral": (_("Points for a referral"), _("{who} gave {what} points for a referral")),
        "affiliate.customer_agreed": (
            _("Customer of an affiliate agreed"),
            _("{who} agreed to a customer of the affiliate {what}"),
        ),
        "affiliate.customer_refused": (
            _("Customer of an affiliate refused"),
            _("{who} refused a customer of the affiliate {what}"),
        ),
        "affiliate.payout_made": (_("Payout made"), _("{who} made a payout to the affiliate {what}")),
        "affiliate.payout_paid": (_("Payout paid"), _("{who} noted a payout to the affiliate {what} as paid")),
        "affiliate.payout_cancelled": (
            _("Payout cancelled"),
            _("{who} cancelled a payout to the affiliate {what}"),
        ),
        "points.transferred": (_("Points transferred"), _("{who} transferred points of {what}")),
        "adjustment.asked": (_("Adjustment asked for"), _("{who} asked to adjust the points of {what}")),
        "adjustment.approved": (_("Adjustment approved"), _("{who} approved an adjustment of the points of {what}")),
        "adjustment.declined": (_("Adjustment declined"), _("{who} declined an adjustment of the points of {what}")),
        "points.expired": (_("Points expired"), _("{who} let points of {what} expire")),
        "stamps.given": (_("Stamps given by hand"), _("{who} gave {what} stamps by hand")),
        "stamps.taken": (_("Stamps taken by hand"), _("{who} took stamps of {what} back")),
        "stamps.undone": (_("Stamps undone"), _("{who} undid stamps of {what}")),
        "stamps.reward_used": (_("Full stamp card used"), _("{who} gave {what} what a full stamp card is for")),
        "stamps.reward_released": (_("Use of a stamp card undone"), _("{who} undid the use of a stamp card of {what}")),
        "points.matured": (_("Points became available"), _("{who} made points of {what} available")),
        "leaving.asked": (_("Leaving asked for"), _("{who} asked that {what} may leave the programme")),
        "leaving.decided": (_("Leaving decided"), _("{who} decided that {what} leaves the programme")),
        "leaving.called_off": (_("Leaving called off"), _("{who} called the leaving of {what} off")),
        "leaving.done": (_("Business left"), _("{who} let {what} leave the programme")),
        "settlement.closed": (_("Month of settlement closed"), _("{who} closed {what}")),
    },
    Group.RULES: {
        "rule.created": (_("Earning rule made"), _("{who} made the earning rule {what}")),
        "rule.changed": (_("Earning rule changed"), _("{who} changed the earning rule {what}")),
        "rule.switched_on": (_("Earning rule switched on"), _("{who} switched the earning rule {what} on")),
        "rule.switched_off": (_("Earning rule switched off"), _("{who} switched the earning rule {what} off")),
        "rule.moved": (_("Earning rule moved"), _("{who} moved the earning rule {what} in the order")),
        "rule.deleted": (_("Earning rule deleted"), _("{who} deleted the earning rule {what}")),
        "reward.created": (_("Reward made"), _("{who} made the reward {what}")),
        "reward.changed": (_("Reward changed"), _("{who} changed the reward {what}")),
        "reward.archived": (_("Reward taken away"), _("{who} took the reward {what} away")),
        "reward.restored": (_("Reward brought back"), _("{who} brought the reward {what} back")),
        "reward.moved": (_("Reward moved"), _("{who} moved the reward {what} in the order")),
        "reward.stocked": (_("Stock of a reward changed"), _("{who} changed the stock of the reward {what}")),
        "tier.created": (_("Tier made"), _("{who} made the tier {what}")),
        "tier.changed": (_("Tier changed"), _("{who} changed the tier {what}")),
        "tier.ended": (_("Tier ended"), _("{who} ended the tier {what}")),
        "tier.restored": (_("Tier used again"), _("{who} brought the tier {what} back")),
        "tier.deleted": (_("Tier deleted"), _("{who} deleted the tier {what}")),
        "tier.set": (_("Tier set by hand"), _("{who} set the tier of {what}")),
        "tiers.changed": (_("Rules of tiers changed"), _("{who} changed how members reach and keep tiers")),
        "stamp_card.created": (_("Stamp card made"), _("{who} made the stamp card {what}")),
        "stamp_card.changed": (_("Stamp card changed"), _("{who} changed the stamp card {what}")),
        "stamp_card.archived": (_("Stamp card archived"), _("{who} archived the stamp card {what}")),
        "stamp_card.restored": (_("Stamp card brought back"), _("{who} brought the stamp card {what} back")),
        "stamp_card.moved": (_("Stamp card moved"), _("{who} moved the stamp card {what} in the order")),
        "stamp_card.deleted": (_("Stamp card deleted"), _("{who} deleted the stamp card {what}")),
        "rate.changed": (_("Earning rate changed"), _("{who} changed the earning rate of {what}")),
        "affiliate.created": (_("Affiliate added"), _("{who} added the affiliate {what}")),
        "affiliate.changed": (_("Affiliate changed"), _("{who} changed the affiliate {what}")),
        "affiliate.link_renewed": (
            _("Link of an affiliate’s report ended"),
            _("{who} ended the link of the report of the affiliate {what} and made another one"),
        ),
        "affiliates.changed": (
            _("Settings of affiliates changed"),
            _("{who} changed what holds for all affiliates"),
        ),
        "recommender.changed": (_("Recommendations changed"), _("{who} changed the recommendation {what}")),
        "cross_promotion.set": (_("Cross-promotion set"), _("{who} decided when {what} is suggested")),
        "cross_promotion.deleted": (
            _("Cross-promotion deleted"),
            _("{who} left it to the figures when {what} is suggested"),
        ),
        "referrals.changed": (_("Referral rewards changed"), _("{who} changed what referrals give")),
        "settings.changed": (_("Loyalty settings changed"), _("{who} changed the settings of the programme’s points")),
    },
}
for group, acts in ACTS.items():
    for name, (title, sentence) in acts.items():
        register_act(f"loyalty.{name}", group=group, title=title, sentence=sentence)

FIELDS |= {
    "points": _("Points"),
    "held": _("Points set aside"),
    "hold": _("Hold"),
    "reverses": _("Undoes"),
    "stamps": _("Stamps"),
    "gives": _("A full card gives"),
    "to": _("To"),
    "points_per_unit": _("Points for each unit of money"),
    "rounding": _("Rounding"),
    "point_value": _("Value of a point"),
    "expiry_months": _("Months until points expire"),
    "threshold": _("Asks for"),
    "factor": _("Times the points"),
    "benefits": _("What members get"),
    "tier_basis": _("Members collect"),
    "tier_window_months": _("Within months"),
    "tier_keep_months": _("A tier is kept for months"),
    "tier_grace_days": _("Days of grace"),
    "tier_drops_to": _("Then they fall to"),
    "debts": _("Debts between businesses"),
    "tier": _("Tier"),
    "hold_back": _("Left out by chance"),
    "outcome_days": _("Days to come back"),
    "verdict": _("Verdict"),
}
FIELDS |= {one.name: one.label for rule in RECOMMENDERS.values() for one in rule.parameters}
VALUES |= {
    "tier_basis": dict(LoyaltySettings.TierBasis.choices),
    "tier_drops_to": dict(LoyaltySettings.TierDrop.choices),
}


def _transactions(codes: Collection[str], reader: Reader) -> Mapping[str, Named]:
    found = Transaction.objects.filter(code__in=codes).select_related("account__customer")
    return {one.code: named_customer(one.account.customer, reader) for one in found}


def _search_transactions(text: str, reader: Reader) -> Collection[str]:
    """The newest postings of the people who fit."""
    people = customers_like(text, reader)
    found = Transaction.objects.filter(account__customer__in=people).order_by("-pk")
    return [f"transaction:{code}" for code in found.values_list("code", flat=True)[:MOST_FOUND]] if people else []


def _rules(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(name) for code, name in EarningRule.objects.filter(code__in=codes).values_list("code", "name")}


def _rewards(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(name) for code, name in Reward.objects.filter(code__in=codes).values_list("code", "name")}


def _stamp_cards(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(name) for code, name in StampCard.objects.filter(code__in=codes).values_list("code", "name")}


def _tiers(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(name) for code, name in Tier.objects.filter(code__in=codes).values_list("code", "name")}


def _search_named(text: str, _reader: Reader) -> Collection[str]:
    """Rules, rewards, stamp cards and tiers by their name."""
    rules = EarningRule.objects.filter(name__icontains=text).values_list("code", flat=True)[:100]
    rewards = Reward.objects.filter(name__icontains=text).values_list("code", flat=True)[:100]
    tiers = Tier.objects.filter(name__icontains=text).values_list("code", flat=True)
    cards = StampCard.objects.filter(name__icontains=text).values_list("code", flat=True)[:100]
    return [
        *(f"rule:{code}" for code in rules),
        *(f"stamp_card:{code}" for code in cards),
        *(f"reward:{code}" for code in rewards),
        *(f"tier:{code}" for code in tiers),
    ]


def _months(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(code, reverse("settlement:month", args=[code])) for code in codes}


def _affiliates(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = Affiliate.objects.filter(code__in=codes).values_list("code", "name")
    return {code: Named(name, reverse("affiliates:detail", args=[code])) for code, name in found}


def _search_affiliates(text: str, _reader: Reader) -> Collection[str]:
    found = Affiliate.objects.filter(name__icontains=text).values_list("code", flat=True)[:100]
    return [f"affiliate:{code}" for code in found]


def _recommenders(names: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    known = [name for name in names if name in RECOMMENDERS]
    return {name: Named(str(RECOMMENDERS[name].title), reverse("recommendations:rule", args=[name])) for name in known}


register_subject("affiliate", title=_("affiliate"), find=_affiliates, search=_search_affiliates)
register_subject("recommender", title=_("recommendation"), find=_recommenders)
register_subject("reward", title=_("reward"), find=_rewards, search=_search_named)
register_subject("rule", title=_("earning rule"), find=_rules)
register_subject("stamp_card", title=_("stamp card"), find=_stamp_cards)
register_subject("settlement", title=_("month of settlement"), find=_months)
register_subject("tier", title=_("tier"), find=_tiers)
register_subject("transaction", title=_("transaction"), find=_transactions, search=_search_transactions)
