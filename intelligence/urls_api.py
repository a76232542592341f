"""API routes of the analysis, included at `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from intelligence import (
    api,
    api_analysis,
    api_archetypes,
    api_backtest,
    api_customers,
    api_features,
    api_products,
    api_stock,
)

urlpatterns = [
    path("analysis/latest", api_analysis.AnalysisView.as_view(), name="analysis-latest"),
    path("analysis/trigger", api_analysis.AnalysisTriggerView.as_view(), name="analysis-trigger"),
    path("inventory/predictions", api_stock.PredictionsView.as_view(), name="inventory-predictions"),
    path("intelligence/backtest", api_backtest.BacktestView.as_view(), name="intelligence-backtest"),
    path("intelligence/archetypes", api_archetypes.ArchetypesView.as_view(), name="intelligence-archetypes"),
    path(
        "intelligence/archetypes/<code:archetype_id>",
        api_archetypes.ArchetypeView.as_view(),
        name="intelligence-archetype",
    ),
    path("intelligence/cluster", api_archetypes.ClusterView.as_view(), name="intelligence-cluster"),
    path("intelligence/cluster/status", api_archetypes.ClusterStatusView.as_view(), name="intelligence-cluster-status"),
    path("intelligence/runs/", api_archetypes.ArchetypeRunsView.as_view(), name="intelligence-runs"),
    path("intelligence/runs/<code:run_id>", api_archetypes.ArchetypeRunView.as_view(), name="intelligence-run"),
    path(
        "intelligence/runs/<code:run_id>/rollback",
        api_archetypes.ArchetypeRollbackView.as_view(),
        name="intelligence-run-rollback",
    ),
    path("intelligence/settings", api_archetypes.IntelligenceSettingsView.as_view(), name="intelligence-settings"),
    path(
        "intelligence/customers/search",
        api_customers.CustomerIntelligenceSearchView.as_view(),
        name="intelligence-customer-search",
    ),
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
