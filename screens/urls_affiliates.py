"""Affiliates, included at `/loyalty/affiliates/`."""

from django.urls import path

from screens import views_affiliate_payouts as payouts
from screens import views_affiliates as views

app_name = "affiliates"
urlpatterns = [
    path("", views.affiliates, name="list"),
    path("settings/", views.settings, name="settings"),
    path("new/", views.create, name="create"),
    path("people/<slug:code>/decide/", views.decide, name="decide"),
    path("payouts/", payouts.payouts, name="payouts"),
    path("payouts.csv", payouts.payouts_file, name="payouts-file"),
    path("payouts/<slug:code>/", payouts.payout, name="payout"),
    path("payouts/<slug:code>/pay/", payouts.pay, name="payout-pay"),
    path("payouts/<slug:code>/cancel/", payouts.cancel, name="payout-cancel"),
    path("payouts/<slug:code>/print/", payouts.payout_print, name="payout-print"),
    path("payouts/<slug:code>/lines.csv", payouts.payout_file, name="payout-file"),
    path("payouts/<slug:code>/statement.pdf", payouts.payout_paper, name="payout-paper"),
    path("<slug:code>/", views.detail, name="detail"),
    path("<slug:code>/change/", views.change, name="change"),
    path("<slug:code>/switch/", views.switch, name="switch"),
    path("<slug:code>/report-link/", views.renew_link, name="renew-link"),
    path("<slug:code>/link.svg", views.picture, name="picture"),
    path("<slug:code>/lines.csv", views.lines_file, name="lines-file"),
    path("<slug:code>/pay-out/", payouts.make, name="pay-out"),
]
