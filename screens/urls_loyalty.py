"""The programme's points for staff, included at `/loyalty/`."""

from django.urls import path

from loyalty.views import ledger_audit
from screens import views_approvals, views_rules
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
    path("audit/", ledger_audit, name="audit"),
    path("transactions/", views.transactions, name="transactions"),
    path("transactions/<slug:code>/reverse/", views.reverse_entry, name="reverse"),
    path("approvals/", views_approvals.approvals, name="approvals"),
    path("approvals/<slug:code>/approve/", views_approvals.approve, name="approve"),
    path("approvals/<slug:code>/decline/", views_approvals.decline, name="decline"),
    path("customers/<slug:code>/add/", views.customer_add, name="customer-add"),
    path("customers/<slug:code>/redeem/", views.customer_redeem, name="customer-redeem"),
    path("customers/<slug:code>/adjust/", views.customer_adjust, name="customer-adjust"),
]
