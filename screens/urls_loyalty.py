"""The programme's points for staff, included at `/loyalty/`."""

from django.urls import path

from loyalty.views import ledger_audit
from screens import views_approvals, views_referrals, views_rules, views_tiers
from screens import views_programme as views

app_name = "loyalty"
urlpatterns = [
    path("", views.programme, name="programme"),
    path("settings/", views.point_settings, name="settings"),
    path("businesses/<slug:code>/rate/", views.rate, name="rate"),
    path("businesses/<slug:code>/rate/example/", views.rate_example, name="rate-example"),
    path("rules/", views_rules.rules, name="rules"),
    path("rules/new/", views_rules.choose, name="rule-choose"),
    path("rules/new/<slug:start>/", views_rules.create, name="rule-new"),
    path("rules/new/<slug:start>/preview/", views_rules.preview_new, name="rule-new-preview"),
    path("rules/<slug:code>/", views_rules.change, name="rule"),
    path("rules/<slug:code>/preview/", views_rules.preview, name="rule-preview"),
    path("rules/<slug:code>/switch/", views_rules.switch, name="rule-switch"),
    path("rules/<slug:code>/place/", views_rules.place, name="rule-place"),
    path("rules/<slug:code>/delete/", views_rules.delete, name="rule-delete"),
    path("tiers/", views_tiers.tiers, name="tiers"),
    path("tiers/rules/", views_tiers.rules, name="tier-rules"),
    path("tiers/rules/preview/", views_tiers.rules_preview, name="tier-rules-preview"),
    path("tiers/start/", views_tiers.start, name="tier-start"),
    path("tiers/start/preview/", views_tiers.start_preview, name="tier-start-preview"),
    path("tiers/new/", views_tiers.create, name="tier-new"),
    path("tiers/new/preview/", views_tiers.preview_new, name="tier-new-preview"),
    path("tiers/<slug:code>/", views_tiers.change, name="tier"),
    path("tiers/<slug:code>/preview/", views_tiers.preview, name="tier-preview"),
    path("tiers/<slug:code>/remove/", views_tiers.remove, name="tier-remove"),
    path("tiers/<slug:code>/restore/", views_tiers.restore, name="tier-restore"),
    path("referrals/", views_referrals.referrals, name="referrals"),
    path("referrals/settings/", views_referrals.settings, name="referral-settings"),
    path("referrals/<slug:code>/complete/", views_referrals.complete, name="referral-complete"),
    path("referrals/<slug:code>/cancel/", views_referrals.cancel, name="referral-cancel"),
    path("audit/", ledger_audit, name="audit"),
    path("transactions/", views.transactions, name="transactions"),
    path("transactions/<slug:code>/reverse/", views.reverse_entry, name="reverse"),
    path("approvals/", views_approvals.approvals, name="approvals"),
    path("approvals/<slug:code>/approve/", views_approvals.approve, name="approve"),
    path("approvals/<slug:code>/decline/", views_approvals.decline, name="decline"),
    path("customers/<slug:code>/add/", views.customer_add, name="customer-add"),
    path("customers/<slug:code>/redeem/", views.customer_redeem, name="customer-redeem"),
    path("customers/<slug:code>/adjust/", views.customer_adjust, name="customer-adjust"),
    path("customers/<slug:code>/tier/", views_tiers.customer_tier, name="customer-tier"),
]
