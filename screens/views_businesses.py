"""A business and its card: name, earning rate, add points by phone, its own recent transactions."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from core.page import done, page
from core.permissions import Perm, requires
from core.presentation import format_points
from core.requests import StaffRequest
from core.tenancy import active_schema
from loyalty.actions.points import add_points
from programs import api_limits
from screens import reports_businesses
from screens.forms_till import PhoneAmountForm
from screens.reports_businesses import BusinessCard
from workspace.models import Business

ON_PAGE = 20


@require_safe
@requires(Perm.POINTS_VIEW)
def business(request: StaffRequest, code: str) -> HttpResponse:
    card = _card(request, _business(request, code), recent=ON_PAGE)
    return page(request, "screens/business.html", {"card": card})


@require_POST
@requires(Perm.POINTS_WRITE)
def add(request: StaffRequest, code: str) -> HttpResponse:
    """Add points for a sale at this business; htmx gets the card back, a plain form goes to the business's page."""
    shop = _business(request, code)
    form = PhoneAmountForm(
        request.POST,
        country=request.programme.country,
        currency=request.programme.currency,
        auto_id=f"{shop.code}_%s",
    )
    if not form.is_valid():
        return _answer(request, shop, form, status=422)
    if Perm.CUSTOMERS_VIEW not in request.membership.permissions:  # the answer tells whose number it is, as at a till
        api_limits.count(api_limits.TILL_LOOKUP, f"{active_schema()}:{request.actor.reference}")
    try:
        posting = add_points(
            business=shop.pk,
            phone=form.cleaned_data["phone"],
            amount=form.cleaned_data["amount"],
            key=form.cleaned_data["key"],
            source="card",
            actor=request.actor,
            now=timezone.now(),
        )
    except DomainError as error:
        return _answer(request, shop, form, status=form.refuse(error))
    text = ngettext(
        "%(points)s point added. The new balance is %(balance)s.",
        "%(points)s points added. The new balance is %(balance)s.",
        posting.points,
    ) % {
        "points": format_points(posting.points),
        "balance": format_points(posting.balance),
    }
    if not request.htmx:
        messages.success(request, text)
        return done(request, reverse("businesses:detail", args=[shop.code]))
    return _answer(request, shop, None, added=text)


def _answer(
    request: StaffRequest, shop: Business, form: PhoneAmountForm | None, *, status: int = 200, added: str = ""
) -> HttpResponse:
    card = _card(request, shop, form=form)
    template = "screens/_business_card.html" if request.htmx else "screens/business.html"
    return page(request, template, {"card": card, "added": added}, status=status)


def _card(
    request: StaffRequest, shop: Business, *, form: PhoneAmountForm | None = None, recent: int | None = None
) -> BusinessCard:
    card = reports_businesses.business_card(
        business=shop,
        programme=request.programme,
        can_add=Perm.POINTS_WRITE in request.membership.permissions,
        now=timezone.now(),
        recent=recent or reports_businesses.ON_CARD,
    )
    return BusinessCard(card.business, card.rate, form, card.recent) if form is not None else card


def _business(request: StaffRequest, code: str) -> Business:
    shop = Business.objects.active().visible_to(request.actor).select_related("earning_rate").filter(code=code).first()
    if shop is None:
        raise Http404
    return shop
