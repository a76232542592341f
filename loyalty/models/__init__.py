"""What the loyalty programme keeps. Only the SQL functions of `migrations/sql` write the ledger's tables."""

from loyalty.models.affiliates import (
    Affiliate,
    AffiliateCustomer,
    AffiliateDay,
    AffiliateLine,
    AffiliatePayout,
    AffiliateSale,
    AffiliateSettings,
)
from loyalty.models.approvals import AdjustmentRequest
from loyalty.models.leaving import FinalLine, FinalStatement, Leaving, LeavingWay
from loyalty.models.ledger import Account, Entry, Hold, HoldAllocation, Lot, Transaction
from loyalty.models.recommendations import CoVisit, CrossPromotion, Recommendation, RecommenderSettings
from loyalty.models.referrals import Referral, ReferralCode, ReferralSettings
from loyalty.models.rewards import Reward
from loyalty.models.rules import EarningRate, EarningRule
from loyalty.models.settings import LoyaltySettings
from loyalty.models.settlement import PointAge, PointCount, PointDay, SettlementLine, SettlementMonth
from loyalty.models.stamps import StampAct, StampBook, StampCard, StampEntry, StampReward, StampSale
from loyalty.models.tiers import Tier, TierChange

__all__ = [
    "Account",
    "AdjustmentRequest",
    "Affiliate",
    "AffiliateCustomer",
    "AffiliateDay",
    "AffiliateLine",
    "AffiliatePayout",
    "AffiliateSale",
    "AffiliateSettings",
    "CoVisit",
    "CrossPromotion",
    "EarningRate",
    "EarningRule",
    "Entry",
    "FinalLine",
    "FinalStatement",
    "Hold",
    "HoldAllocation",
    "Leaving",
    "LeavingWay",
    "Lot",
    "LoyaltySettings",
    "PointAge",
    "PointCount",
    "PointDay",
    "Recommendation",
    "RecommenderSettings",
    "Referral",
    "ReferralCode",
    "ReferralSettings",
    "Reward",
    "SettlementLine",
    "SettlementMonth",
    "StampAct",
    "StampBook",
    "StampCard",
    "StampEntry",
    "StampReward",
    "StampSale",
    "Tier",
    "TierChange",
    "Transaction",
]
