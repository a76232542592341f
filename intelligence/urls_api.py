"""API routes of the analysis, included at `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from intelligence import api, api_analysis, api_backtest, api_customers, api_features, api_products, api_stock

urlpatterns = [
    path("analysis/latest", api_analysis.AnalysisView.as_view(), name="analysis-latest"),
    path("analysis/trigger", api_analysis.AnalysisTriggerView.as_view(), name="analysis-trigger"),
    path("inventory/predictions", api_stock.PredictionsView.as_view(), name="inventory-predictions"),
    path("intelligence/backtest", api_backtest.BacktestView.as_view(), name="intelligence-backtest"),
    path("intelligence/features", api_features.FeaturesView.as_view(), name="intelligence-features"),
    path(
        "intelligence/customers/",
        api_customers.CustomerIntelligenceByExternalIdView.as_view(),
        name="intelligence-customer-by-external-id",
    ),
    path(
        "intelligence/customers/<code:customer_id>",
        api_customers.CustomerIntelligenceView.as_view(),
        name="intelligence-customer",
    ),
    path(
        "intelligence/customers/<code:customer_id>/features",
        api_features.CustomerFeaturesView.as_view(),
        name="intelligence-customer-features",
    ),
    path(
        "intelligence/recommendations",
        api_products.ProductRecommendationsView.as_view(),
        name="intelligence-recommendations",
    ),
    path(
        "intelligence/recommendations/settings",
        api_products.ProductRecommendationSettingsView.as_view(),
        name="intelligence-recommendation-settings",
    ),
    path("intelligence/rfm", api.RfmView.as_view(), name="intelligence-rfm"),
    path("intelligence/rfm/status", api.RfmStatusView.as_view(), name="intelligence-rfm-status"),
]
