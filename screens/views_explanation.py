"""One customer's explanation: for whoever asks why the figures say what they say."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.clock import local_day
from core.errors import NotFound
from core.page import page
from core.permissions import Perm, requires
from core.requests import StaffRequest
from customers.models import Customer
from customers.reports.customer_list import name_and_contact
from intelligence.actions.settings import settings_now
from intelligence.candidate_words import name_of
from intelligence.reports_backtest import newest_choice
from screens.reports_explanation import CARD_NEEDS, archetype_card, beside_the_typical, worths
from screens.reports_scores import churn_card


@require_safe
@requires(Perm.INTELLIGENCE_VIEW)
def explanation(request: StaffRequest, code: str) -> HttpResponse:
    """About the whole programme: for people who see all of its businesses."""
    request.actor.check_sees_all()
    customer = (
        Customer.objects.visible_to(request.actor)
        .known()
        .filter(code=code)
        .select_related("scores", *CARD_NEEDS)
        .first()
    )
    if customer is None:
        raise NotFound
    programme = request.programme
    scores = getattr(customer, "scores", None)
    churn = churn_card(customer, scores) if scores else None
    today = local_day(timezone.now(), programme.zone)
    # The figures beside the forecast's are of its day, unless the customer has bought since.
    day = scores.computed_on if churn and scores and not churn.bought_since else today
    return page(
        request,
        "screens/explanation.html",
        {
            "customer": customer,
            "name": name_and_contact(customer, programme.country)[0],
            "archetype": archetype_card(customer, request.actor),
            "rows": beside_the_typical(customer, day=day, currency=programme.currency),
            "day": day,
            "churn": churn,
            "worth": worths(scores, settings_now(), programme.currency) if scores else None,
            "models": sorted({name_of(code) for code in newest_choice() if code}),
            "features_url": reverse("intelligence:customer-features", args=[customer.code]),
            "backtest_url": reverse("intelligence:backtest"),
        },
    )
