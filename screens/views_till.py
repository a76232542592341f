"""The till: find or add a customer by phone, add points for an amount, redeem points, undo within a minute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.page import done, page
from core.permissions import Perm, requires
from core.phones import dial_code, display_phone
from core.requests import StaffRequest
from core.tenancy import active_schema
from customers.actions.consent import record_consent
from customers.actions.customers import CustomerValues, find_or_create_by_phone, update_customer
from customers.models import Customer, Identifier
from intelligence.reports_products import likely_products
from loyalty.access_affiliates import affiliate_of_code
from loyalty.actions.affiliate_customers import note_customer
from loyalty.actions.points import add_points, redeem_points, reverse_transaction
from loyalty.actions.recommendations import recommend
from loyalty.actions.referral_settings import referral_settings
from loyalty.actions.referrals import referrer_of, track_referral
from loyalty.errors import UnknownReferrer
from loyalty.models import Account, Affiliate, AffiliateCustomer, Recommendation, Referral
from loyalty.reports import SalePreview, preview_sale
from loyalty.reports_stamps import stamps_of_order
from programs import api_limits
from screens import reports_till
from screens.forms_till import AmountForm, CreateForm, DeviceForm, FindForm, RedeemForm
from screens.till_device import COOKIE, TillRequest, at_a_till, own_transaction, remember_till, till_of
from screens.till_token import TOKEN_DIGITS, read_till_token
from screens.views_till_rewards import ClaimForm, is_claim_code, look_up_claim, rewards_shown
from workspace.actions.tills import register_till, till_of_token
from workspace.models import Business

LIKELY = 3  # products that the till names


# -- this browser as a till -------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@requires(Perm.TILL_USE)
def device(request: StaffRequest) -> HttpResponse:
    """Make this browser a till of one business."""
    businesses = Business.objects.active().visible_to(request.actor)
    current = till_of(request)
    if request.method == "POST":
        form = DeviceForm(request.POST, businesses=businesses)
        if not form.is_valid():
            return page(request, "screens/till/device.html", {"form": form, "current": current}, status=422)
        before = till_of_token(request.COOKIES.get(COOKIE, ""))
        _device, token = register_till(**form.cleaned_data, actor=request.actor, now=timezone.now(), moved_from=before)
        response = done(request, reverse("till:find"))
        remember_till(response, token)
        return response
    form = DeviceForm(businesses=businesses, initial={"name": current.name if current else _("Till 1")})
    return page(request, "screens/till/device.html", {"form": form, "current": current})


# -- find or add a customer -------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@at_a_till
def find(request: TillRequest) -> HttpResponse:
    if request.method == "GET":
        return _find_page(request, FindForm(country=request.programme.country))
    if is_claim_code(request.POST.get("phone", "")):
        return look_up_claim(request, ClaimForm({"code": request.POST["phone"]}))
    shown = _who_shows_a_code(request)
    if shown is not None:
        return done(request, reverse("till:sale", args=[shown.code]))
    form = FindForm(request.POST, country=request.programme.country)
    if not form.is_valid():
        return _find_page(request, form, status=422)
    phone = form.cleaned_data["phone"]
    customer = _look_up(request, phone)
    if customer is not None:
        return done(request, reverse("till:sale", args=[customer.code]))
    phone = display_phone(phone, request.programme.country)
    return _create_page(request, CreateForm(initial={"phone": phone}, country=request.programme.country), phone)


@require_POST
@at_a_till
def match(request: TillRequest) -> HttpResponse:
    """Who has the number typed so far: somebody only when it is complete, never a list of people."""
    form = FindForm(request.POST, country=request.programme.country)
    shown = _who_shows_a_code(request)
    context: dict[str, object] = {"complete": form.is_valid(), "customer": shown}
    if shown is not None:
        context["phone"] = reports_till.last_digits(shown.phone)
    elif form.is_valid():
        customer = _look_up(request, form.cleaned_data["phone"])
        context |= {"customer": customer, "phone": reports_till.last_digits(form.cleaned_data["phone"])}
    elif not request.POST.get("phone"):
        context["recent"] = _recent(request)
    return page(request, "screens/till/_match.html", context)


@require_POST
@at_a_till
def create(request: TillRequest) -> HttpResponse:
    form = CreateForm(request.POST, country=request.programme.country)
    if not form.is_valid():
        return _create_page(request, form, form["phone"].value(), status=422)
    _count_number(request)  # somebody who is there already is shown
    data, now = form.cleaned_data, timezone.now()
    try:
        sent_by = _who_sent_them(data["referral_code"])
    except UnknownReferrer as error:
        form.add_error("referral_code", str(error.message))
        return _create_page(request, form, form["phone"].value(), status=422)
    with transaction.atomic():
        customer = _create_customer(request, data)
        for purpose in ("service", "marketing"):
            if data[purpose]:
                record_consent(
                    customer=customer,
                    channel="sms",
                    purpose=purpose,
                    is_granted=True,
                    source="till",
                    wording=f"till-{purpose}-1",
                    actor=request.actor,
                    now=now,
                )
    if sent_by is not None:
        _note_who_sent_them(request, sent_by, customer)
    return done(request, reverse("till:sale", args=[customer.code]))


def _who_sent_them(code: str) -> Account | Affiliate | None:
    """The member or the affiliate with this code; raises UnknownReferrer."""
    if not code:
        return None
    affiliate = affiliate_of_code(code)
    if affiliate is not None and affiliate.state == Affiliate.State.ACTIVE:
        return affiliate
    return referrer_of(code=code)


def _note_who_sent_them(request: TillRequest, sent_by: Account | Affiliate, customer: Customer) -> None:
    """Who is a customer already, or was brought by another, is told to the cashier; the sale goes on."""
    actor, now = replace(request.actor, business_id=request.till.business_id), timezone.now()
    try:
        if isinstance(sent_by, Affiliate):
            note_customer(
                link_code=sent_by.link_code,
                customer=customer,
                channel=AffiliateCustomer.Channel.TILL,
                actor=actor,
                now=now,
            )
        else:
            track_referral(
                referrer=sent_by,
                friend_phone=customer.phone,
                channel=Referral.Channel.TILL,
                actor=actor,
                now=now,
            )
    except DomainError as error:
        messages.warning(request, str(error.message))


def _create_customer(request: TillRequest, data: dict[str, Any]) -> Customer:
    """The customer of a number. Somebody who was added meanwhile, at another till, keeps the name given there."""
    region, now = request.programme.country, timezone.now()
    found = find_or_create_by_phone(
        phone=request.POST["phone"], region=region, source="till", actor=request.actor, now=now
    )
    if not found.is_new or not data["first_name"]:
        return found.customer
    values: CustomerValues = {"first_name": data["first_name"]}
    return update_customer(customer_id=found.customer.pk, values=values, region=region, actor=request.actor, now=now)


def _find_page(request: TillRequest, form: FindForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "country": request.programme.country,
        "dial_code": dial_code(request.programme.country),
        "idle": _idle(request),
        "recent": _recent(request),
        "till": request.till,
    }
    return page(request, "screens/till/find.html", context, status=status)


def _create_page(request: TillRequest, form: CreateForm, phone: str, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "phone": phone,
        "idle": _idle(request),
        "till": request.till,
        "has_referrals": referral_settings().is_active
        or Affiliate.objects.filter(state=Affiliate.State.ACTIVE).exists(),
    }
    return page(request, "screens/till/create.html", context, status=status)


def _idle(request: TillRequest) -> reports_till.EarlierAtTill:
    return reports_till.earlier_at_till(till=request.till, programme=request.programme, now=timezone.now())


def _who_shows_a_code(request: TillRequest) -> Customer | None:
    """Whose code from the points page was scanned, or typed, into the field of the number."""
    typed = "".join(request.POST.get("phone", "").split())
    if len(typed) != TOKEN_DIGITS:
        return None
    _count_number(request)
    return read_till_token(typed, timezone.now())


def _recent(request: TillRequest) -> list[reports_till.RecentCustomer]:
    return reports_till.recent_customers(till=request.till, programme=request.programme, now=timezone.now())


def _count_number(request: TillRequest) -> None:
    """A till looks up a few numbers a minute; walking through numbers stops here."""
    api_limits.count(api_limits.TILL_LOOKUP, f"{active_schema()}:{request.till.code}")


def _look_up(request: TillRequest, phone: str) -> Customer | None:
    _count_number(request)
    found = Identifier.objects.select_related("customer").filter(kind=Identifier.Kind.PHONE, value=phone)
    identifier = found.exclude(customer__state=Customer.State.ERASED).first()
    return identifier.customer if identifier else None


# -- a sale -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@at_a_till
def sale(request: TillRequest, code: str) -> HttpResponse:
    """Amount → points. The key in the form makes a double click, a reload or a second try one sale."""
    customer = _customer(code)
    if request.method == "GET":
        return _sale_page(request, customer, AmountForm(currency=request.programme.currency))
    form = AmountForm(request.POST, currency=request.programme.currency)
    if not form.is_valid():
        return _sale_page(request, customer, form, status=422)
    try:
        posting = add_points(
            business=request.till.business_id,
            customer_id=customer.pk,
            amount=form.cleaned_data["amount"],
            key=form.cleaned_data["key"],
            owner=reports_till.key_owner(request.till),
            source="till",
            actor=request.actor,
            now=timezone.now(),
        )
    except DomainError as error:
        return _sale_page(request, customer, form, status=form.refuse(error))
    return done(request, reverse("till:done", args=[posting.transaction]))


@require_POST
@at_a_till
def preview(request: TillRequest, code: str) -> HttpResponse:
    """What the amount typed so far would give. Writes nothing; the server decides the rounding."""
    customer = _customer(code)
    form = AmountForm(request.POST, currency=request.programme.currency)
    shown = None
    if form.is_valid():
        shown = _preview(request, customer, form)
    return page(request, "screens/till/_preview.html", {"preview": shown, "swap_label": True, "form": form})


def _preview(request: TillRequest, customer: Customer, form: AmountForm) -> SalePreview:
    return preview_sale(
        business=request.till.business_id,
        amount=form.cleaned_data["amount"],
        customer_id=customer.pk,
        actor=request.actor,
        now=timezone.now(),
    )


def _sale_page(request: TillRequest, customer: Customer, form: AmountForm, status: int = 200) -> HttpResponse:
    shown = None
    if form.is_bound and "amount" in form.cleaned_data:
        shown = _preview(request, customer, form)
    likely = likely_products(
        customer.pk,
        business_id=request.till.business_id,
        zone=request.programme.zone,
        now=timezone.now(),
        most=LIKELY,
    )
    context = {**_card(request, customer), "form": form, "preview": shown, "likely": likely}
    return page(request, "screens/till/sale.html", context, status=status)


@require_http_methods(["GET", "POST"])
@at_a_till
def redeem(request: TillRequest, code: str) -> HttpResponse:
    customer = _customer(code)
    if request.method == "GET":
        return _redeem_page(request, customer, RedeemForm(initial=_tried_before(request)))
    form = RedeemForm(request.POST)
    if not form.is_valid():
        return _redeem_page(request, customer, form, status=422)
    try:
        posting = redeem_points(
            business=request.till.business_id,
            customer_id=customer.pk,
            points=form.cleaned_data["points"],
            reason=form.cleaned_data["reason"],
            key=form.cleaned_data["key"],
            owner=reports_till.key_owner(request.till),
            source="till",
            actor=request.actor,
            now=timezone.now(),
        )
    except DomainError as error:
        return _redeem_page(request, customer, form, status=form.refuse(error))
    return done(request, reverse("till:done", args=[posting.transaction]))


def _tried_before(request: TillRequest) -> dict[str, str]:
    """A redemption that got no answer comes back with its key: sent again, it takes once."""
    return {name: request.GET[name][:200] for name in ("points", "reason", "key") if name in request.GET}


def _redeem_page(request: TillRequest, customer: Customer, form: RedeemForm, status: int = 200) -> HttpResponse:
    return page(request, "screens/till/redeem.html", {**_card(request, customer), "form": form}, status=status)


@require_GET
@at_a_till
def finished(request: TillRequest, code: str) -> HttpResponse:
    """The result of a sale, on one screen, with a minute to undo it."""
    entry = own_transaction(request, code)
    now = timezone.now()
    context = {
        **_card(request, entry.account.customer),
        "sale_stamps": stamps_of_order(entry.order_id) if entry.order_id and entry.kind == "earn" else [],
        "done": reports_till.result_of(entry, currency=request.programme.currency, now=now),
    }
    return page(request, "screens/till/done.html", context)


@require_POST
@at_a_till
def undo(request: TillRequest, code: str) -> HttpResponse:
    """Take back what this till did within the last minute. A second press finds it done."""
    entry = own_transaction(request, code)
    posting = reverse_transaction(
        transaction=entry.code,
        key=f"undo:{entry.code}",
        owner=reports_till.key_owner(request.till),
        source="till",
        reason=_("Undone at the till"),
        cancels_order=entry.order_id is not None,
        within_undo_window=True,
        actor=request.actor,
        now=timezone.now(),
    )
    return done(request, reverse("till:done", args=[posting.transaction]))


def _customer(code: str) -> Customer:
    customer = Customer.objects.behind(code)
    if customer is None:
        raise Http404
    return customer


def _card(request: TillRequest, customer: Customer) -> dict[str, object]:
    card = reports_till.customer_card(
        customer=customer, actor=request.actor, programme=request.programme, now=timezone.now()
    )
    told = recommend(
        [customer.pk],
        channel=Recommendation.Channel.TILL,
        till_business_id=request.till.business_id,
        now=timezone.now(),
    )
    return {
        "card": card,
        "till": request.till,
        "recommendations": told.get(customer.pk, ()),
        **rewards_shown(request, customer),
    }
