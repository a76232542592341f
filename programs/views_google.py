"""To Google and back, and what is connected. Not there while Google is off."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount import views as social
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.page import page
from core.permissions import SIGNED_IN, open_to_all
from core.requests import PublicRequest
from programs import google
from programs.ways_in import is_google_the_only_way

_to_google = OAuth2LoginView.adapter_view(google.GoogleAdapter)
_from_google = OAuth2CallbackView.adapter_view(google.GoogleAdapter)


def _check_it_is_on() -> None:
    if not google.is_on():
        raise Http404


@never_cache
@require_http_methods(["GET", "POST"])
@open_to_all  # the entrance; a GET only shows the button, so that no link of others starts a log-in
def login(request: HttpRequest) -> HttpResponse:
    _check_it_is_on()
    answer: HttpResponse = _to_google(request)
    return answer


@never_cache
@require_safe
@open_to_all  # the state in the session, the code and Google's signature are the proof
def callback(request: HttpRequest) -> HttpResponse:
    _check_it_is_on()
    answer: HttpResponse = _from_google(request)
    return answer


@require_safe
@open_to_all  # says that nothing has happened
def cancelled(request: HttpRequest) -> HttpResponse:
    _check_it_is_on()
    return page(request, "socialaccount/login_cancelled.html")


class Connections(social.ConnectionsView):  # type: ignore[misc]
    access = SIGNED_IN
    request: PublicRequest
    success_url = reverse_lazy("mfa_index")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        _check_it_is_on()
        answer: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        accounts = SocialAccount.objects.filter(user=self.request.user, provider=google.GOOGLE).order_by("pk")
        return {**context, "accounts": accounts, "is_last_way_in": is_google_the_only_way(self.request.user)}
