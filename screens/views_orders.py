"""One order: its page, giving something back with its points, its delivery, cancelling it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import InvalidInput
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_money
from core.requests import StaffRequest
from customers.actions.orders import change_order
from customers.views import scope_of
from loyalty.actions.orders import cancel_sale
from loyalty.actions.refunds import Refunded, refund_order
from screens.forms_orders import FulfilmentForm, RefundEverythingForm, RefundForm
from screens.reports_orders import OrderDetail, order_detail


@require_safe
@requires(Perm.ORDERS_VIEW)
def order(request: StaffRequest, code: str) -> HttpResponse:
    detail = order_detail(scope_of(request), code, request.programme.currency)
    context = {
        "detail": detail,
        "order": detail.order,
        "delivery": FulfilmentForm(known=detail.order.fulfilment_status),
        "may_edit": Perm.ORDERS_EDIT in request.membership.permissions,
        "may_refund": Perm.POINTS_REVERSE in request.membership.permissions,
    }
    return page(request, "screens/order.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.POINTS_REVERSE)
def refund(request: StaffRequest, code: str) -> HttpResponse:
    currency = request.programme.currency
    detail = order_detail(scope_of(request), code, currency)
    data = request.POST if request.method == "POST" else None
    form = RefundForm(data, lines=detail.lines, currency=currency)
    refunded = _refunded(request, form, detail) if form.is_bound and form.is_valid() else None
    if refunded is not None:
        return _after_refund(request, refunded)
    context = {"detail": detail, "order": detail.order, "form": form}
    return page(request, "screens/order_refund.html", context, status=422 if form.errors else 200)


def _refunded(request: StaffRequest, form: RefundForm, detail: OrderDetail) -> Refunded | None:
    """None with the reason in the form where the act refused."""
    try:
        return refund_order(
            order=detail.order.code,
            lines=form.returned(),
            amount=form.amount_given(),
            reference=form.cleaned_data["key"],
            reason=form.cleaned_data["reason"],
            source="page",
            actor=request.actor,
            now=timezone.now(),
        )
    except InvalidInput as error:
        form.add_error("amount" if error.field == "amount" else None, str(error.message))
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.POINTS_REVERSE)
def refund_everything(request: StaffRequest, code: str) -> HttpResponse:
    """Say what would go, and on the second step do it."""
    detail = order_detail(scope_of(request), code, request.programme.currency)
    form = RefundEverythingForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        refunded = refund_order(
            order=code,
            everything=True,
            reference=form.cleaned_data["key"],
            reason=form.cleaned_data["reason"],
            source="page",
            actor=request.actor,
            now=timezone.now(),
        )
        return _after_refund(request, refunded)
    context = {"detail": detail, "order": detail.order, "form": form}
    return page(request, "screens/order_refund_everything.html", context, status=422 if form.errors else 200)


def _after_refund(request: StaffRequest, refunded: Refunded) -> HttpResponse:
    given = format_money(refunded.refund.total, request.programme.currency)
    messages.success(request, _("%(amount)s given back") % {"amount": given})
    return done(request, reverse("orders:order", args=[refunded.order.code]))


@require_POST
@requires(Perm.ORDERS_EDIT)
def fulfilment(request: StaffRequest, code: str) -> HttpResponse:
    form = FulfilmentForm(request.POST, known=request.POST.get("fulfilment_status", "")[:20])
    if form.is_valid():
        change_order(
            code=code, details={"fulfilment_status": form.cleaned_data["fulfilment_status"]}, actor=request.actor
        )
        messages.success(request, _("Saved"))
    return done(request, reverse("orders:order", args=[code]))


@require_POST
@requires(Perm.POINTS_REVERSE)
def cancel(request: StaffRequest, code: str) -> HttpResponse:
    cancel_sale(code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("The order is cancelled, and what was left of its points is gone."))
    return done(request, reverse("orders:order", args=[code]))
