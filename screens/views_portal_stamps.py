"""Stamp cards on the points page: cards in hand, full ones, and what came and went."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from core.page import page
from loyalty.reports_stamps import stamp_history, stamps_of_member
from screens.portal_session import CustomerRequest, signed_in_customer


def stamps_shown(request: CustomerRequest) -> dict[str, object]:
    return {"stamps": stamps_of_member(request.customer.pk, now=timezone.now())}


@require_GET
@signed_in_customer
def stamps(request: CustomerRequest) -> HttpResponse:
    context = {**stamps_shown(request), "movements": stamp_history(request.customer.pk)}
    return page(request, "screens/portal/stamps.html", context)
