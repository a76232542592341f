"""Making a programme, on the public host: one form, then the programme's home."""

from __future__ import annotations

import secrets
from decimal import Decimal

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.countries import COUNTRIES, CURRENCIES
from core.forms import CHECK, field_check
from core.languages import language_for_customers
from core.money import minor_units
from core.page import done, page
from core.permissions import signed_in
from core.requests import PublicRequest, client_ip
from loyalty.rules import points_for
from programs import api_limits, rules
from programs.actions.programmes import SlugInvalid, SlugTaken, is_free_slug
from programs.models import Programme
from screens.actions.onboarding import open_shop
from screens.forms_onboarding import DEFAULT_RATE, OnboardingForm, parse_rate
from workspace.actions.settings import change_logo

DEFAULT_COUNTRY = "GB"
DEFAULT_COLOUR = "#2563eb"
EXAMPLE_AMOUNT = Decimal("12.40")
EXAMPLE_WITHOUT_CENTS = Decimal(1240)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def programme_new(request: PublicRequest) -> HttpResponse:
    url = reverse("onboarding:new")
    if request.method != "POST":
        form = OnboardingForm(initial=_initial(), check_url=url)
        return page(request, "screens/onboarding.html", _context(form))
    form = OnboardingForm(request.POST, request.FILES, check_url=url)
    if CHECK in request.POST:
        return _check(request, form)
    if form.is_valid():
        api_limits.count(api_limits.REGISTER, f"user:{request.user.pk}")
        programme = _open(request, form)
        if programme is not None:
            return done(request, reverse("programs:enter", args=[programme.slug]))
    else:
        # The address of the programme that this very form made a moment ago is taken by itself.
        made = Programme.objects.filter(
            memberships__user=request.user, onboarding__request_key=request.POST.get("request_key") or None
        ).first()
        if made is not None:
            return done(request, reverse("programs:enter", args=[made.slug]))
    return page(request, "screens/onboarding.html", _context(form), status=422)


def _open(request: PublicRequest, form: OnboardingForm) -> Programme | None:
    """The programme; None with the error in the form when somebody took its address meanwhile."""
    values = dict(form.cleaned_data)
    logo = values.pop("logo")
    ip = client_ip(request) or None
    try:
        programme = open_shop(
            **{
                **values,
                "business_name": values["business_name"] or values["name"],
                "language": values["language"] or language_for_customers(request),
            },
            owner=request.user,
            now=timezone.now(),
            ip=ip,
        )
    except (SlugTaken, SlugInvalid) as refused:
        form.add_error("slug", str(refused.message))
        return None
    if logo is not None:
        user = request.user
        actor = Actor(kind="user", id=str(user.pk), label=str(user), user_id=user.pk, ip=ip)
        with tenant_context(programme):
            change_logo(programme=programme, data=logo, actor=actor)
    return programme


def _check(request: PublicRequest, form: OnboardingForm) -> HttpResponse:
    """One field's answer; a name suggests an address, a country its currency and time zone."""
    asked = request.POST[CHECK]
    is_free = asked == "slug" and not form["slug"].errors
    hint = _("%(address)s is free.") % {"address": _address(form.cleaned_data["slug"])} if is_free else ""
    response = field_check(request, form, hint=hint)
    if response is None:  # a field that this form does not have
        return HttpResponse(status=400)
    data = request.POST.copy()
    others: tuple[str, ...] = ()
    if asked == "name" and not data.get("slug"):
        slug = rules.suggest_slug(data.get("name", ""))
        if slug and is_free_slug(slug):
            data["slug"], others = slug, ("slug",)
    country = COUNTRIES.get(data.get("country", "")) if asked == "country" else None
    if country is not None:
        data["currency"], data["time_zone"], others = country.currency, country.time_zone, ("currency", "time_zone")
    if others:
        again = OnboardingForm(data, check_url=reverse("onboarding:new"))
        again.is_valid()
        fields = [again[name] for name in others]
        response.write(
            render(request, "screens/_onboarding_others.html", {"fields": fields, "suffixes": again.suffixes}).content
        )
    return response


@require_safe
@signed_in
def rate_example(request: PublicRequest) -> HttpResponse:
    """What a rate means, in the currency chosen."""
    return render(
        request,
        "screens/_rate_example.html",
        _example(request.GET.get("points_per_unit", ""), request.GET.get("currency", "")),
    )


def _example(rate_text: str, currency: str) -> dict[str, object]:
    currency = currency if currency in CURRENCIES else COUNTRIES[DEFAULT_COUNTRY].currency
    amount = EXAMPLE_AMOUNT if minor_units(currency) else EXAMPLE_WITHOUT_CENTS
    try:
        points = points_for(amount, parse_rate(rate_text), "down")
    except forms.ValidationError:
        return {"points": None}
    return {"points": points, "amount": amount, "currency": currency}


def _initial() -> dict[str, str]:
    country = COUNTRIES[DEFAULT_COUNTRY]
    return {
        "country": DEFAULT_COUNTRY,
        "currency": country.currency,
        "time_zone": country.time_zone,
        "colour": DEFAULT_COLOUR,
        "request_key": secrets.token_urlsafe(16),
    }


def _address(slug: str) -> str:
    return f"{slug}.{settings.PUBLIC_HOST}"


def _context(form: OnboardingForm) -> dict[str, object]:
    rate = form["points_per_unit"].value() or DEFAULT_RATE
    example = _example(str(rate), str(form["currency"].value() or ""))
    return {"form": form, "example": example}
