"""What the customer at the till is likely to buy there, loaded after the page: a sale never waits for it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.page import page
from customers.models import Customer
from intelligence.reports_products import likely_products
from screens.till_device import TillRequest, at_a_till

SHOWN = 3


@require_GET
@at_a_till
def likely(request: TillRequest, code: str) -> HttpResponse:
    """Products of the till's own business, by what was bought there. Empty where nothing speaks for any."""
    customer = Customer.objects.behind(code)
    if customer is None:
        raise Http404
    found = likely_products(
        customer.pk,
        business_id=request.till.business_id,
        zone=request.programme.zone,
        now=timezone.now(),
        most=SHOWN,
    )
    return page(request, "screens/till/_likely.html", {"likely": found})
