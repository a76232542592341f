"""Customers and orders as lists. One customer, products and imports have their own views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.keyset import Count, sort_of, with_query
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions.saved_views import views_of
from customers.forms import OrderFilterForm, RefundFilterForm
from customers.list_query import list_form, written_down
from customers.models import SavedView
from customers.reports import customer_list
from customers.reports import orders as order_list
from customers.reports.customer_list import SCORE_SORTS, VIEWS, CustomerFilters, Scope, sorts_for
from workspace.models import Business

LIST_ROWS = "customers-rows"
EVERYONE = "view=everyone"  # the list without filters, where another view opens first


@require_safe
@requires(Perm.CUSTOMERS_VIEW)
def customers(request: StaffRequest) -> HttpResponse:
    is_rows = is_part(request, LIST_ROWS)
    saved = [] if is_rows else list(views_of(request.actor))
    opens_first = next((view for view in reversed(saved) if view.is_default), None)  # one's own before a shared one
    if opens_first is not None and not request.GET:
        return HttpResponseRedirect(f"?{opens_first.query or EVERYONE}")
    scope = scope_of(request)
    form = list_form(request.GET, scope)
    filters, columns = form.filters(), form.columns()
    sort, descending = sort_of(request.GET.get("sort"), sorts_for(request.actor), customer_list.DEFAULT_SORT)
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
    duplicates_url = link_if("customers:duplicates", request, Perm.CUSTOMERS_MERGE)
    context = {
        "form": form,
        "has_tiers": len(form.fields["tier"].choices) > 1,  # type: ignore[attr-defined]
        "filters": filters,
        "columns": columns,
        "shows_tags": form.shows_tags,
        "listed": listed,
        "links": listed.page.links(request.GET),
        "shows_scores": any(row.churn is not None for row in listed.page.rows),
        "shows_archetypes": not filters.group and any(row.archetype for row in listed.page.rows),
        "is_by_score": sort in SCORE_SORTS,
        "css": _column_css(sort, has_churn=bool(filters.churn)),
        "chips": form.chips(request.GET, request.programme.currency),
        "sort": request.GET.get("sort", ""),
        "clear_url": with_query(request.GET, view="everyone", **dict.fromkeys(set(form.fields) - {"q", "col"})),
        "search_all_url": f"?{urlencode({'q': filters.text})}" if filters.text and form.kept else f"?{EVERYONE}",
        "selection": selection_query(request.GET),
        "bulk_actions": _bulk_actions(request, filters),
        "total": listed.count.value if not listed.is_fuzzy else None,
        "save_url": f"{reverse('customers:view-save')}?{written_down(form)}",
        "show_business": len(form.business_ids) > 1,
        "tabs": [] if is_rows else _tabs(request, scope, filters, listed.count, saved, written_down(form)),
        "import_url": link_if("customers:imports", request, Perm.IMPORTS_RUN),
        "more": [
            {"label": _("Tags"), "url": reverse("customers:tags"), "icon": "tag"},
            {"label": _("Fields"), "url": reverse("customers:fields"), "icon": "columns-3"},
            *([{"label": _("Duplicates"), "url": duplicates_url, "icon": "users"}] if duplicates_url else ()),
            {"label": _("Events"), "url": reverse("customers:events"), "icon": "activity"},
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
        request.GET,
        businesses=businesses,
        named=order_list.named_by(request.GET, request.actor),
        words=order_list.words_of_orders(),
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
        "add_url": link_if("orders:add", request, Perm.ORDERS_EDIT),
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


def _column_css(sort: str, *, has_churn: bool) -> Mapping[str, str]:
    """Which columns narrow screens leave out: a phone shows what the list is sorted by beside the name."""
    scores = "max-sm:hidden" if sort in SCORE_SORTS or has_churn else "max-xl:hidden"
    css = {
        "last": "max-md:hidden",
        "orders": "max-md:hidden",
        "points": "max-sm:hidden",
        "churn": scores,
        "value": scores,
    }
    if sort in css:
        return {**css, "spent": "max-sm:hidden", sort: ""}
    return {**css, "churn": ""} if has_churn else css


def _bulk_actions(request: StaffRequest, filters: CustomerFilters) -> list[dict[str, object]]:
    """What can be done with the rows that are checked, for components/_bulk_bar.html."""
    may = request.membership.permissions
    acts = []
    if Perm.CUSTOMERS_EDIT in may:
        acts = [
            (_("Tag"), "tag", "tag"),
            (_("Remove tag"), "minus", "untag"),
            (_("Set field"), "pencil", "set"),
            (_("Restore"), "rotate-cw", "restore") if filters.is_archived else (_("Archive"), "archive", "archive"),
        ]
    if Perm.CUSTOMERS_EXPORT in may:
        acts.append((_("Export"), "download", "export"))
    return [{"label": label, "icon": icon, "name": "act", "value": act} for label, icon, act in acts]


def selection_query(query: QueryDict) -> list[tuple[str, str]]:
    """What the form of checked rows hands on: all that narrows and orders the list."""
    return [(name, value) for name, values in query.lists() if name != "cursor" for value in values if value]


def _tabs(
    request: StaffRequest, scope: Scope, filters: CustomerFilters, listed: Count, saved: Sequence[SavedView], query: str
) -> list[dict[str, object]]:
    """Ready-made views with their counts, of the business that the list is narrowed to; then those that were saved.

    The view that is `listed` has been counted.
    """
    labels = {
        "everyone": _("Everyone"),
        "members": _("Members"),
        "champions": _("Champions"),
        "at-risk": _("At risk"),
        "new": _("New this week"),
    }
    chosen = next((view for view in saved if view.query == query), None)
    own = [
        {
            "label": view.name,
            "url": f"?{view.query or EVERYONE}",
            "current": view == chosen,
            "change_url": reverse("customers:view", args=[view.code]) if view == chosen else "",
        }
        for view in saved
    ]
    params = {
        "everyone": f"?{EVERYONE}",
        "members": "?member=yes",
        "champions": "?group=champions",
        "at-risk": "?group=at_risk",
        "new": "?new=7",
    }
    plain = replace(filters, business_id=None, text="")
    here = f"&business={request.GET['business']}" if filters.business_id else ""
    return [
        {
            "label": labels[view.key],
            "url": params[view.key] + here,
            "current": plain == view.filters and chosen is None,
            "count": listed
            if filters == replace(view.filters, business_id=filters.business_id)
            else view.counted(scope, filters.business_id),
        }
        for view in VIEWS
    ] + own


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
