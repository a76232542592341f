"""Pages of the analysis, included at `/intelligence/`."""

from __future__ import annotations

from django.urls import path

from intelligence import views, views_features

app_name = "intelligence"
urlpatterns = [
    path("features/", views_features.dictionary, name="features"),
    path("customers/<code:code>/features/", views_features.of_customer, name="customer-features"),
    path("rfm/", views.groups, name="groups"),
    path("rfm/run/", views.run, name="rfm-run"),
    path("rfm/progress/", views.progress, name="rfm-progress"),
]
