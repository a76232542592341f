"""The till without a connection: its service worker, the page shown then, and the queue that is emptied afterwards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from core.page import page
from core.permissions import Perm, requires
from core.phones import dial_code
from core.requests import StaffRequest
from screens import till_shell
from screens.actions.till_queue import MAX_SALES, KeptSale, post_kept_sales
from screens.forms_till import AmountForm, FindForm
from screens.reports_till import recent_customers
from screens.till_device import TillRequest, at_a_till, till_of

_envelope = msgspec.json.Decoder(dict[str, list[msgspec.Raw]]).decode
_sale = msgspec.json.Decoder(KeptSale).decode


@require_safe
@requires(Perm.TILL_USE)
@never_cache
def worker(request: StaffRequest) -> HttpResponse:
    """The service worker. It comes from under `/till/`, so that it is responsible for the till and for nothing else."""
    response = HttpResponse(till_shell.worker_script(), content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = till_shell.SCOPE
    return response


@require_GET
@at_a_till
def kept(request: TillRequest) -> HttpResponse:
    """What the till shows without a connection, and the list of what it keeps. Nothing of a person is in it."""
    context = {
        "till": request.till,
        "dial_code": dial_code(request.programme.country),
        "find_form": FindForm(country=request.programme.country),
        "amount_form": AmountForm(currency=request.programme.currency),
    }
    return page(request, "screens/till/kept.html", context)


@require_http_methods(["GET", "POST"])
@requires(Perm.TILL_USE)
@never_cache
def queue(request: StaffRequest) -> HttpResponse:
    """GET: who this till is, what time it is, and a token. POST: sales that were kept; an outcome for each, in order.

    A browser that is no till gets 409. The page and its worker send `HX-Request`, so who is not logged in gets 401.
    """
    till = till_of(request)
    now = timezone.now()
    if till is None:
        return JsonResponse({"code": "no_till"}, status=409)
    if request.method == "GET":
        recent = recent_customers(till=till, programme=request.programme, now=now)
        hello: dict[str, Any] = {"till": till.code, "now": now.isoformat(), "csrf": get_token(request)}
        return JsonResponse(hello | {"recent": [asdict(one) for one in recent]})
    sales = _sales(request.body)
    if sales is None:
        return JsonResponse({"code": "malformed"}, status=400)
    outcomes = post_kept_sales(sales=sales, till=till, actor=request.actor, now=now)
    return JsonResponse({"now": now.isoformat(), "outcomes": [asdict(one) for one in outcomes]})


def _sales(body: bytes) -> list[KeptSale | None] | None:
    """The sales of a body, None in the place of one that cannot be read; None for a body that is no list of sales."""
    try:
        raw = _envelope(body).get("sales")
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return [_read(one) for one in raw] if raw is not None and len(raw) <= MAX_SALES else None


def _read(raw: msgspec.Raw) -> KeptSale | None:
    try:
        return _sale(raw)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
