"""Where providers of texts call, for all programmes: on the public host only."""

from __future__ import annotations

from django.urls import path

from messaging import views_providers

app_name = "providers"
urlpatterns = [
    path("inbound", views_providers.signed_inbound, name="inbound"),
    path("status", views_providers.signed_status, name="status"),
    path("<slug:provider>/<slug:webhook_code>/inbound", views_providers.coded_inbound, name="coded-inbound"),
    path("<slug:provider>/<slug:webhook_code>/status", views_providers.coded_status, name="coded-status"),
]
