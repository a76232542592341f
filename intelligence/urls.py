"""Pages of the analysis, included at `/intelligence/`."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "intelligence"
urlpatterns: list[URLPattern] = []
