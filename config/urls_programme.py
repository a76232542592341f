"""URLs of a programme's host: staff at `/`, till at `/till/`, points page at `/p/`, API at `/api/v1/`."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("programs.urls_programme")),
]
