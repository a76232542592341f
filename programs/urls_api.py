from django.urls import path

from programs import api

urlpatterns = [
    path("auth/login", api.LoginView.as_view(), name="auth-login"),
    path("auth/refresh", api.RefreshView.as_view(), name="auth-refresh"),
    path("auth/verify-email", api.VerifyEmailView.as_view(), name="auth-verify-email"),
]
