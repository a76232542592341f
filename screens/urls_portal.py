"""The points page, included at `/p/`."""

from django.urls import path

from screens import (
    views_portal,
    views_portal_account,
    views_portal_affiliates,
    views_portal_app,
    views_portal_referrals,
    views_portal_rewards,
    views_portal_stamps,
    views_portal_till,
)

app_name = "portal"
urlpatterns = [
    path("", views_portal.points, name="points"),
    path("history/", views_portal.history, name="history"),
    path("rewards/", views_portal_rewards.rewards, name="rewards"),
    path("rewards/<slug:code>/", views_portal_rewards.reward, name="reward"),
    path("rewards/<slug:code>/claim/", views_portal_rewards.claim, name="reward-claim"),
    path("claims/<slug:code>/", views_portal_rewards.show_claim, name="claim"),
    path("claims/<slug:code>/give-back/", views_portal_rewards.give_back, name="claim-back"),
    path("stamps/", views_portal_stamps.stamps, name="stamps"),
    path("refer/", views_portal_referrals.refer, name="refer"),
    path("r/<slug:code>/", views_portal_referrals.invited, name="invited"),
    path("a/<slug:code>/", views_portal_affiliates.followed, name="affiliate"),
    path("partner/<str:token>/", views_portal_affiliates.partner, name="partner"),
    path("till-code/", views_portal_till.till_code, name="till-code"),
    path("account/", views_portal_account.account, name="account"),
    path("account/language/", views_portal_account.language, name="language"),
    path("account/pin/", views_portal_account.pin, name="pin"),
    path("account/pin/remove/", views_portal_account.pin_remove, name="pin-remove"),
    path("data/", views_portal_account.data, name="data"),
    path("data/start/", views_portal_account.data_start, name="data-start"),
    path("data/<str:token>/", views_portal_account.data_file, name="data-file"),
    path("delete/", views_portal_account.delete, name="delete"),
    path("delete/confirm/", views_portal_account.delete_confirm, name="delete-confirm"),
    path("sign-in/", views_portal.sign_in_phone, name="sign-in"),
    path("sign-in/pin/", views_portal.sign_in_pin, name="sign-in-pin"),
    path("code/", views_portal.sign_in_code, name="code"),
    path("code/again/", views_portal.sign_in_again, name="code-again"),
    path("sign-out/", views_portal.sign_out, name="sign-out"),
    path("app.webmanifest", views_portal_app.manifest, name="manifest"),
    path("icon-<int:size>-<slug:kind>.png", views_portal_app.icon, name="icon"),
]
