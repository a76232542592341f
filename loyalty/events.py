"""The ledger's events. The SQL functions append them; a test compares what they write with these declarations."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from customers.events import register

_POSTED = {"transaction": "string", "points": "integer", "balance": "integer"}
_SET_ASIDE = {"transaction": "string", "held": "integer", "balance": "integer"}
_REASON = {"reason?": "string"}

register("loyalty.points.earned", title=_("Earned points"), icon="circle-plus", **_POSTED)
register("loyalty.points.redeemed", title=_("Spent points"), icon="gift", **_POSTED, **_REASON)
POINTS_REVERSED = register(
    "loyalty.points.reversed", title=_("Points undone"), icon="undo-2", **_POSTED, reverses="string"
)
register("loyalty.points.adjusted", title=_("Points adjusted by hand"), icon="pencil", **_POSTED, **_REASON)
register("loyalty.points.bonus", title=_("Bonus points"), icon="sparkles", **_POSTED, **{"action?": "string"})
register("loyalty.points.referral", title=_("Points for a referral"), icon="users", **_POSTED, action="string")
# `cause` is "merge" where no other person is part of it.
register("loyalty.points.transferred", title=_("Points passed on"), icon="repeat", **_POSTED, **{"cause?": "string"})
register("loyalty.points.matured", title=_("Points became available"), icon="circle-check", **_POSTED)
register("loyalty.points.expired", title=_("Points expired"), icon="clock", transaction="string", points="integer")
register("loyalty.points.held", title=_("Points set aside"), icon="lock", **_SET_ASIDE, **_REASON)
register("loyalty.points.released", title=_("Points given back"), icon="undo-2", **_SET_ASIDE, hold="string")
register("loyalty.tier.changed", title=_("Another tier"), icon="award", tier="string", before="string", cause="string")

_REWARD = {"reward": "string", "reward_name": "string"}
REWARD_RAN_OUT = register("loyalty.reward.ran_out", title=_("A reward ran out"), icon="gift", **_REWARD)
REWARD_CAME_BACK = register("loyalty.reward.came_back", title=_("A reward is there again"), icon="gift", **_REWARD)

_STAMPS = {"card": "string", "stamps": "integer"}
_FULL_CARD = {"card": "string", "reward": "string"}
register("loyalty.stamps.given", title=_("Stamps given"), icon="stamp", **_STAMPS)
register("loyalty.stamps.taken", title=_("Stamps taken back"), icon="undo-2", **_STAMPS)
register("loyalty.stamps.completed", title=_("Stamp card full"), icon="gift", **_FULL_CARD)
register("loyalty.stamps.reward_used", title=_("Full stamp card used"), icon="gift", **_FULL_CARD)
register("loyalty.stamps.reward_released", title=_("Use of a stamp card undone"), icon="undo-2", **_FULL_CARD)
register("loyalty.stamps.reward_taken", title=_("Full stamp card taken back"), icon="undo-2", **_FULL_CARD)

_REFERRAL = {"referral": "string"}
REFERRAL_TRACKED = register("loyalty.referral.tracked", title=_("Brought somebody"), icon="users", **_REFERRAL)
REFERRAL_COMPLETED = register(
    "loyalty.referral.completed", title=_("Somebody they brought has bought"), icon="users", **_REFERRAL
)
REFERRAL_ENDED = register(
    "loyalty.referral.ended", title=_("A referral ended"), icon="users", **_REFERRAL, reason="string"
)

_AFFILIATE = {"affiliate": "string"}
_COMMISSION = {**_AFFILIATE, "order": "string", "total": "string"}
_PAYOUT = {**_AFFILIATE, "payout": "string", "total": "string"}
AFFILIATE_CUSTOMER = register(
    "loyalty.affiliate.customer_came", title=_("Came through an affiliate"), icon="users", **_AFFILIATE
)
COMMISSION_EARNED = register(
    "loyalty.affiliate.commission_earned", title=_("Commission of an affiliate"), icon="calculator", **_COMMISSION
)
COMMISSION_TAKEN = register(
    "loyalty.affiliate.commission_taken", title=_("Commission taken back"), icon="undo-2", **_COMMISSION
)
PAYOUT_MADE = register("loyalty.affiliate.payout_made", title=_("Payout made"), icon="receipt-text", **_PAYOUT)
PAYOUT_PAID = register("loyalty.affiliate.payout_paid", title=_("Payout paid"), icon="circle-check", **_PAYOUT)
