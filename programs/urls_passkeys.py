"""Names as in the log-in library, which looks some of them up."""

from django.urls import path

from programs import views_passkeys as views

urlpatterns = [
    path("", views.PasskeyList.as_view(), name="mfa_list_webauthn"),
    path("add/", views.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("login/", views.LoginPasskey.as_view(), name="mfa_login_webauthn"),
    path("reauthenticate/", views.ReauthenticatePasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path("keys/<int:pk>/remove/", views.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("keys/<int:pk>/edit/", views.RenamePasskey.as_view(), name="mfa_edit_webauthn"),
]
