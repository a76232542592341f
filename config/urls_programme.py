"""URLs of a programme's host: staff at `/`, till at `/till/`, points page at `/p/`, API at `/api/v1/`."""

from __future__ import annotations

from django.urls import include, path

from core.brand import brand_stylesheet
from core.component_sheet import component_sheet

urlpatterns = [
    path("brand.css", brand_stylesheet, name="brand-stylesheet"),
    path("components/", component_sheet, name="component-sheet"),  # development only
    path("p/", include("screens.urls_portal")),
    path("", include("messaging.urls")),
    path("", include("programs.urls_programme")),
]
