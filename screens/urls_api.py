from django.urls import path

from screens import api, api_privacy

urlpatterns = [
    path("auth/register-business", api.RegisterBusinessView.as_view(), name="auth-register-business"),
    path("businesses/<code:business_id>/loyalty-rules", api.LoyaltyRulesView.as_view(), name="loyalty-rules"),
    path("customers/<code:customer_id>/erase", api_privacy.EraseView.as_view(), name="customer-erase"),
    path("customers/<code:customer_id>/export", api_privacy.ExportView.as_view(), name="customer-export"),
    path(
        "customers/<code:customer_id>/exports/<code:job_id>",
        api_privacy.ExportFileView.as_view(),
        name="customer-export-file",
    ),
]
