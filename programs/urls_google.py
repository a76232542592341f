"""Names as in the log-in library, which looks some of them up."""

from django.urls import path

from programs import views_google as views

urlpatterns = [
    path("", views.Connections.as_view(), name="socialaccount_connections"),
    path("login/", views.login, name="google_login"),
    path("login/callback/", views.callback, name="google_callback"),
    path("cancelled/", views.cancelled, name="socialaccount_login_cancelled"),
]
