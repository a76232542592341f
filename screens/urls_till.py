"""The till, included at `/till/`. Phone numbers travel in bodies only, so that no log and no history holds one."""

from django.urls import path

from screens import (
    views_till,
    views_till_offline,
    views_till_receipt,
    views_till_rewards,
    views_till_stamps,
)

app_name = "till"
urlpatterns = [
    path("", views_till.find, name="find"),
    path("worker.js", views_till_offline.worker, name="worker"),
    path("kept/", views_till_offline.kept, name="kept"),
    path("queue/", views_till_offline.queue, name="queue"),
    path("device/", views_till.device, name="device"),
    path("match/", views_till.match, name="match"),
    path("customers/", views_till.create, name="create"),
    path("customers/<slug:code>/", views_till.sale, name="sale"),
    path("customers/<slug:code>/preview/", views_till.preview, name="preview"),
    path("customers/<slug:code>/redeem/", views_till.redeem, name="redeem"),
    path("customers/<slug:code>/rewards/", views_till_rewards.rewards, name="rewards"),
    path("customers/<slug:code>/stamps/<slug:card>/", views_till_stamps.give, name="stamp"),
    path("customers/<slug:code>/stamps/<slug:entry>/undo/", views_till_stamps.undo, name="stamp-undo"),
    path("customers/<slug:code>/full-cards/<slug:reward>/", views_till_stamps.use, name="stamp-reward"),
    path("customers/<slug:code>/full-cards/<slug:reward>/undo/", views_till_stamps.use_undo, name="stamp-reward-undo"),
    path("claim/", views_till_rewards.claim, name="claim"),
    path("claim/redeem/", views_till_rewards.claim_redeem, name="claim-redeem"),
    path("done/<slug:code>/", views_till.finished, name="done"),
    path("receipt/<slug:code>/", views_till_receipt.receipt, name="receipt"),
    path("receipt/<slug:code>/text/", views_till_receipt.send_text, name="receipt-text"),
    path("receipt/<slug:code>/email/", views_till_receipt.send_email, name="receipt-email"),
    path("undo/<slug:code>/", views_till.undo, name="undo"),
]
