"""The points page: a customer signs in with a code from a text and sees points, history and consent."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from core.keyset import CURSOR
from core.page import done, page
from core.permissions import customer_page
from core.phones import display_phone
from core.requests import ProgrammeRequest, client_ip
from loyalty.actions.recommendations import recommend
from loyalty.models import Recommendation
from messaging.actions import pins, sessions, sign_in
from messaging.errors import CodeDead, TooManyCodes, WrongCode
from messaging.languages import other_languages
from messaging.models import OneTimeCode
from screens import portal_session, reports_portal
from screens.forms_portal import CodeForm, PhoneForm, PinSignInForm
from screens.portal_session import CustomerRequest, signed_in_customer
from screens.views_portal_referrals import refer_shown
from screens.views_portal_rewards import rewards_shown
from screens.views_portal_stamps import stamps_shown

RECENT = 5
HISTORY_PAGE = 25
NEW_CODE_AFTER_SECONDS = 30


# -- signing in -------------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
@customer_page
def sign_in_phone(request: ProgrammeRequest) -> HttpResponse:
    """Ask for a number and start the request for a code. Answers alike for every number that can exist."""
    if request.method == "GET":
        if portal_session.current_session(request) is not None:
            return done(request, reverse("portal:points"))
        return _phone_page(request, PhoneForm(country=request.programme.country))
    form = PhoneForm(request.POST, country=request.programme.country)
    if not form.is_valid():
        return _phone_page(request, form, status=422)
    return _send_code(request, form.cleaned_data["phone"], form)


def _send_code(request: ProgrammeRequest, phone: str, form: PhoneForm) -> HttpResponse:
    try:
        token = sign_in.request_code(phone=phone, address=client_ip(request), now=timezone.now())
    except TooManyCodes as error:
        form.add_error(None, str(error.message))
        return _phone_page(request, form, status=error.status)
    response = done(request, reverse("portal:code"))
    portal_session.remember_request(response, token)
    return response


def _phone_page(request: ProgrammeRequest, form: PhoneForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "languages": other_languages()}
    return page(request, "screens/portal/signin.html", context, status=status)


@never_cache
@require_http_methods(["GET", "POST"])
@customer_page
def sign_in_code(request: ProgrammeRequest) -> HttpResponse:
    pending = portal_session.pending_request(request)
    if pending is None:
        return _ask_again(request, _("That code has run out. Ask for a new one."))
    if request.method == "GET":
        return _code_page(request, pending, CodeForm())
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _code_page(request, pending, form, status=422)
    try:
        session_token = sign_in.verify_code(
            token=portal_session.request_token(request), code=form.cleaned_data["code"], now=timezone.now()
        )
    except WrongCode as error:
        left = error.tries_left
        text = _("That code did not match. Check the newest text; tries left: %(left)d.") % {"left": left}
        form.add_error("code", text)
        return _code_page(request, pending, form, status=422)
    except (CodeDead, TooManyCodes) as error:
        return _ask_again(request, str(error.message))
    response = done(request, reverse("portal:points"))
    portal_session.open_in_browser(response, session_token)
    portal_session.arrive_by_link(request, response, session_token)
    return response


@never_cache
@require_POST
@customer_page
def sign_in_again(request: ProgrammeRequest) -> HttpResponse:
    """Send another code to the number of this browser's request."""
    pending = portal_session.pending_request(request)
    if pending is None:
        return _ask_again(request, _("That code has run out. Ask for a new one."))
    country = request.programme.country
    form = PhoneForm({"phone": pending.phone, "country": country}, country=country)
    return _send_code(request, pending.phone, form)


@never_cache
@require_http_methods(["GET", "POST"])
@customer_page
def sign_in_pin(request: ProgrammeRequest) -> HttpResponse:
    """With the customer's own PIN. A number that nobody has answers like one without a PIN and like a wrong PIN."""
    country = request.programme.country
    if request.method == "GET":
        if portal_session.current_session(request) is not None:
            return done(request, reverse("portal:points"))
        return _pin_page(request, PinSignInForm(country=country))
    form = PinSignInForm(request.POST, country=country)
    if not form.is_valid():
        return _pin_page(request, form, status=422)
    values, address = form.cleaned_data, client_ip(request)
    try:
        token = pins.sign_in_with_pin(phone=values["phone"], pin=values["pin"], address=address, now=timezone.now())
    except DomainError as error:
        form.add_error(None, str(error.message))
        return _pin_page(request, form, status=error.status)
    response = done(request, reverse("portal:points"))
    portal_session.open_in_browser(response, token)
    return response


def _pin_page(request: ProgrammeRequest, form: PinSignInForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "languages": other_languages()}
    return page(request, "screens/portal/signin_pin.html", context, status=status)


def _code_page(request: ProgrammeRequest, pending: OneTimeCode, form: CodeForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "phone_shown": display_phone(pending.phone, request.programme.country),
        "new_code_after": NEW_CODE_AFTER_SECONDS,
    }
    return page(request, "screens/portal/code.html", context, status=status)


def _ask_again(request: ProgrammeRequest, text: str) -> HttpResponse:
    messages.warning(request, text)
    return done(request, reverse("portal:sign-in"))


@never_cache
@require_POST
@signed_in_customer
def sign_out(request: CustomerRequest) -> HttpResponse:
    sessions.end_session(session=request.customer_session, now=timezone.now())
    response = done(request, reverse("portal:sign-in"))
    portal_session.close_in_browser(response)
    return response


# -- signed in --------------------------------------------------------------------------------------------------------


@require_GET
@signed_in_customer
def points(request: CustomerRequest) -> HttpResponse:
    summary = reports_portal.points_summary(
        customer=request.customer, programme=request.programme, now=timezone.now(), recent=RECENT
    )
    told = recommend([request.customer.pk], channel=Recommendation.Channel.POINTS_PAGE, now=timezone.now())
    context = {
        "summary": summary,
        "customer": request.customer,
        "recommendations": told.get(request.customer.pk, ()),
        "tier": reports_portal.tier_card(customer=request.customer, now=timezone.now()),
        "products": reports_portal.products_for(request.customer, zone=request.programme.zone, now=timezone.now()),
        **rewards_shown(request),
        **stamps_shown(request),
        **refer_shown(request),
    }
    return page(request, "screens/portal/points.html", context)


@require_GET
@signed_in_customer
def history(request: CustomerRequest) -> HttpResponse:
    """Everything, or what came in or went out."""
    asked = request.GET.get("show", "")
    shown = asked if asked in reports_portal.DIRECTIONS else ""
    rows = reports_portal.history_page(
        customer=request.customer,
        programme=request.programme,
        cursor=request.GET.get(CURSOR, ""),
        size=HISTORY_PAGE,
        now=timezone.now(),
        direction=shown,
    )
    choices = [("", _("Everything")), ("in", _("Added")), ("out", _("Spent"))]
    context = {
        "history": rows,
        "choices": [
            {"label": label, "url": f"?show={key}" if key else "?", "current": key == shown} for key, label in choices
        ],
        **rows.links(request.GET),
    }
    return page(request, "screens/portal/history.html", context)
