"""Which web origins may call a programme's API: those in its settings, none by default, none on the public host."""

from __future__ import annotations

from typing import Any

from corsheaders.signals import check_request_enabled
from django.http import HttpRequest

API_PATH = "/api/v1/"


def origin_is_listed(sender: object, request: HttpRequest, **kwargs: Any) -> bool:
    """django-cors-headers asks this for each request with an Origin header; a listed origin must match exactly."""
    programme = getattr(request, "programme", None)
    if programme is None or not request.path_info.startswith(API_PATH):  # the signal is asked about every path
        return False
    return request.headers.get("Origin", "") in programme.cors_origins


def connect() -> None:
    check_request_enabled.connect(origin_is_listed, dispatch_uid="programs.cors")
