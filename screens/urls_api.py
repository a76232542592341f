from django.urls import path

from screens import api

urlpatterns = [
    path("auth/register-business", api.RegisterBusinessView.as_view(), name="auth-register-business"),
    path("businesses/<code:business_id>/loyalty-rules", api.LoyaltyRulesView.as_view(), name="loyalty-rules"),
]
