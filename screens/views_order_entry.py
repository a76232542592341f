"""A sale entered by hand: the same act as the API's, on a form that works without JavaScript."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from core.codes import typed_code
from core.errors import DomainError
from core.idempotency import IdempotencyKey, digest_of
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_points
from core.requests import StaffRequest
from customers.models import Customer
from loyalty.actions.orders import place_order
from screens.forms_order_entry import OrderEntryForm
from workspace.actions.idempotency import act_once
from workspace.models import Business

ENDPOINT = "orders.page"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.ORDERS_EDIT)
def add(request: StaffRequest) -> HttpResponse:
    form = _form(request)
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                placed = _placed_once(request, form)
            except DomainError as error:
                status = form.refuse(error)
            else:
                messages.success(request, _said(placed["points"]))
                return done(request, reverse("orders:order", args=[placed["order"]]))
    return _page(request, form, status)


@require_POST
@requires(Perm.ORDERS_EDIT)
def draft(request: StaffRequest) -> HttpResponse:
    """The form with what its lines come to, and with one more row if asked; nothing is recorded."""
    form = _form(request, is_draft=True)
    form.is_valid()
    return _page(request, form, 200)


def _form(request: StaffRequest, *, is_draft: bool = False) -> OrderEntryForm:
    programme = request.programme
    customers = Customer.objects.active().visible_to(request.actor)
    return OrderEntryForm(
        request.POST if request.method == "POST" else None,
        businesses=Business.objects.active().visible_to(request.actor).order_by("name"),
        customers=customers,
        country=programme.country,
        currency=programme.currency,
        zone=programme.zone,
        may_earn=Perm.POINTS_WRITE in request.membership.permissions,
        is_draft=is_draft,
        initial={"customer": _asked_for(request, customers)},
    )


def _asked_for(request: StaffRequest, customers: Any) -> str:
    """How the customer of a link is typed, so that somebody who reads the form knows who it is."""
    code = typed_code(request.GET.get("customer", ""))
    customer = customers.filter(code=code).first() if code else None
    return (customer.phone or customer.email or customer.code) if customer else ""


def _placed_once(request: StaffRequest, form: OrderEntryForm) -> dict[str, Any]:
    said, now = form.cleaned_data, timezone.now()

    def act() -> dict[str, Any]:
        placed = place_order(
            business=said["business"].code,
            total=form.total,
            reference=said["reference"],
            key=f"order:{said['key']}",
            owner=request.actor.reference,
            phone=form.phone,
            customer_id=form.person.pk if form.person else None,
            lines=form.sale_lines,
            placed_at=said["placed_at"],
            earns=form.earning,
            source="page",
            actor=request.actor,
            now=now,
        )
        return {"order": placed.order.code, "points": placed.points}

    key = IdempotencyKey(request.actor.reference, ENDPOINT, said["key"], digest_of(form.meaning))
    return dict(act_once(key, act, now=now))


def _said(points: int | None) -> str:
    if points is None:
        return _("The order is recorded.")
    text = ngettext("The order is recorded: %(points)s point.", "The order is recorded: %(points)s points.", points)
    return text % {"points": format_points(points)}


def _page(request: StaffRequest, form: OrderEntryForm, status: int) -> HttpResponse:
    return page(request, "screens/order_entry.html", {"form": form}, partials={"entry-total"}, status=status)
