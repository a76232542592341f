"""API routes of the analysis, included at `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from intelligence import api, api_stock

urlpatterns = [
    path("inventory/predictions", api_stock.PredictionsView.as_view(), name="inventory-predictions"),
    path("intelligence/rfm", api.RfmView.as_view(), name="intelligence-rfm"),
    path("intelligence/rfm/status", api.RfmStatusView.as_view(), name="intelligence-rfm-status"),
]
