from django.urls import path

from loyalty import (
    api_batch,
    api_claims,
    api_member,
    api_points,
    api_refunds,
    api_rewards,
    api_rules,
    api_settings,
    api_simulate,
    api_transactions,
)

urlpatterns = [
    path("transactions/add-points", api_points.add_points, name="transactions-add-points"),  # first: it is asked most
    path("adjustment-requests/", api_settings.AdjustmentRequestsView.as_view(), name="adjustment-requests"),
    path(
        "adjustment-requests/<code:request_id>/approve",
        api_settings.ApproveAdjustmentView.as_view(),
        name="adjustment-requests-approve",
    ),
    path(
        "adjustment-requests/<code:request_id>/decline",
        api_settings.DeclineAdjustmentView.as_view(),
        name="adjustment-requests-decline",
    ),
    path("point-settings/", api_settings.PointSettingsView.as_view(), name="point-settings"),
    path("claims/", api_claims.claim, name="claims"),
    path("claims/<code:claim_id>", api_rewards.ClaimView.as_view(), name="claim"),
    path("claims/<code:claim_id>/capture", api_claims.capture, name="claims-capture"),
    path("claims/<code:claim_id>/void", api_claims.void, name="claims-void"),
    path("customers/points/<str:phone>", api_member.MemberPointsView.as_view(), name="customer-points"),
    path("customers/<code:customer_id>/ledger", api_transactions.LedgerView.as_view(), name="customer-ledger"),
    path("earning-rules/", api_rules.RulesView.as_view(), name="earning-rules"),
    path("earning-rules/<code:rule_id>", api_rules.RuleView.as_view(), name="earning-rule"),
    path("rewards/", api_rewards.RewardsView.as_view(), name="rewards"),
    path("rewards/<code:reward_id>", api_rewards.RewardView.as_view(), name="reward"),
    path("rewards/<code:reward_id>/claim", api_rewards.claim, name="rewards-claim"),
    path("rewards/<code:reward_id>/stock", api_rewards.RewardStockView.as_view(), name="rewards-stock"),
    path("rewards/<code:reward_id>/image", api_rewards.RewardImageView.as_view(), name="rewards-image"),
    path("transactions/", api_transactions.TransactionsView.as_view(), name="transactions"),
    path("transactions/redeem-points", api_points.redeem_points, name="transactions-redeem-points"),
    path("transactions/adjust", api_points.adjust, name="transactions-adjust"),
    path("transactions/award-bonus", api_points.award_bonus, name="transactions-award-bonus"),
    path("transactions/refund", api_refunds.RefundView.as_view(), name="transactions-refund"),
    path("transactions/batch", api_batch.batch, name="transactions-batch"),
    path("transactions/simulate", api_simulate.simulate, name="transactions-simulate"),
    path("transactions/transfer", api_points.transfer, name="transactions-transfer"),
    path("transactions/<code:transaction_id>/reverse", api_points.reverse, name="transactions-reverse"),
]
