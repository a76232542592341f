"""Everything under `/api/`, the same on the public host and on every programme's host.

Routes of a programme answer 401 on the public host, `register-business` answers 404 on a programme's.
"""

from __future__ import annotations

from django.urls import include, path, re_path

from config import api_docs
from core.error_views import unknown_api_route

v1 = [
    path("", include("loyalty.urls_api")),
    path("", include("programs.urls_api")),
    path("", include("workspace.urls_api")),
    path("", include("customers.urls_api")),
    path("", include("messaging.urls_api")),
    path("", include("messaging.urls_api_webhooks")),
    path("", include("intelligence.urls_api")),
    path("", include("segments.urls_api")),
    path("", include("screens.urls_api")),
]

urlpatterns = [
    path("v1/", include((v1, "api"))),
    path("schema", api_docs.schema, name="api-schema"),
    path("docs", api_docs.swagger, name="api-docs"),
    path("redoc", api_docs.redoc, name="api-redoc"),
    path("docs/problems", api_docs.problems, name="api-problems"),
    re_path(r"^(?P<path>.*)$", unknown_api_route, name="unknown"),
]
