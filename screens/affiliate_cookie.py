"""By whose link a browser came: a cookie of this host with the code and the time, no more. The last one wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import active_schema
from customers.models import Customer
from loyalty.access_affiliates import affiliate_of_code
from loyalty.actions.affiliate_customers import note_customer
from loyalty.models import Affiliate, AffiliateCustomer

COOKIE = f"{'__Host-' if settings.IS_HTTPS else ''}from"


def remember(response: HttpResponse, affiliate: Affiliate, *, now: datetime) -> None:
    """For as long as the affiliate's window is."""
    response.set_cookie(
        COOKIE,
        signing.dumps([affiliate.link_code, int(now.timestamp())], salt=_salt()),
        max_age=affiliate.window_days * 86_400,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def came_by(request: HttpRequest, *, now: datetime) -> Affiliate | None:
    """Whose link was opened last, if that was within their window. No query without a cookie."""
    try:
        code, opened = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_salt())
        at = datetime.fromtimestamp(opened, UTC)
    except (signing.BadSignature, ValueError, TypeError, OverflowError, OSError):
        return None
    affiliate = affiliate_of_code(code)
    return affiliate if affiliate is not None and now < at + timedelta(days=affiliate.window_days) else None


def arrive(request: HttpRequest, response: HttpResponse, customer: Customer, *, actor: Actor, now: datetime) -> None:
    """Somebody signed in: they came through the affiliate of the cookie, unless a guard stands. Nothing is said."""
    affiliate = came_by(request, now=now)
    response.delete_cookie(COOKIE)
    if affiliate is None:
        return
    try:
        note_customer(
            link_code=affiliate.link_code,
            customer=customer,
            channel=AffiliateCustomer.Channel.LINK,
            actor=actor,
            now=now,
        )
    except DomainError:
        return


def _salt() -> str:
    return f"screens.affiliates.cookie:{active_schema()}"
