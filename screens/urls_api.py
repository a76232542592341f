from django.urls import path

from screens import api, api_joining, api_leaving, api_metrics, api_privacy

urlpatterns = [
    path("auth/register-business", api.RegisterBusinessView.as_view(), name="auth-register-business"),
    path("auth/join-codes/<str:join_code>", api.JoinCodeView.as_view(), name="auth-join-code"),
    path("auth/join-requests/<str:token>", api.JoinStateView.as_view(), name="auth-join-request"),
    path("join-settings/", api_joining.JoinSettingsView.as_view(), name="join-settings"),
    path("join-settings/rotate", api_joining.JoinCodeRotateView.as_view(), name="join-code-rotate"),
    path("business-invitations/", api_joining.BusinessInvitationsView.as_view(), name="business-invitations"),
    path(
        "business-invitations/<code:invitation_id>",
        api_joining.BusinessInvitationView.as_view(),
        name="business-invitation",
    ),
    path(
        "business-invitations/<code:invitation_id>/renew",
        api_joining.BusinessInvitationRenewView.as_view(),
        name="business-invitation-renew",
    ),
    path("join-requests/", api_joining.JoinRequestsView.as_view(), name="join-requests"),
    path("join-requests/<code:request_id>", api_joining.JoinRequestView.as_view(), name="join-request"),
    path(
        "join-requests/<code:request_id>/approve",
        api_joining.JoinRequestApproveView.as_view(),
        name="join-request-approve",
    ),
    path(
        "join-requests/<code:request_id>/decline",
        api_joining.JoinRequestDeclineView.as_view(),
        name="join-request-decline",
    ),
    path("businesses/<code:business_id>/leaving", api_leaving.LeavingView.as_view(), name="business-leaving"),
    path(
        "businesses/<code:business_id>/final-statement",
        api_leaving.FinalStatementView.as_view(),
        name="business-final-statement",
    ),
    path("businesses/<code:business_id>/loyalty-rules", api.LoyaltyRulesView.as_view(), name="loyalty-rules"),
    path("metrics/dashboard", api_metrics.DashboardView.as_view(), name="metrics-dashboard"),
    path("metrics/top-products", api_metrics.TopProductsView.as_view(), name="metrics-top-products"),
    path("metrics/products/<code:product_id>", api_metrics.ProductMetricsView.as_view(), name="metrics-product"),
    path("metrics/customers/<code:customer_id>", api_metrics.CustomerMetricsView.as_view(), name="metrics-customer"),
    path("metrics/cohorts", api_metrics.CohortsView.as_view(), name="metrics-cohorts"),
    path("metrics/rfm", api_metrics.RfmMetricsView.as_view(), name="metrics-rfm"),
    path("metrics/hours", api_metrics.HoursView.as_view(), name="metrics-hours"),
    path("metrics/bought-together", api_metrics.BoughtTogetherView.as_view(), name="metrics-bought-together"),
    path("customers/<code:customer_id>/erase", api_privacy.EraseView.as_view(), name="customer-erase"),
    path("customers/<code:customer_id>/export", api_privacy.ExportView.as_view(), name="customer-export"),
    path(
        "customers/<code:customer_id>/exports/<code:job_id>",
        api_privacy.ExportFileView.as_view(),
        name="customer-export-file",
    ),
]
