"""Measure → Analytics → Likely to buy: what people like them buy, and what one customer is likely to buy next."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import NotFound
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.models import Archetype, Customer
from customers.reports.customer_list import name_and_contact
from customers.reports.product_figures import pairs_counted_at
from customers.tabs import analytics_tabs
from customers.words import clock_time, days_ago
from intelligence.actions.product_settings import products_are_shown, show_products
from intelligence.product_words import with_reasons
from intelligence.reports_products import Group, likely_products, popular_products

SHOWN = 10


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def popular(request: StaffRequest) -> HttpResponse:
    """Of everybody, of one archetype, or, for people limited to it, of one business."""
    sees_all = request.actor.business_id is None
    kinds = list(Archetype.objects.filter(level=Archetype.Level.KIND, is_current=True).order_by("place"))
    asked = request.GET.get("archetype", "") if sees_all else ""
    chosen = next((one for one in kinds if one.code == asked), None)
    if asked and chosen is None:
        raise NotFound
    group = Group(chosen.pk if chosen else None, request.actor.business_id)
    context = {
        "tabs": analytics_tabs(request, "intelligence:products"),
        "rows": [(one, f"{one.share:.0%}") for one in popular_products(group, most=SHOWN)],
        "chosen": chosen,
        "kinds": kinds if sees_all else [],
        "counted": _counted(request),
        "is_shown": products_are_shown(),
        "may_decide": sees_all and Perm.SETTINGS_EDIT in request.membership.permissions,
    }
    return page(request, "intelligence/products.html", context)


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def of_customer(request: StaffRequest, code: str) -> HttpResponse:
    customer = Customer.objects.visible_to(request.actor).known().filter(code=code).first()
    if customer is None:
        raise NotFound
    found = likely_products(
        customer.pk,
        business_id=request.actor.business_id,
        zone=request.programme.zone,
        now=timezone.now(),
        most=SHOWN,
    )
    context = {
        "customer": customer,
        "name": name_and_contact(customer, request.programme.country)[0],
        "rows": with_reasons(found),
        "counted": _counted(request),
    }
    return page(request, "intelligence/customer_products.html", context)


@require_POST
@requires(Perm.SETTINGS_EDIT)
def show(request: StaffRequest) -> HttpResponse:
    """Whether customers see suggested products on their points page."""
    is_shown = request.POST.get("show") == "yes"
    show_products(is_shown=is_shown, actor=request.actor)
    messages.success(
        request, _("Customers see them on their points page.") if is_shown else _("Customers see them no more.")
    )
    return done(request, reverse("intelligence:products"))


def _counted(request: StaffRequest) -> str:
    at, zone = pairs_counted_at(), request.programme.zone
    return f"{days_ago(at, now=timezone.now(), zone=zone)}, {clock_time(at, zone)}" if at else ""
