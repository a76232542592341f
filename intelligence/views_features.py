"""The dictionary of features, and those of one customer."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.clock import local_day
from core.errors import NotFound
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.models import Customer
from customers.reports.customer_list import name_and_contact
from customers.tabs import analytics_tabs
from customers.words import clock_time, days_ago
from intelligence.features.families import FAMILIES
from intelligence.features.registry import FEATURES
from intelligence.reports_features import Usual, feature_dictionary, features_of, say


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def dictionary(request: StaffRequest) -> HttpResponse:
    currency, zone = request.programme.currency, request.programme.zone
    found = feature_dictionary(business_id=request.actor.business_id)
    counted = found.counted_at
    return page(
        request,
        "intelligence/features.html",
        {
            "tabs": analytics_tabs(request, "intelligence:features"),
            "customers": found.customers,
            "counted": f"{days_ago(counted, now=timezone.now(), zone=zone)}, {clock_time(counted, zone)}"
            if counted
            else "",
            "sees_all": request.actor.business_id is None,
            "families": [
                (family, [(usual, *_range(usual, currency)) for usual in usuals]) for family, usuals in found.families
            ],
        },
    )


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def of_customer(request: StaffRequest, code: str) -> HttpResponse:
    """Sums over every business: for people who see all of them."""
    request.actor.check_sees_all()
    customer = Customer.objects.visible_to(request.actor).known().filter(code=code).first()
    if customer is None:
        raise NotFound
    programme = request.programme
    values = features_of(customer.pk, today=local_day(timezone.now(), programme.zone))
    families = [
        (
            family,
            [
                (feature, say(feature, values[key], programme.currency))
                for key, feature in FEATURES.items()
                if feature.family is family
            ],
        )
        for family in FAMILIES
        if values is not None
    ]
    context = {"customer": customer, "name": name_and_contact(customer, programme.country)[0], "families": families}
    return page(request, "intelligence/customer_features.html", context)


def _range(usual: Usual, currency: str) -> tuple[str, str, str]:
    """Median, tenth and nine tenths as people read them; empty where they are not known."""
    if usual.median is None:
        return "", "", ""
    low, median, high = (say(usual.feature, value, currency) for value in (usual.low, usual.median, usual.high))
    return median, low, high
