"""The ledger on a programme's admin site: to read, never to write. Only the ledger's SQL functions write it."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from loyalty.models import (
    Account,
    AdjustmentRequest,
    Affiliate,
    AffiliateCustomer,
    AffiliateDay,
    AffiliateLine,
    AffiliatePayout,
    AffiliateSale,
    AffiliateSettings,
    CoVisit,
    CrossPromotion,
    EarningRate,
    EarningRule,
    Entry,
    FinalLine,
    FinalStatement,
    Hold,
    Leaving,
    Lot,
    LoyaltySettings,
    PointAge,
    PointDay,
    Recommendation,
    RecommenderSettings,
    Referral,
    ReferralCode,
    ReferralSettings,
    Reward,
    SettlementLine,
    SettlementMonth,
    StampBook,
    StampCard,
    StampEntry,
    StampReward,
    Tier,
    TierChange,
    Transaction,
)
from programs.admin_sites import RecordAdmin, RecordInline, programme_site


@admin.register(Account, site=programme_site)
class AccountAdmin(RecordAdmin):
    list_display = ("customer", "available", "held", "debt", "lifetime", "joined_at")
    list_select_related = ("customer",)
    search_fields = ("customer__code",)
    search_help_text = "The public id of a customer."
    ordering = ("-pk",)


@admin.register(Transaction, site=programme_site)
class TransactionAdmin(RecordAdmin):
    list_display = ("at", "code", "kind", "status", "points", "account", "business", "reason", "actor_label")
    list_filter = ("kind", "status")
    list_select_related = ("account", "business")
    search_fields = ("code", "key", "account__customer__code")
    search_help_text = "A transaction's or a customer's public id, or an idempotency key."
    ordering = ("-id",)
    hidden: ClassVar = ("request_digest",)


@admin.register(Lot, site=programme_site)
class LotAdmin(RecordAdmin):
    list_select_related = ("account",)
    search_fields = ("account__customer__code",)
    ordering = ("-id",)


@admin.register(Entry, site=programme_site)
class EntryAdmin(RecordAdmin):
    list_select_related = True
    ordering = ("-id",)


@admin.register(Hold, site=programme_site)
class HoldAdmin(RecordAdmin):
    list_display = ("transaction", "account", "points", "state", "expires_at", "settled_by")
    list_filter = ("state",)
    list_select_related = ("transaction", "account", "settled_by")
    search_fields = ("transaction__code", "account__customer__code")
    search_help_text = "A claim's or a customer's public id."
    ordering = ("-pk",)


@admin.register(EarningRate, site=programme_site)
class EarningRateAdmin(RecordAdmin):
    list_display = ("business", "points_per_unit", "rounding", "updated_at")
    list_select_related = ("business",)
    ordering = ("pk",)


@admin.register(AdjustmentRequest, site=programme_site)
class AdjustmentRequestAdmin(RecordAdmin):
    list_display = ("asked_at", "code", "customer", "points", "state", "asked_by_label", "decided_by_label")
    list_filter = ("state",)
    list_select_related = ("customer",)
    search_fields = ("code", "customer__code")
    search_help_text = "A request's or a customer's public id."
    ordering = ("-pk",)


@admin.register(Referral, site=programme_site)
class ReferralAdmin(RecordAdmin):
    list_display = ("created_at", "code", "referrer", "friend", "channel", "state", "reason", "decided_by_label")
    list_filter = ("state", "channel")
    list_select_related = ("referrer__customer", "friend")
    search_fields = ("code", "referrer__customer__code", "friend__code")
    search_help_text = "A referral's or a customer's public id."
    ordering = ("-pk",)


@admin.register(ReferralCode, site=programme_site)
class ReferralCodeAdmin(RecordAdmin):
    list_display = ("code", "account", "created_at")
    list_select_related = ("account__customer",)
    search_fields = ("code", "account__customer__code")
    search_help_text = "A code, or a customer's public id."
    ordering = ("-pk",)


@admin.register(ReferralSettings, site=programme_site)
class ReferralSettingsAdmin(RecordAdmin):
    list_display = ("is_active", "referrer_points", "friend_points", "min_spend", "days", "updated_at")
    ordering = ("pk",)


@admin.register(AffiliateSettings, site=programme_site)
class AffiliateSettingsAdmin(RecordAdmin):
    list_display = ("website", "daily_review", "updated_at")
    ordering = ("pk",)


@admin.register(Affiliate, site=programme_site)
class AffiliateAdmin(RecordAdmin):
    list_display = ("name", "link_code", "state", "rule", "percent", "amount", "created_at")
    list_filter = ("state", "rule")
    search_fields = ("name", "code", "link_code")
    ordering = ("-pk",)


@admin.register(AffiliateDay, site=programme_site)
class AffiliateDayAdmin(RecordAdmin):
    list_display = ("day", "affiliate", "clicks")
    list_select_related = ("affiliate",)
    search_fields = ("affiliate__name", "affiliate__link_code")
    ordering = ("-pk",)


@admin.register(AffiliateCustomer, site=programme_site)
class AffiliateCustomerAdmin(RecordAdmin):
    list_display = ("created_at", "code", "affiliate", "customer", "channel", "state", "reason", "decided_by_label")
    list_filter = ("state", "channel")
    list_select_related = ("affiliate", "customer")
    search_fields = ("code", "affiliate__link_code", "customer__code")
    search_help_text = "The public id of a row or of a customer, or an affiliate's code."
    ordering = ("-pk",)


@admin.register(AffiliateSale, site=programme_site)
class AffiliateSaleAdmin(RecordAdmin):
    list_display = ("day", "affiliate", "order", "business", "commission", "payable_at")
    list_select_related = ("affiliate", "order", "business")
    search_fields = ("order__code", "affiliate__link_code")
    search_help_text = "An order's public id, or an affiliate's code."
    ordering = ("-pk",)


@admin.register(AffiliateLine, site=programme_site)
class AffiliateLineAdmin(RecordAdmin):
    list_display = ("at", "affiliate", "kind", "amount", "month", "payable_at", "payout")
    list_filter = ("kind",)
    list_select_related = ("affiliate", "payout")
    search_fields = ("affiliate__link_code", "payout__code")
    search_help_text = "An affiliate's code, or a payout's public id."
    ordering = ("-pk",)


@admin.register(AffiliatePayout, site=programme_site)
class AffiliatePayoutAdmin(RecordAdmin):
    list_display = ("number", "code", "affiliate", "state", "amount", "paid_on", "reference", "made_by_label")
    list_filter = ("state",)
    list_select_related = ("affiliate",)
    search_fields = ("code", "affiliate__link_code", "reference")
    search_help_text = "A payout's public id, an affiliate's code, or the reference of a payment."
    ordering = ("-pk",)


@admin.register(Recommendation, site=programme_site)
class RecommendationAdmin(RecordAdmin):
    list_display = ("made_at", "code", "rule", "customer", "is_held", "channel", "ends_at", "came_back_at")
    list_filter = ("rule", "is_held", "channel")
    list_select_related = ("customer",)
    search_fields = ("code", "customer__code")
    search_help_text = "A recommendation's or a customer's public id."
    ordering = ("-pk",)


@admin.register(CrossPromotion, site=programme_site)
class CrossPromotionAdmin(RecordAdmin):
    list_display = ("created_at", "code", "business", "other", "verdict", "text")
    list_filter = ("verdict",)
    list_select_related = ("business", "other")
    ordering = ("-pk",)


@admin.register(CoVisit, site=programme_site)
class CoVisitAdmin(RecordAdmin):
    list_display = ("business", "other", "both", "here", "there", "everybody", "learned_at")
    list_select_related = ("business", "other")
    ordering = ("-low", "pk")


@admin.register(EarningRule, site=programme_site)
class EarningRuleAdmin(RecordAdmin):
    list_display = ("name", "trigger", "effect", "factor", "points", "business", "is_active", "position")
    list_filter = ("trigger", "effect", "is_active")
    list_select_related = ("business", "tier")
    search_fields = ("name", "code", "action")
    ordering = ("position", "pk")


@admin.register(Tier, site=programme_site)
class TierAdmin(RecordAdmin):
    list_display = ("name", "rank", "threshold", "factor", "is_active")
    ordering = ("rank",)


@admin.register(TierChange, site=programme_site)
class TierChangeAdmin(RecordAdmin):
    list_display = ("at", "account", "before", "tier", "cause", "figure", "threshold", "kept_until", "actor_label")
    list_filter = ("cause", "tier")
    list_select_related = ("account__customer", "tier", "before")
    search_fields = ("account__customer__code",)
    search_help_text = "A customer's public id."
    ordering = ("-id",)


@admin.register(Reward, site=programme_site)
class RewardAdmin(RecordAdmin):
    list_display = ("name", "points", "stock", "business", "tier", "is_active")
    list_filter = ("is_active",)
    list_select_related = ("business", "tier")
    search_fields = ("name", "code")
    ordering = ("pk",)


@admin.register(StampCard, site=programme_site)
class StampCardAdmin(RecordAdmin):
    list_display = ("name", "gives", "stamps", "per", "business", "is_active", "position")
    list_filter = ("per", "is_active")
    list_select_related = ("business",)
    search_fields = ("name", "code")
    ordering = ("position", "pk")


@admin.register(StampBook, site=programme_site)
class StampBookAdmin(RecordAdmin):
    list_display = ("account", "card", "stamps", "completed", "total", "changed_at")
    list_filter = ("card",)
    list_select_related = ("account", "card")
    search_fields = ("account__customer__code",)
    search_help_text = "A customer's public id."
    ordering = ("-pk",)


@admin.register(StampEntry, site=programme_site)
class StampEntryAdmin(RecordAdmin):
    list_display = ("at", "code", "book", "stamps", "kind", "order", "business", "reason", "actor_label")
    list_filter = ("kind",)
    list_select_related = ("book", "order", "business")
    search_fields = ("code", "book__account__customer__code")
    search_help_text = "A public id of stamps or of a customer."
    ordering = ("-id",)


@admin.register(StampReward, site=programme_site)
class StampRewardAdmin(RecordAdmin):
    list_display = ("made_at", "code", "book", "gives", "state", "expires_at", "ended_at", "business", "used_by_label")
    list_filter = ("state",)
    list_select_related = ("book", "business")
    search_fields = ("code", "book__account__customer__code")
    search_help_text = "The code of a full card, or a customer's public id."
    ordering = ("-pk",)


@admin.register(Leaving, site=programme_site)
class LeavingAdmin(RecordAdmin):
    list_display = ("business", "state", "last_day", "way", "asked_by_label", "decided_by_label", "finished_at")
    list_filter = ("state", "way")
    list_select_related = ("business",)
    search_fields = ("code", "business__name")
    ordering = ("-pk",)


class FinalLineInline(RecordInline):
    model = FinalLine
    fields = ("month", "debtor_name", "creditor_name", "points", "amount")


@admin.register(FinalStatement, site=programme_site)
class FinalStatementAdmin(RecordAdmin):
    list_display = ("business_name", "last_day", "points", "amount", "way", "point_value", "closed_at")
    list_filter = ("way",)
    search_fields = ("business_name",)
    ordering = ("-pk",)
    inlines = (FinalLineInline,)


@admin.register(LoyaltySettings, site=programme_site)
class LoyaltySettingsAdmin(RecordAdmin):
    list_display = ("point_value", "expiry_policy", "expiry_months", "tier_basis")
    ordering = ("pk",)


@admin.register(RecommenderSettings, site=programme_site)
class RecommenderSettingsAdmin(RecordAdmin):
    list_display = ("name", "is_active", "parameters", "hold_back", "outcome_days", "updated_at")
    ordering = ("pk",)


@admin.register(PointDay, site=programme_site)
class PointDayAdmin(RecordAdmin):
    list_display = ("day", "issuer", "business", "flow", "points", "debt")
    list_filter = ("flow",)
    list_select_related = ("issuer", "business")
    ordering = ("-day", "-pk")


@admin.register(PointAge, site=programme_site)
class PointAgeAdmin(RecordAdmin):
    list_display = ("issuer", "age", "outstanding", "at_risk", "redeemed", "expired")
    list_select_related = ("issuer",)
    ordering = ("pk",)


@admin.register(SettlementMonth, site=programme_site)
class SettlementMonthAdmin(RecordAdmin):
    list_display = ("month", "point_value", "currency", "closed_at", "actor_label")
    ordering = ("-month",)


@admin.register(SettlementLine, site=programme_site)
class SettlementLineAdmin(RecordAdmin):
    list_display = ("month", "debtor_name", "creditor_name", "points", "amount")
    list_select_related = ("month",)
    ordering = ("-pk",)


@admin.register(FinalLine, site=programme_site)
class FinalLineAdmin(RecordAdmin):
    list_display = ("statement", "month", "debtor_name", "creditor_name", "points", "amount")
    list_select_related = ("statement",)
    ordering = ("-pk",)
