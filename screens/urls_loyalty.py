"""The programme's points for staff, included at `/loyalty/`."""

from django.urls import path

from loyalty.views import ledger_audit
from screens import views_programme as views

app_name = "loyalty"
urlpatterns = [
    path("", views.programme, name="programme"),
    path("settings/", views.change_point_settings, name="settings"),
    path("businesses/<slug:code>/rate/", views.rate, name="rate"),
    path("businesses/<slug:code>/rate/example/", views.rate_example, name="rate-example"),
    path("audit/", ledger_audit, name="audit"),
    path("transactions/", views.transactions, name="transactions"),
    path("transactions/<slug:code>/reverse/", views.reverse_entry, name="reverse"),
    path("customers/<slug:code>/add/", views.customer_add, name="customer-add"),
    path("customers/<slug:code>/redeem/", views.customer_redeem, name="customer-redeem"),
    path("customers/<slug:code>/adjust/", views.customer_adjust, name="customer-adjust"),
]
