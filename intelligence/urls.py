"""Pages of the analysis, included at `/intelligence/`."""

from __future__ import annotations

from django.urls import path

from intelligence import views

app_name = "intelligence"
urlpatterns = [
    path("rfm/", views.groups, name="groups"),
    path("rfm/run/", views.run, name="rfm-run"),
    path("rfm/progress/", views.progress, name="rfm-progress"),
]
