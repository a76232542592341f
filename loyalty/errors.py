"""What the ledger refuses. Each refusal has a stable code; those of keyed calls are stored and replay."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput, NotFound
from core.idempotency import IdempotencyKeyReused


class IdempotencyKeyRequired(DomainError):
    code = "idempotency_key_required"
    status = 400
    message = _("Send an Idempotency-Key, or the order's reference, so that a repeated call counts once.")


class NotEnoughPoints(DomainError):
    """`data`: balance, requested."""

    code = "loyalty.not_enough_points"
    message = _("There are not enough points for this.")


class AlreadyReversed(DomainError):
    code = "loyalty.already_reversed"
    message = _("This was undone before. Nothing was changed.")


class NotReversible(DomainError):
    code = "loyalty.not_reversible"
    message = _("This cannot be undone.")


class UndoWindowPassed(DomainError):
    code = "loyalty.undo_window_passed"
    message = _("A till can undo for one minute. Ask an owner or a manager.")


class OrderAlreadyEarned(DomainError):
    """`data`: reference, order."""

    code = "loyalty.order_already_earned"
    message = _("This order has given points before.")


class OrderCancelled(DomainError):
    code = "loyalty.order_cancelled"
    message = _("This order was cancelled or refunded.")


class OrderOfAnotherCustomer(DomainError):
    code = "loyalty.order_of_another_customer"
    message = _("This order belongs to another customer.")


class OrderTotalDiffers(DomainError):
    code = "loyalty.order_total_differs"
    message = _("This order is known with another total.")


class HoldOver(DomainError):
    """`data`: hold, state (captured, voided or expired)."""

    code = "loyalty.hold_over"
    message = _("These points are not set aside any more.")


class MoreThanHeld(DomainError):
    """`data`: hold, held, requested."""

    code = "loyalty.more_than_held"
    message = _("Fewer points than this were set aside.")


class RewardNotAvailable(DomainError):
    """`data`: reward, as of all refusals of rewards."""

    code = "loyalty.reward_not_available"
    message = _("This reward is not offered now.")


class RewardElsewhere(DomainError):
    code = "loyalty.reward_elsewhere"
    message = _("This reward belongs to another business.")


class RewardForTier(DomainError):
    code = "loyalty.reward_for_tier"
    message = _("This reward is for members of a higher tier.")


class RewardLimitReached(DomainError):
    code = "loyalty.reward_limit_reached"
    message = _("This member has had this reward as often as it is given.")


class RewardOutOfStock(DomainError):
    code = "loyalty.reward_out_of_stock"
    message = _("None of this reward is left.")


class RewardIsWhole(DomainError):
    code = "loyalty.reward_is_whole"
    message = _("A reward is redeemed whole.")


class NoSuchAction(DomainError):
    """`data`: action."""

    code = "loyalty.no_such_action"
    message = _("No rule gives points for this.")


class BonusLimitReached(DomainError):
    """`data`: action."""

    code = "loyalty.bonus_limit_reached"
    message = _("This member has had this bonus as often as it is given.")


class UnknownTier(NotFound):
    code = "loyalty.unknown_tier"
    message = _("There is no such tier.")


class UnknownRecommender(NotFound):
    code = "loyalty.unknown_recommender"
    message = _("There is no such rule.")


class UnknownCrossPromotion(NotFound):
    code = "loyalty.unknown_cross_promotion"
    message = _("There is no such cross-promotion.")


class UnknownReward(NotFound):
    code = "loyalty.unknown_reward"
    message = _("There is no such reward.")


class UnknownRecipient(NotFound):
    code = "loyalty.unknown_recipient"
    message = _("Points go to another member of this programme.")


class ApprovalRequired(DomainError):
    """`data`: limit, the most points that one person may give or take by hand."""

    code = "loyalty.approval_required"
    message = _("So many points by hand need a second person. Ask for it instead.")


class OwnRequest(DomainError):
    code = "loyalty.own_request"
    message = _("Somebody else decides what you asked for.")


class RequestDecided(DomainError):
    """`data`: state."""

    code = "loyalty.request_decided"
    message = _("This was decided before. Nothing was changed.")


class UnknownRequest(NotFound):
    code = "loyalty.unknown_request"
    message = _("There is no such request.")


class UnknownMember(NotFound):
    code = "loyalty.unknown_member"
    message = _("Nobody with this number has points here yet.")


class UnknownBusiness(NotFound):
    code = "unknown_business"
    message = _("There is no such business.")


class UnknownTransaction(NotFound):
    code = "loyalty.unknown_transaction"
    message = _("There is no such transaction.")


class UnknownHold(NotFound):
    code = "loyalty.unknown_hold"
    message = _("No points were set aside under this code.")


class UnknownRule(NotFound):
    code = "loyalty.unknown_rule"
    message = _("There is no such earning rule.")


class RuleInUse(DomainError):
    """`data`: rule."""

    code = "loyalty.rule_in_use"
    message = _("This rule has given points, so it stays in the history. Switch it off instead.")


class StampCardClosed(DomainError):
    """`data`: card."""

    code = "loyalty.stamp_card_closed"
    message = _("Nobody collects stamps on this card now.")


class StampCardElsewhere(DomainError):
    """`data`: card."""

    code = "loyalty.stamp_card_elsewhere"
    message = _("This stamp card belongs to another business.")


class StampCardInUse(DomainError):
    """`data`: card."""

    code = "loyalty.stamp_card_in_use"
    message = _("Members have stamps on this card, so it stays in the history. Archive it instead.")


class StampCardFixed(InvalidInput):
    """`field`: the one that stays as it is."""

    code = "loyalty.stamp_card_fixed"
    message = _("Members collect on this card, so what earns stamps stays. Copy it as a new card and end this one.")


class StampRewardOver(DomainError):
    """`data`: reward, state (used, void or expired)."""

    code = "loyalty.stamp_reward_over"
    message = _("This full card is not waiting any more.")


class StampRewardNotUsed(DomainError):
    """`data`: reward, state."""

    code = "loyalty.stamp_reward_not_used"
    message = _("This full card is not used: there is nothing to undo.")


class UnknownStampCard(NotFound):
    code = "loyalty.unknown_stamp_card"
    message = _("There is no such stamp card.")


class UnknownStampReward(NotFound):
    code = "loyalty.unknown_stamp_reward"
    message = _("There is no such full stamp card.")


class UnknownStampEntry(NotFound):
    code = "loyalty.unknown_stamp_entry"
    message = _("There are no such stamps.")


class ReferralsOff(DomainError):
    code = "loyalty.referrals_off"
    message = _("This programme rewards no referrals now.")


class UnknownReferrer(NotFound):
    code = "loyalty.unknown_referrer"
    message = _("No member has this code or number.")


class SelfReferral(DomainError):
    code = "loyalty.self_referral"
    message = _("Members bring somebody else.")


class FriendIsCustomer(DomainError):
    code = "loyalty.friend_is_customer"
    message = _("This person has bought here before.")


class ReferralKnown(DomainError):
    code = "loyalty.referral_known"
    message = _("Another member brought this person before.")


class UnknownReferral(NotFound):
    code = "loyalty.unknown_referral"
    message = _("There is no such referral.")


class ReferralOver(DomainError):
    """`data`: state."""

    code = "loyalty.referral_over"
    message = _("This referral has ended.")


class UnknownAffiliate(NotFound):
    code = "loyalty.unknown_affiliate"
    message = _("There is no such affiliate.")


class AffiliateInactive(DomainError):
    code = "loyalty.affiliate_inactive"
    message = _("This affiliate brings nobody now.")


class AffiliateIsCustomer(DomainError):
    code = "loyalty.affiliate_is_customer"
    message = _("Affiliates bring somebody else.")


class CustomerBelongs(DomainError):
    code = "loyalty.customer_belongs"
    message = _("Somebody else brought this person before.")


class CustomerRefused(DomainError):
    code = "loyalty.customer_refused"
    message = _("It was decided that this person does not count for this affiliate.")


class AffiliateCodeTaken(InvalidInput):
    code = "loyalty.affiliate_code_taken"
    message = _("Another affiliate or a member has this code.")


class UnknownPayout(NotFound):
    code = "loyalty.unknown_payout"
    message = _("There is no such payout.")


class NothingToPay(DomainError):
    code = "loyalty.nothing_to_pay"
    message = _("Nothing can be paid out yet.")


class PayoutOver(DomainError):
    """`data`: state."""

    code = "loyalty.payout_over"
    message = _("This payout was paid or cancelled before.")


class TooManyOperations(InvalidInput):
    code = "loyalty.too_many_operations"
    message = _("Send at most 1,000 at once.")


class UnknownMonth(NotFound):
    code = "loyalty.unknown_month"
    message = _("There is no such month to settle.")


class LeavingOver(DomainError):
    """`data`: state."""

    code = "loyalty.leaving_over"
    message = _("This was decided, called off or done before.")


class AlreadyLeaving(DomainError):
    code = "loyalty.already_leaving"
    message = _("This business is leaving already, or has left.")


class LastToLeave(DomainError):
    code = "loyalty.last_to_leave"
    message = _("The only business of a programme cannot leave it. Open or approve another one first.")


class FinalStatementFirst(DomainError):
    code = "loyalty.final_statement_first"
    message = _("A business is leaving, and its final statement is written first. Try again in a few minutes.")


class MonthNotOver(DomainError):
    code = "loyalty.month_not_over"
    message = _("This month is not over yet. It can be closed when it is.")


class EarlierMonthOpen(DomainError):
    """`data`: month, the one to close first (2026-06)."""

    code = "loyalty.earlier_month_open"
    message = _("Close the months before this one first.")


REFUSALS: dict[str, type[DomainError]] = {
    error.code.removeprefix("loyalty."): error
    for error in (
        NotEnoughPoints,
        AlreadyReversed,
        NotReversible,
        UndoWindowPassed,
        OrderAlreadyEarned,
        OrderCancelled,
        OrderOfAnotherCustomer,
        OrderTotalDiffers,
        HoldOver,
        MoreThanHeld,
        RewardNotAvailable,
        RewardElsewhere,
        RewardForTier,
        RewardLimitReached,
        RewardOutOfStock,
        RewardIsWhole,
        NoSuchAction,
        BonusLimitReached,
        StampCardClosed,
        StampCardElsewhere,
        StampRewardOver,
        StampRewardNotUsed,
    )
}
UNKNOWN: dict[str, type[DomainError]] = {
    "unknown_business": UnknownBusiness,
    "unknown_customer": UnknownMember,
    "unknown_transaction": UnknownTransaction,
    "unknown_hold": UnknownHold,
    "unknown_reward": UnknownReward,
    "unknown_recipient": UnknownRecipient,
    "key_reused": IdempotencyKeyReused,
}
