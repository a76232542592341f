"""Which till a browser is: a host-only cookie with the token of a registered device."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from core.page import done
from core.permissions import Perm, requires
from core.requests import StaffRequest
from loyalty.models import Transaction
from screens.reports_till import key_owner
from screens.till_shell import config_of
from workspace.actions.tills import recognise_till
from workspace.models import TillDevice

COOKIE = "__Host-till" if settings.IS_HTTPS else "till"
COOKIE_SECONDS = 365 * 24 * 3600


class TillRequest(StaffRequest):
    """A request of a member of staff at a registered till."""

    till: TillDevice
    till_config: dict[str, object]  # for the scripts


def at_a_till(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of the till, for roles that may use it; a browser that is no till yet is asked to become one."""

    @functools.wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        till = till_of(request)
        if till is None:
            return done(request, reverse("till:device"))
        request.till = till
        request.till_config = config_of(till, request.programme, timezone.now())
        response = view(request, *args, **kwargs)
        response.headers["Cache-Control"] = "private, no-store"  # "Back" must not show, or send, an old sale
        return response

    with_worker = cast(Callable[..., HttpResponse], csp_update({"worker-src": [SELF]})(wrapped))
    return requires(Perm.TILL_USE)(with_worker)


def own_transaction(request: TillRequest, code: str) -> Transaction:
    """A transaction of this till; another till's is not there."""
    mine = Transaction.objects.done().filter(key_owner=key_owner(request.till), code=code)
    with_words = mine.select_related("account__customer", "business", "order", "reverses__order")
    entry: Transaction | None = with_words.first()
    if entry is None:
        raise Http404
    return entry


def till_of(request: HttpRequest) -> TillDevice | None:
    token = request.COOKIES.get(COOKIE, "")
    actor = request.actor  # type: ignore[attr-defined]
    return recognise_till(token=token, actor=actor, now=timezone.now()) if token else None


def remember_till(response: HttpResponse, token: str) -> None:
    response.set_cookie(COOKIE, token, max_age=COOKIE_SECONDS, secure=settings.IS_HTTPS, httponly=True, samesite="Lax")
