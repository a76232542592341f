"""The points page, included at `/p/`."""

from django.urls import path

from screens import views_portal

app_name = "portal"
urlpatterns = [
    path("", views_portal.points, name="points"),
    path("history/", views_portal.history, name="history"),
    path("account/", views_portal.account, name="account"),
    path("sign-in/", views_portal.sign_in_phone, name="sign-in"),
    path("code/", views_portal.sign_in_code, name="code"),
    path("code/again/", views_portal.sign_in_again, name="code-again"),
    path("sign-out/", views_portal.sign_out, name="sign-out"),
]
