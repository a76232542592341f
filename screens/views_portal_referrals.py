"""Bringing friends: a member's link and code to pass on, and the page that the link opens.

The page of the link answers alike for every number, so nobody learns from it whose number is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.actor import Actor
from core.api import TooManyRequests
from core.errors import DomainError
from core.page import page
from core.permissions import customer_page
from core.phones import display_phone
from core.presentation import format_money
from core.requests import ProgrammeRequest, client_ip
from core.tenancy import active_schema
from loyalty.actions import referrals
from loyalty.actions.referral_settings import referral_settings
from loyalty.errors import UnknownReferrer
from loyalty.models import Account, Referral, ReferralSettings
from messaging.languages import other_languages
from programs import api_limits
from screens import portal_session
from screens.forms_portal import PhoneForm
from screens.portal_session import CustomerRequest, signed_in_customer


@dataclass(frozen=True, slots=True)
class Offer:
    """What a referral gives; `least` is the first purchase it takes, in words, "" for any."""

    referrer_points: int
    friend_points: int
    least: str


def offer_of(settings: ReferralSettings, currency: str) -> Offer:
    least = format_money(settings.min_spend, currency) if settings.min_spend else ""
    return Offer(settings.referrer_points, settings.friend_points, least)


def refer_shown(request: CustomerRequest) -> dict[str, object]:
    """For the first page: what a friend is worth, where the programme rewards it. One query."""
    settings = referral_settings()
    return {"referral": offer_of(settings, request.programme.currency) if settings.is_active else None}


@require_http_methods(["GET", "POST"])
@signed_in_customer
def refer(request: CustomerRequest) -> HttpResponse:
    """A link, a code, and a text to a friend on the member's own phone. A number typed here is kept nowhere."""
    settings = referral_settings()
    if not settings.is_active or not Account.objects.filter(pk=request.customer.pk).exists():
        raise Http404
    code = referrals.code_of(request.customer.pk)
    link, offer = referrals.link_of(code), offer_of(settings, request.programme.currency)
    form = PhoneForm(request.POST or None, country=request.programme.country)
    text = _invitation(request.programme.name, offer, link)
    context = {"code": code, "link": link, "offer": offer, "text": text, "form": form}
    if request.method == "POST" and form.is_valid():
        phone = form.cleaned_data["phone"]
        # RFC 5724; the empty parameter first, because one system's phones read the text after & only.
        context |= {
            "sms_url": f"sms:{phone}?&body={quote(text)}",
            "friend": display_phone(phone, request.programme.country),
        }
    elif request.method == "POST":
        return page(request, "screens/portal/refer.html", context, status=422)
    return page(request, "screens/portal/refer.html", context)


def _invitation(programme: str, offer: Offer, link: str) -> str:
    if not offer.friend_points:
        return _("Come to %(programme)s with me: %(link)s") % {"programme": programme, "link": link}
    text = _("Come to %(programme)s with me, there are %(points)s points for you: %(link)s")
    return text % {"programme": programme, "points": offer.friend_points, "link": link}


@never_cache
@require_http_methods(["GET", "POST"])
@customer_page
def invited(request: ProgrammeRequest, code: str) -> HttpResponse:
    """Somebody opened a member's link: leave a number, and come."""
    settings = referral_settings()
    try:
        referrer = referrals.referrer_of(code=code) if settings.is_active else None
    except UnknownReferrer:
        referrer = None
    form = PhoneForm(request.POST or None, country=request.programme.country)
    context = {
        "form": form,
        "code": code,
        "name": referrer.customer.first_name if referrer else "",
        "offer": offer_of(settings, request.programme.currency),
        "languages": other_languages(),
    }
    if referrer is None:
        return page(request, "screens/portal/invited_over.html", context, status=404)
    if request.method == "GET":
        return page(request, "screens/portal/invited.html", context)
    if not form.is_valid():
        return page(request, "screens/portal/invited.html", context, status=422)
    try:
        _claim(request, referrer, form.cleaned_data["phone"])
    except TooManyRequests:
        form.add_error(None, _("Too many tries from here. Try again in an hour."))
        return page(request, "screens/portal/invited.html", context, status=429)
    return page(request, "screens/portal/invited_done.html", context)


def _claim(request: ProgrammeRequest, referrer: Account, phone: str) -> None:
    """Note it, or do not, and say neither."""
    address = client_ip(request)
    api_limits.count(api_limits.REFERRAL_CLAIM, f"{active_schema()}:{address}")
    session = portal_session.current_session(request)
    try:
        referrals.track_referral(
            referrer=referrer,
            friend_phone=phone,
            channel=Referral.Channel.LINK,
            address=address,
            browser_of=session.customer_id if session else None,
            actor=Actor(kind="system", id="link", label=_("A friend’s link")),
            now=timezone.now(),
        )
    except DomainError:
        return
