"""What Django calls when no view answered: a problem under `/api/`, a page elsewhere."""

from __future__ import annotations

from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseServerError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from core.context_processors import start_of
from core.errors import TooManyFields
from core.middleware import refusal
from core.permissions import open_to_all
from core.problems import is_api_request, problem

# What went wrong inside is for the log, with the request's id; the answer says only how to find it.
SERVER_ERROR = "Something went wrong on our side. Try again; if it stays, name the X-Request-Id of this answer."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_api_request(request):
        return problem(400, "malformed")
    if isinstance(exception, TooManyFieldsSent):
        return refusal(request, TooManyFields())
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_api_request(request):
        return problem(403, "permission_denied")
    return render(request, "403.html", status=403)  # Django's own view reads the form, however large


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if is_api_request(request):
        return problem(404, "not_found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if is_api_request(request):
        return problem(500, "internal_error", SERVER_ERROR)
    # No context processor: what broke may be what they ask.
    return HttpResponseServerError(render_to_string("500.html", {"start_url": start_of(request)}))


@csrf_exempt
@open_to_all
def unknown_api_route(request: HttpRequest, path: str = "") -> HttpResponse:
    """The last route of the API. Nothing is there to protect, so anybody may hear it."""
    other = request.path_info.rstrip("/") if request.path_info.endswith("/") else request.path_info + "/"
    try:
        match = resolve(other, urlconf=getattr(request, "urlconf", None))
    except Resolver404:
        match = None
    if match is not None and match.url_name != "unknown":
        return problem(404, "not_found", f"There is nothing here. Did you mean {other}?")
    return problem(404, "not_found", "There is no such route.")
