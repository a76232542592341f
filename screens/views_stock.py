"""Stock for staff: what is where, what is low, and the sheets for deliveries, counts, moves and corrections."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.codes import typed_code
from core.errors import DomainError, InvalidInput, NotFound
from core.idempotency import IdempotencyKey, IdempotencyKeyReused, digest_of
from core.keyset import sort_of, with_query
from core.page import done, page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.actions import stock as actions
from customers.actions.stock import Written
from customers.models import Product, StockLevel, StockLocation
from customers.reports import stock as report
from customers.reports.stock import MovementFilters, StockFilters
from customers.views import scope_of
from screens.csv_files import Cell, csv_file
from screens.forms_stock import (
    CorrectForm,
    CountForm,
    LevelForm,
    MoveForm,
    PlaceForm,
    ReceiveForm,
    SheetForm,
    StockFilterForm,
)
from workspace.actions.idempotency import act_once
from workspace.models import Business

MOST_CSV_ROWS = 20_000
TABS = {
    "list": gettext_lazy("Levels"),
    "movements": gettext_lazy("Movements"),
    "places": gettext_lazy("Places"),
}


@require_safe
@requires(Perm.ORDERS_VIEW)
def levels(request: StaffRequest) -> HttpResponse:
    form = StockFilterForm(request.GET, locations=_places(request))
    sort, descending = sort_of(request.GET.get("sort"), report.LEVEL_SORTS, report.DEFAULT_LEVEL_SORT)
    rows, count = report.level_page(
        scope_of(request), _level_filters(form), sort=sort, descending=descending, cursor=request.GET.get("cursor", "")
    )
    context = {
        **_around(request, "list", form),
        "filters": _level_filters(form),
        "rows": rows,
        "count": count,
        "links": rows.links(request.GET),
        "states": _states(request.GET, form),
        "has_places": bool(form.ids),
    }
    return page(request, "screens/stock/levels.html", context, partials={"stock-rows"})


@require_safe
@requires(Perm.ORDERS_VIEW)
def levels_csv(request: StaffRequest) -> HttpResponse:
    form = StockFilterForm(request.GET, locations=_places(request))
    found = report.levels(request.actor, _level_filters(form)).select_related("product", "location", "forecast")

    def rows() -> Iterator[list[Cell]]:
        for level in found.order_by("product__sku", "location_id")[:MOST_CSV_ROWS]:
            row = report.level_row(level)
            low_at = level.low_at.normalize() if level.low_at is not None else None
            yield [row.sku, row.title, row.location, row.quantity, low_at, row.lasts, row.between, row.order]

    head = [_("Stock code"), _("Product"), _("Place"), _("Quantity"), _("Low at"), _("Lasts"), _("Between"), _("Order")]
    return csv_file("stock", head, rows())


@require_safe
@requires(Perm.ORDERS_VIEW)
def movements(request: StaffRequest) -> HttpResponse:
    form = StockFilterForm(request.GET, locations=_places(request))
    filters = _movement_filters(form)
    rows, count = report.movement_page(scope_of(request), filters, cursor=request.GET.get("cursor", ""))
    product = Product.objects.filter(code=filters.product).first() if filters.product else None
    context = {
        **_around(request, "movements", form),
        "filters": filters,
        "rows": rows,
        "count": count,
        "links": rows.links(request.GET),
        "product": product,
    }
    return page(request, "screens/stock/movements.html", context, partials={"stock-rows"})


@require_safe
@requires(Perm.ORDERS_VIEW)
def movements_csv(request: StaffRequest) -> HttpResponse:
    form = StockFilterForm(request.GET, locations=_places(request))
    found = report.movements(request.actor, _movement_filters(form)).select_related("product", "location")
    rows = (
        [
            one.at.astimezone(request.programme.zone).isoformat(timespec="seconds"),
            str(one.get_kind_display()),
            one.product.sku,
            str(one.product),
            one.location.name,
            one.quantity.normalize(),
            one.reason,
            one.reference,
            one.actor_label,
        ]
        for one in found.order_by("-id")[:MOST_CSV_ROWS]
    )
    head = [_("When"), _("Kind"), _("Stock code"), _("Product"), _("Place"), _("Quantity"), _("Reason"), _("Reference")]
    return csv_file("stock-movements", [*head, _("Who")], rows)


# -- sheets -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.STOCK_EDIT)
def receive(request: StaffRequest) -> HttpResponse:
    def act(form: SheetForm, said: dict[str, Any]) -> Written:
        return actions.receive_stock(lines=form.lines, reference=said.pop("reference"), **said)

    words = (_("Receive stock"), _("What a delivery brought. New products are tracked from now on."), _("Receive"))
    return _sheet(request, ReceiveForm, act, words)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.STOCK_EDIT)
def count(request: StaffRequest) -> HttpResponse:
    words = (_("Count stock"), _("What is on the shelf now, whatever was thought before."), _("Save count"))
    return _sheet(request, CountForm, lambda form, said: actions.count_stock(lines=form.lines, **said), words)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.STOCK_EDIT)
def correct(request: StaffRequest) -> HttpResponse:
    words = (_("Correct stock"), _("So many more, or with a minus so many less, and why."), _("Correct"))
    return _sheet(request, CorrectForm, lambda form, said: actions.correct_stock(lines=form.lines, **said), words)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.STOCK_EDIT)
def move(request: StaffRequest) -> HttpResponse:
    def act(form: SheetForm, said: dict[str, Any]) -> Written:
        return actions.move_stock(lines=form.lines, to=said.pop("to"), **said)

    words = (_("Move stock"), _("From one place to another."), _("Move"))
    return _sheet(request, MoveForm, act, words)


def _sheet(
    request: StaffRequest,
    form_class: type[SheetForm],
    act: Callable[[SheetForm, dict[str, Any]], Written],
    words: tuple[str, str, str],
) -> HttpResponse:
    places = _places(request)
    if not places:
        messages.info(request, _("Add a place first."))
        return done(request, reverse("stock:places"))
    asked = list(Product.objects.filter(code=typed_code(request.GET.get("product", "")))[:1])
    form = form_class(request.POST if request.method == "POST" else None, locations=places, products=asked)
    if form.is_bound and form.is_valid():
        try:
            low = _written_once(request, form, act)
        except IdempotencyKeyReused as error:
            form.refuse(error)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            count = len(form.lines)
            messages.success(
                request, ngettext("%(count)s product saved", "%(count)s products saved", count) % {"count": count}
            )
            if low:
                messages.warning(request, _("Some of it is low now."))
            return done(request, f"{reverse('stock:list')}?location={form.cleaned_data['location'].code}")
    title, text, button = words
    context = {"form": form, "title": title, "text": text, "button": button}
    return page(request, "screens/stock/sheet.html", context, status=422 if form.errors else 200)


def _written_once(request: StaffRequest, form: SheetForm, act: Callable[[SheetForm, dict[str, Any]], Written]) -> int:
    """Do what the sheet says, once for its key; how many levels fell to their mark."""
    now = timezone.now()
    endpoint, key = f"stock.{form.act}", form.cleaned_data["key"]
    written: int = act_once(
        IdempotencyKey(request.actor.reference, endpoint, key, digest_of(form.meaning)),
        lambda: {"low": act(form, {**form.said, "actor": request.actor, "now": now}).low},
        now=now,
    )["low"]
    return written


# -- places and settings ----------------------------------------------------------------------------------------------


@require_safe
@requires(Perm.ORDERS_VIEW)
def places(request: StaffRequest) -> HttpResponse:
    found = StockLocation.objects.visible_to(request.actor).select_related("business").order_by("business", "pk")
    context = {
        "tabs": _tabs("places"),
        "places": found[:500],
        "may_edit": Perm.STOCK_EDIT in request.membership.permissions,
    }
    return page(request, "screens/stock/places.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.STOCK_EDIT)
def place_add(request: StaffRequest) -> HttpResponse:
    businesses = {one.code: one for one in Business.objects.active().visible_to(request.actor).order_by("name")}
    form = PlaceForm(request.POST if request.method == "POST" else None, businesses=list(businesses.values()))
    if form.is_bound and form.is_valid():
        business, name = businesses[form.cleaned_data["business"]], form.cleaned_data["name"]
        given = {"business_id": business.pk, "name": name, "actor": request.actor, "now": timezone.now()}
        if _accepted(form, lambda: actions.create_location(**given)):
            messages.success(request, _("%(name)s is there now") % {"name": name})
            return done(request, reverse("stock:places"))
    return page(request, "screens/stock/place.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.STOCK_EDIT)
def place(request: StaffRequest, code: str) -> HttpResponse:
    found = _place(request, code)
    form = PlaceForm(request.POST if request.method == "POST" else None, place=found)
    if form.is_bound and form.is_valid():
        changes = {"name": form.cleaned_data["name"], "is_default": form.cleaned_data.get("is_default") or None}
        if _accepted(form, lambda: actions.change_location(code=code, actor=request.actor, **changes)):
            messages.success(request, _("Saved"))
            return done(request, reverse("stock:places"))
    return page(request, "screens/stock/place.html", {"form": form, "place": found}, status=422 if form.errors else 200)


@require_POST
@requires(Perm.STOCK_EDIT)
def place_archive(request: StaffRequest, code: str) -> HttpResponse:
    actions.archive_location(code=code, actor=request.actor, now=timezone.now())
    messages.success(request, _("In the archive now; its movements stay"))
    return done(request, reverse("stock:places"))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Perm.STOCK_EDIT)
def level(request: StaffRequest, code: str) -> HttpResponse:
    found = StockLevel.objects.visible_to(request.actor).select_related("product", "location").filter(code=code).first()
    if found is None:
        raise NotFound
    form = LevelForm(request.POST if request.method == "POST" else None, level=found)
    if form.is_bound and form.is_valid():
        actions.change_level(code=code, actor=request.actor, **form.cleaned_data)
        messages.success(request, _("Saved"))
        return done(request, reverse("customers:product", args=[found.product.code]))
    return page(request, "screens/stock/level.html", {"form": form, "level": found}, status=422 if form.errors else 200)


# -- what they share --------------------------------------------------------------------------------------------------


def _places(request: StaffRequest) -> list[StockLocation]:
    return list(
        StockLocation.objects.visible_to(request.actor).open().order_by("business", "-is_default", "name")[:500]
    )


def _place(request: StaffRequest, code: str) -> StockLocation:
    found = StockLocation.objects.visible_to(request.actor).filter(code=code).first()
    if found is None:
        raise NotFound
    return found


def _accepted(form: PlaceForm, act: Callable[[], StockLocation]) -> StockLocation | None:
    try:
        return act()
    except (InvalidInput, actions.LocationNameTaken) as error:
        form.add_error("name", str(error.message))
    except DomainError as error:
        form.add_error(None, str(error.message))
    return None


def _level_filters(form: StockFilterForm) -> StockFilters:
    valid = form.valid
    return StockFilters(
        text=valid.get("q", ""),
        location_id=form.location_id,
        state=valid.get("state", ""),
        product=valid.get("product", ""),
    )


def _movement_filters(form: StockFilterForm) -> MovementFilters:
    valid = form.valid
    return MovementFilters(location_id=form.location_id, kind=valid.get("kind", ""), product=valid.get("product", ""))


def _around(request: StaffRequest, tab: str, form: StockFilterForm) -> dict[str, object]:
    return {
        "form": form,
        "tabs": _tabs(tab),
        "sort": request.GET.get("sort", ""),
        "csv_query": with_query(request.GET),
        "may_edit": Perm.STOCK_EDIT in request.membership.permissions,
    }


def _tabs(current: str) -> list[dict[str, object]]:
    return [
        {"label": label, "url": reverse(f"stock:{name}"), "current": name == current} for name, label in TABS.items()
    ]


def _states(query: QueryDict, form: StockFilterForm) -> list[dict[str, object]]:
    field: Any = form.fields["state"]
    chosen = form.valid.get("state", "")
    return [
        {"label": label, "url": with_query(query, state=key or None), "current": key == chosen}
        for key, label in field.choices
    ]
