"""The programme's points for staff: earning rates, what a point is worth, all transactions, points of one customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from core.clock import Period
from core.errors import DomainError, InvalidInput, PermissionRefused
from core.keyset import CURSOR
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_points
from core.requests import StaffRequest
from customers.models import Customer
from loyalty.access import get_transaction
from loyalty.actions.approvals import ask_for_adjustment
from loyalty.actions.points import add_points, adjust_points, redeem_points, reverse_transaction
from loyalty.actions.settings import change_point_settings, set_earning_rate
from loyalty.errors import ApprovalRequired
from loyalty.ledger import Posting
from loyalty.reports import find_transactions
from loyalty.tabs import loyalty_tabs
from screens import reports_programme, reports_till
from screens.forms_programme import (
    FLOWS,
    AddForm,
    AdjustForm,
    PointSettingsForm,
    RateForm,
    RedeemForm,
    TransactionFilter,
)
from screens.forms_till import KeyedForm
from workspace.models import Business
from workspace.querysets import BusinessQuerySet

PAGE_SIZE = 25

# -- earning ----------------------------------------------------------------------------------------------------------


@require_safe
@requires(Perm.PROGRAMME_VIEW)
def programme(request: StaffRequest) -> HttpResponse:
    return _programme_page(request)


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def rate(request: StaffRequest, code: str) -> HttpResponse:
    """Set a business's earning rate; sales from now on use it."""
    shop = _business(request, code)
    form = RateForm(request.POST, auto_id=f"{shop.code}_%s")
    if form.is_valid():
        try:
            set_earning_rate(business_id=shop.pk, **form.cleaned_data, actor=request.actor)
        except InvalidInput as error:
            form.add_error(error.field or None, str(error.message))
    if not form.is_valid():
        return _programme_page(request, rate_forms={shop.code: form}, status=422)
    messages.success(request, _("%(name)s: the new rate holds from the next sale") % {"name": shop.name})
    return done(request, reverse("loyalty:programme"))


@require_GET
@requires(Perm.PROGRAMME_VIEW)
def rate_example(request: StaffRequest, code: str) -> HttpResponse:
    """What the rate typed so far means, in the programme's currency. Writes nothing."""
    shop = _business(request, code)
    form = RateForm(request.GET)
    example = ""
    if form.is_valid():
        example = reports_programme.rate_example(
            form.cleaned_data["points_per_unit"], form.cleaned_data["rounding"], request.programme.currency
        )
    return page(request, "screens/loyalty/_rate_example.html", {"shop": shop, "example": example})


@require_POST
@requires(Perm.PROGRAMME_EDIT)
def point_settings(request: StaffRequest) -> HttpResponse:
    if request.actor.business_id is not None:
        raise PermissionRefused(_("This holds for all businesses. Ask somebody who sees all of them."))
    form = PointSettingsForm(request.POST)
    if form.is_valid():
        try:
            change_point_settings(settings=form.settings(), actor=request.actor, now=timezone.now())
        except InvalidInput as error:
            form.add_error(error.field or None, str(error.message))
    if not form.is_valid():
        return _programme_page(request, settings_form=form, status=422)
    messages.success(request, _("Saved."))
    return done(request, reverse("loyalty:programme"))


def _programme_page(
    request: StaffRequest,
    *,
    rate_forms: dict[str, RateForm] | None = None,
    settings_form: PointSettingsForm | None = None,
    status: int = 200,
) -> HttpResponse:
    may_edit = Perm.PROGRAMME_EDIT in request.membership.permissions
    context = {
        "earning": reports_programme.earning_of_businesses(
            actor=request.actor, currency=request.programme.currency, forms=rate_forms or {}
        ),
        "point_settings": reports_programme.point_settings(request.programme.currency),
        "form": settings_form or PointSettingsForm(initial=reports_programme.point_settings_initial()),
        "may_edit": may_edit,
        "may_edit_settings": may_edit and request.actor.business_id is None,
        "tabs": loyalty_tabs(request, "loyalty:programme"),
    }
    return page(request, "screens/loyalty/programme.html", context, status=status)


# -- transactions -----------------------------------------------------------------------------------------------------


@require_safe
@requires(Perm.POINTS_VIEW)
def transactions(request: StaffRequest) -> HttpResponse:
    """Everything that moved points, newest first, with filters in the URL."""
    shops = Business.objects.visible_to(request.actor).order_by("name")
    chosen = TransactionFilter(request.GET, businesses=shops)
    chosen.is_valid()
    wanted = chosen.cleaned_data
    first, last, zone = wanted.get("start"), wanted.get("end"), request.programme.zone
    found = find_transactions(
        visible_to=request.actor,
        business_id=wanted["business"].pk if wanted.get("business") else None,
        kind=wanted.get("kind", ""),
        flow=wanted.get("flow", ""),
        start=Period(first, first, zone).start if first else None,
        end=Period(last, last, zone).end if last else None,
    )
    rows = reports_programme.transaction_rows(
        found, programme=request.programme, cursor=request.GET.get(CURSOR, ""), size=PAGE_SIZE, now=timezone.now()
    )
    context = {
        "rows": rows.page.rows,
        "first": rows.page.first,
        "last": rows.page.last,
        "total": rows.total,
        **rows.page.links(request.GET),
        "kinds": TransactionFilter.base_fields["kind"].choices,  # type: ignore[attr-defined]
        "businesses": [("", _("All businesses")), *((shop.code, shop.name) for shop in shops)],
        "chosen": request.GET,
        "flow": wanted.get("flow", ""),
        "flow_label": dict(FLOWS)[wanted.get("flow", "")],
        "is_filtered": any(wanted.get(name) for name in ("kind", "business", "start", "end", "flow")),
        "may_reverse": Perm.POINTS_REVERSE in request.membership.permissions,
        "tabs": loyalty_tabs(request, "loyalty:transactions"),
    }
    return page(request, "screens/loyalty/transactions.html", context, partials={"transaction-list"})


@require_POST
@requires(Perm.POINTS_REVERSE)
def reverse_entry(request: StaffRequest, code: str) -> HttpResponse:
    """Undo a transaction whole. Pressed twice, it is undone once."""
    entry = get_transaction(request.actor, code)
    posting = reverse_transaction(
        transaction=entry.code,
        key=f"reverse:{entry.code}",
        reason=_("Reversed by %(name)s") % {"name": request.actor.label},
        source="page",
        actor=request.actor,
        now=timezone.now(),
    )
    text = ngettext(
        "Reversed. The balance is %(balance)s point now.",
        "Reversed. The balance is %(balance)s points now.",
        posting.balance,
    )
    messages.success(request, text % {"balance": format_points(posting.balance)})
    return done(request, reverse("loyalty:transactions"))


# -- the points of one customer ---------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(Perm.POINTS_WRITE)
def customer_add(request: StaffRequest, code: str) -> HttpResponse:
    customer = _customer(request, code)
    shops = _shops(request)
    form = AddForm(request.POST or None, businesses=shops, currency=request.programme.currency)

    def act() -> Posting:
        data = form.cleaned_data
        return add_points(
            business=data["business"].pk,
            customer_id=customer.pk,
            amount=data["amount"],
            key=data["key"],
            source="page",
            actor=request.actor,
            now=timezone.now(),
        )

    return _act(request, customer, form, _("Add points"), _("Add points"), act)


@require_http_methods(["GET", "POST"])
@requires(Perm.POINTS_WRITE)
def customer_redeem(request: StaffRequest, code: str) -> HttpResponse:
    customer = _customer(request, code)
    form = RedeemForm(request.POST or None, businesses=_shops(request))

    def act() -> Posting:
        data = form.cleaned_data
        return redeem_points(
            business=data["business"].pk,
            customer_id=customer.pk,
            points=data["points"],
            reason=data["reason"],
            key=data["key"],
            source="page",
            actor=request.actor,
            now=timezone.now(),
        )

    return _act(request, customer, form, _("Redeem points"), _("Redeem points"), act)


@require_http_methods(["GET", "POST"])
@requires(Perm.POINTS_ADJUST)
def customer_adjust(request: StaffRequest, code: str) -> HttpResponse:
    """Give or take points by hand, with a reason that people will read; many of them wait for a second person."""
    customer = _customer(request, code)
    form = AdjustForm(request.POST or None)

    def act() -> Posting:
        data = form.cleaned_data
        return adjust_points(**_adjustment(request, customer, data), business=request.actor.business_id)

    try:
        return _act(request, customer, form, _("Adjust points"), _("Adjust the balance"), act)
    except ApprovalRequired:
        ask_for_adjustment(**_adjustment(request, customer, form.cleaned_data), business=request.actor.business_id)
        messages.success(request, _("Asked. The points move when somebody else approves them."))
        return done(request, _profile_url(customer))


def _adjustment(request: StaffRequest, customer: Customer, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "customer_id": customer.pk,
        "points": data["points"],
        "reason": data["reason"],
        "key": data["key"],
        "actor": request.actor,
        "now": timezone.now(),
    }


def _act(
    request: StaffRequest, customer: Customer, form: KeyedForm, title: str, button: str, act: Callable[[], Posting]
) -> HttpResponse:
    """Show the form, or do it and go to the customer; a refusal stays in the form with what was typed."""
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                posting = act()
            except ApprovalRequired:
                raise
            except DomainError as error:
                status = form.refuse(error)
            else:
                return _acted(request, customer, posting)
    card = reports_till.customer_card(
        customer=customer, actor=request.actor, programme=request.programme, now=timezone.now()
    )
    context = {"form": form, "title": title, "button": button, "card": card, "back_url": _profile_url(customer)}
    return page(request, "screens/loyalty/customer_points.html", context, status=status)


def _acted(request: StaffRequest, customer: Customer, posting: Posting) -> HttpResponse:
    text = ngettext(
        "Done: %(points)s point. The balance is %(balance)s now.",
        "Done: %(points)s points. The balance is %(balance)s now.",
        abs(posting.points),
    ) % {
        "points": f"{posting.points:+,d}".replace("-", "\u2212"),
        "balance": format_points(posting.balance),
    }
    messages.success(request, text)
    return done(request, _profile_url(customer))


def _profile_url(customer: Customer) -> str:
    try:
        return reverse("screens:profile", args=[customer.code])
    except NoReverseMatch:
        return reverse("loyalty:transactions")


def _customer(request: StaffRequest, code: str) -> Customer:
    customer = Customer.objects.active().visible_to(request.actor).filter(code=code).first()
    if customer is None:
        raise Http404
    return customer


def _shops(request: StaffRequest) -> BusinessQuerySet:
    return Business.objects.active().visible_to(request.actor).order_by("name")


def _business(request: StaffRequest, code: str) -> Business:
    shop = Business.objects.active().visible_to(request.actor).filter(code=code).first()
    if shop is None:
        raise Http404
    return shop
