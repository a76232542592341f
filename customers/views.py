"""Customers and orders as lists. One customer, products and imports have their own views."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.keyset import sort_of, with_query
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.attributes import definitions
from customers.forms import CustomerFilterForm, OrderFilterForm, RefundFilterForm
from customers.models import Tag
from customers.reports import customer_list
from customers.reports import orders as order_list
from customers.reports.customer_list import SORTS, VIEWS, CustomerFilters, Scope
from workspace.models import Business

LIST_ROWS = "customers-rows"


@require_safe
@requires(Perm.CUSTOMERS_VIEW)
def customers(request: StaffRequest) -> HttpResponse:
    scope = scope_of(request)
    businesses = list(Business.objects.active().visible_to(request.actor))
    form = CustomerFilterForm(
        request.GET,
        businesses=businesses,
        countries=customer_list.countries_of(scope),
        tiers=customer_list.tiers_of_customers(),
        definitions=definitions(),
        tags=list(Tag.objects.in_use()),
    )
    filters, columns = form.filters(), form.columns()
    sort, descending = sort_of(request.GET.get("sort"), SORTS, customer_list.DEFAULT_SORT)
    cursor = request.GET.get("cursor", "")
    listed = customer_list.customer_page(
        scope,
        filters,
        sort=sort,
        descending=descending,
        cursor=cursor,
        columns=columns,
        with_tags=form.shows_tags,
    )
    context = {
        "form": form,
        "has_tiers": len(form.fields["tier"].choices) > 1,  # type: ignore[attr-defined]
        "filters": filters,
        "columns": columns,
        "shows_tags": form.shows_tags,
        "listed": listed,
        "links": listed.page.links(request.GET),
        "chips": form.chips(request.GET, request.programme.currency),
        "sort": request.GET.get("sort", ""),
        "clear_url": with_query(request.GET, **dict.fromkeys(set(form.fields) - {"q", "col"})),
        "search_all_url": f"?{urlencode({'q': filters.text})}" if filters.text and form.kept else "?",
        "show_business": len(businesses) > 1,
        "tabs": [] if is_part(request, LIST_ROWS) else _tabs(request, scope, filters),
        "import_url": link_if("customers:imports", request, Perm.IMPORTS_RUN),
        "more": [
            {"label": _("Tags"), "url": reverse("customers:tags"), "icon": "tag"},
            {"label": _("Fields"), "url": reverse("customers:fields"), "icon": "columns-3"},
        ],
        "create_url": link_if("customers:create", request, Perm.CUSTOMERS_EDIT),
    }
    return page(request, "customers/customer_list.html", context, partials={LIST_ROWS})


@require_safe
@requires(Perm.ORDERS_VIEW)
def orders(request: StaffRequest) -> HttpResponse:
    scope = scope_of(request)
    businesses = list(Business.objects.active().visible_to(request.actor))
    form = OrderFilterForm(
        request.GET, businesses=businesses, named=order_list.named_by(request.GET), words=order_list.words_of_orders()
    )
    sort, descending = sort_of(request.GET.get("sort"), order_list.ORDER_SORTS, "-placed")
    rows, count = order_list.order_page(
        scope, form.filters(), sort=sort, descending=descending, cursor=request.GET.get("cursor", "")
    )
    context = {
        "form": form,
        "filters": form.filters(),
        "rows": rows,
        "count": count,
        "links": rows.links(request.GET),
        "chips": form.chips(request.GET),
        "sort": request.GET.get("sort", ""),
        "clear_url": with_query(request.GET, **dict.fromkeys(set(form.fields) - {"q"})),
        "show_business": len(businesses) > 1,
    }
    return page(request, "customers/order_list.html", context, partials={"orders-rows"})


@require_safe
@requires(Perm.ORDERS_VIEW)
def refunds(request: StaffRequest) -> HttpResponse:
    """What was given back; `customer` and `order` narrow it, as links from other pages do."""
    form = RefundFilterForm(request.GET, businesses=list(Business.objects.active().visible_to(request.actor)))
    rows, count = order_list.refund_page(scope_of(request), form.filters(), cursor=request.GET.get("cursor", ""))
    context = {
        "form": form,
        "filters": form.filters(),
        "rows": rows,
        "count": count,
        "links": rows.links(request.GET),
        "chips": form.chips(request.GET),
        "clear_url": "?",
    }
    return page(request, "customers/refund_list.html", context, partials={"refunds-rows"})


def _tabs(request: StaffRequest, scope: Scope, filters: CustomerFilters) -> list[dict[str, object]]:
    """Ready-made views with their counts, of the business that the list is narrowed to."""
    labels = {
        "everyone": _("Everyone"),
        "members": _("Members"),
        "champions": _("Champions"),
        "at-risk": _("At risk"),
        "new": _("New this week"),
    }
    params = {"members": "?member=yes", "champions": "?group=champions", "at-risk": "?group=at_risk", "new": "?new=7"}
    plain = replace(filters, business_id=None, text="")
    here = f"&business={request.GET['business']}" if filters.business_id else ""
    return [
        {
            "label": labels[view.key],
            "url": (params.get(view.key, "?") + here).replace("?&", "?"),
            "current": plain == view.filters,
            "count": view.counted(scope, filters.business_id),
        }
        for view in VIEWS
    ]


def scope_of(request: StaffRequest) -> Scope:
    programme = request.programme
    return Scope(actor=request.actor, country=programme.country, zone=programme.zone, now=timezone.now())


def is_part(request: HttpRequest, target: str) -> bool:
    """Whether htmx asks for this part only: what surrounds it need not be computed."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and htmx.target == target and not htmx.boosted and not htmx.history_restore_request)


def link_if(name: str, request: StaffRequest, perm: Perm) -> str:
    """The page's URL for people who may use it, else nothing."""
    if perm not in request.membership.permissions:
        return ""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
