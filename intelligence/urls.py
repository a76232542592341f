"""Pages of the analysis, included at `/intelligence/`."""

from __future__ import annotations

from django.urls import path

from intelligence import views, views_analysis, views_archetypes, views_backtest, views_features, views_products

app_name = "intelligence"
urlpatterns = [
    path("archetypes/", views_archetypes.overview, name="archetypes"),
    path("archetypes/run/", views_archetypes.run, name="archetypes-run"),
    path("archetypes/progress/", views_archetypes.progress, name="archetypes-progress"),
    path("archetypes/stop/", views_archetypes.stop, name="archetypes-stop"),
    path("archetypes/runs/", views_archetypes.runs, name="archetype-runs"),
    path("archetypes/runs/<code:code>/roll-back/", views_archetypes.roll_back, name="archetype-roll-back"),
    path("archetypes/of/<code:code>/", views_archetypes.detail, name="archetype"),
    path("archetypes/of/<code:code>/name/", views_archetypes.rename, name="archetype-rename"),
    path("settings/", views_archetypes.settings, name="settings"),
    path("features/", views_features.dictionary, name="features"),
    path("customers/<code:code>/features/", views_features.of_customer, name="customer-features"),
    path("backtest/", views_backtest.backtest, name="backtest"),
    path("backtest/run/", views_backtest.run, name="backtest-run"),
    path("backtest/stop/", views_backtest.stop, name="backtest-stop"),
    path("backtest/progress/", views_backtest.progress, name="backtest-progress"),
    path("analysis/", views_analysis.insights, name="analysis"),
    path("analysis/run/", views_analysis.run, name="analysis-run"),
    path("analysis/stop/", views_analysis.stop, name="analysis-stop"),
    path("analysis/progress/", views_analysis.progress, name="analysis-progress"),
    path("products/", views_products.popular, name="products"),
    path("products/show/", views_products.show, name="products-show"),
    path("customers/<code:code>/products/", views_products.of_customer, name="customer-products"),
    path("rfm/", views.groups, name="groups"),
    path("rfm/run/", views.run, name="rfm-run"),
    path("rfm/progress/", views.progress, name="rfm-progress"),
]
