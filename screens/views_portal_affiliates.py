"""The link of an affiliate, and their private report.

The link answers alike for every number that is left, so nobody learns from it whose number is known.
"""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.actor import SYSTEM, Actor
from core.api import TooManyRequests
from core.errors import DomainError
from core.page import page
from core.permissions import customer_page
from core.requests import ProgrammeRequest, client_ip
from core.tenancy import active_schema
from loyalty.access_affiliates import affiliate_of_code, affiliate_of_token
from loyalty.actions.affiliate_customers import count_click, note_number
from loyalty.actions.affiliates import affiliate_settings, tracked_link
from loyalty.affiliate_rules import target_of
from loyalty.models import Affiliate, AffiliateCustomer, AffiliatePayout
from loyalty.reports_affiliates import money_of, months_of
from messaging.languages import other_languages
from programs import api_limits
from screens import affiliate_cookie
from screens.forms_portal import PhoneForm
from screens.reports_portal_affiliates import months_shown, payouts_shown, rule_text

PAYOUTS = 24


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_page
def followed(request: ProgrammeRequest, code: str) -> HttpResponse:
    """Somebody opened the link: counted, remembered in a cookie, and sent on or asked for a number."""
    affiliate, now = affiliate_of_code(code), timezone.now()
    form = PhoneForm(request.POST or None, country=request.programme.country)
    context = {"form": form, "code": code, "languages": other_languages()}
    if affiliate is None or affiliate.state != Affiliate.State.ACTIVE:
        return page(request, "screens/portal/invited_over.html", context, status=404)
    if request.method != "POST":
        return _follow(request, affiliate, context)
    if not form.is_valid():
        return page(request, "screens/portal/affiliate.html", context, status=422)
    try:
        _leave_number(request, affiliate, form.cleaned_data["phone"])
    except TooManyRequests:
        form.add_error(None, _("Too many tries from here. Try again in an hour."))
        return page(request, "screens/portal/affiliate.html", context, status=429)
    response = page(request, "screens/portal/affiliate_done.html", context)
    affiliate_cookie.remember(response, affiliate, now=now)
    return response


def _follow(request: ProgrammeRequest, affiliate: Affiliate, context: dict[str, object]) -> HttpResponse:
    now, wanted = timezone.now(), request.GET.get("to", "")
    if request.method == "GET":
        count_click(
            affiliate=affiliate,
            address=client_ip(request),
            agent=request.headers.get("User-Agent", ""),
            purpose=request.headers.get("Sec-Purpose", "") or request.headers.get("Purpose", ""),
            now=now,
        )
    website = affiliate_settings().website if wanted else ""
    target = target_of(wanted, website=website, code=affiliate.link_code)
    if target is not None:
        response: HttpResponse = HttpResponseRedirect(target)
    else:
        response = page(request, "screens/portal/affiliate.html", context)
    affiliate_cookie.remember(response, affiliate, now=now)
    return response


def _leave_number(request: ProgrammeRequest, affiliate: Affiliate, phone: str) -> None:
    """Note it, or do not, and say neither."""
    address = client_ip(request)
    api_limits.count(api_limits.REFERRAL_CLAIM, f"{active_schema()}:{address}")
    try:
        note_number(
            link_code=affiliate.link_code,
            phone=phone,
            channel=AffiliateCustomer.Channel.LINK,
            address=address,
            actor=Actor(kind="system", id="link", label=_("An affiliate’s link")),
            now=timezone.now(),
        )
    except DomainError:
        return


@never_cache
@require_safe
@customer_page
def partner(request: ProgrammeRequest, token: str) -> HttpResponse:
    """What an affiliate may read of themselves: figures and payouts, and no customer."""
    affiliate = affiliate_of_token(token)
    if affiliate is None:
        response = page(request, "screens/portal/partner_over.html", {"languages": other_languages()}, status=404)
    else:
        now, zone, currency = timezone.now(), request.programme.zone, request.programme.currency
        payouts = AffiliatePayout.objects.filter(affiliate=affiliate).exclude(state=AffiliatePayout.State.CANCELLED)
        months = months_of(affiliate, actor=SYSTEM, zone=zone, now=now)
        context = {
            "affiliate": affiliate,
            "rule": rule_text(affiliate, currency),
            "link": tracked_link(affiliate),
            "money": money_of(affiliate, actor=SYSTEM, now=now),
            "months": months_shown(months, currency),
            "payouts": payouts_shown(payouts.order_by("-pk")[:PAYOUTS], zone),
            "languages": other_languages(),
        }
        response = page(request, "screens/portal/partner.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is the key
    return response
