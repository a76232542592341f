"""Products: their list, one of them, add, change, archive, restore."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import InvalidInput, NotFound
from core.forms import field_check
from core.keyset import sort_of, with_query
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions import products as actions
from customers.forms_products import ProductFilterForm, ProductForm
from customers.models import Product, ProductSales
from customers.reports import products as report
from customers.reports.product_figures import bought_together
from customers.reports.stock import levels_of
from customers.views import link_if, scope_of

PAIRS_SHOWN = 5


@require_safe
@requires(Perm.ORDERS_VIEW)
def products(request: StaffRequest) -> HttpResponse:
    form = ProductFilterForm(request.GET, categories=report.choices_of("category"), vendors=report.choices_of("vendor"))
    filters = form.filters()
    sort, descending = sort_of(request.GET.get("sort"), report.PRODUCT_SORTS, report.DEFAULT_PRODUCT_SORT)
    rows, count = report.product_page(
        scope_of(request), filters, sort=sort, descending=descending, cursor=request.GET.get("cursor", "")
    )
    context = {
        "form": form,
        "filters": filters,
        "rows": rows,
        "count": count,
        "links": rows.links(request.GET),
        "chips": form.chips(request.GET),
        "sort": request.GET.get("sort", ""),
        "clear_url": with_query(request.GET, **dict.fromkeys(set(form.fields) - {"q"})),
        "create_url": link_if("customers:product-create", request, Perm.PRODUCTS_EDIT),
        "days": ProductSales.DAYS,
    }
    return page(request, "customers/product_list.html", context, partials={"products-rows"})


@require_safe
@requires(Perm.ORDERS_VIEW)
def product(request: StaffRequest, code: str) -> HttpResponse:
    found = _get(code)
    context = {
        "detail": report.product_detail(found, scope_of(request), request.programme.currency),
        "product": found,
        "days": ProductSales.DAYS,
        "may_edit": _may_change(request),
        "levels": levels_of(found, request.actor),
        "pairs": bought_together(business_id=request.actor.business_id, product=found, limit=PAIRS_SHOWN),
        "may_stock": Perm.STOCK_EDIT in request.membership.permissions,
    }
    return page(request, "customers/product_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.PRODUCTS_EDIT)
def create(request: StaffRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = ProductForm(data, check_url=reverse("customers:product-create"))
    if data is not None and (checked := field_check(request, form)) is not None:
        return checked
    made = _accepted(
        form,
        lambda: actions.create_product(
            values=form.cleaned_data,  # type: ignore[arg-type]
            actor=request.actor,
            now=timezone.now(),
        ),
    )
    if made is not None:
        messages.success(request, _("%(name)s is in your catalogue now") % {"name": made})
        return done(request, reverse("customers:product", args=[made.code]))
    return page(request, "customers/product_form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.PRODUCTS_EDIT)
def edit(request: StaffRequest, code: str) -> HttpResponse:
    request.actor.check_sees_all()
    found = _get(code)
    data = request.POST if request.method == "POST" else None
    form = ProductForm(data, product=found, check_url=reverse("customers:product-edit", args=[code]))
    if data is not None and (checked := field_check(request, form)) is not None:
        return checked
    changed = _accepted(
        form,
        lambda: actions.change_product(
            code=code,
            values=form.cleaned_data,  # type: ignore[arg-type]
            actor=request.actor,
        ),
    )
    if changed is not None:
        messages.success(request, _("Saved"))
        return done(request, reverse("customers:product", args=[code]))
    context = {"form": form, "product": found}
    return page(request, "customers/product_form.html", context, status=422 if form.errors else 200)


@require_POST
@requires(Perm.PRODUCTS_EDIT)
def archive(request: StaffRequest, code: str) -> HttpResponse:
    actions.archive_product(code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("In the archive now: out of lists, while its sales stay"))
    return done(request, reverse("customers:product", args=[code]))


@require_POST
@requires(Perm.PRODUCTS_EDIT)
def restore(request: StaffRequest, code: str) -> HttpResponse:
    actions.restore_product(code=code, actor=request.actor)
    messages.success(request, _("Back in your list"))
    return done(request, reverse("customers:product", args=[code]))


def _may_change(request: StaffRequest) -> bool:
    """Whoever sees one business may add products; a change shows in all businesses."""
    return Perm.PRODUCTS_EDIT in request.membership.permissions and request.actor.business_id is None


def _get(code: str) -> Product:
    found = Product.objects.filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def _accepted(form: ProductForm, act: Callable[[], Product]) -> Product | None:
    """What the act made of a valid form; None with the reason in the form where it was refused or nothing was sent."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return act()
    except (InvalidInput, actions.SkuTaken) as error:
        field = str(getattr(error, "field", "") or error.data.get("field", ""))
        form.add_error(field if field in form.fields else None, str(error.message))
        return None
