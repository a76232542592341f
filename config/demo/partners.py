"""Friends and affiliates of the demo: who of the newest guests was brought by whom, told by the product's own acts."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from django.db.models import Min

from config.demo.fictional import fictional_phone
from core.actor import Actor
from core.clock import local_day
from core.tenancy import active_programme
from customers.models import Customer, Order
from loyalty.actions.affiliate_commissions import settle_orders
from loyalty.actions.affiliate_payouts import make_payout, mark_paid
from loyalty.actions.affiliates import AffiliateValues, create_affiliate
from loyalty.actions.referral_settings import ReferralValues, change_referral_settings
from loyalty.actions.referrals import follow_purchases, track_referral
from loyalty.errors import NothingToPay
from loyalty.models import Account, Affiliate, AffiliateCustomer, AffiliateDay, Referral

FRIENDS, EXPECTED = 6, 3  # who were brought and bought, and who are still to come
NOBODYS = 16_000  # of the numbers that can reach nobody, from here on no guest of the street has one
WEEKS = 10
GUIDE = AffiliateValues(
    name="Harbour Street Guide",
    email="desk@guide.example",
    website="https://guide.example",
    link_code="GUIDE",
    percent=Decimal(10),
    orders_limit=6,
    month_cap=Decimal(120),
    hold_days=14,
)
NEIGHBOUR = AffiliateValues(
    name="The Boathouse Hostel",
    email="desk@boathouse.example",
    link_code="BOATHOUSE",
    rule="customer",
    amount=Decimal(2),
    hold_days=14,
)
GUESTS = 34  # of both, two thirds of them of the guide


def bring_people(actor: Actor, *, now: datetime) -> None:
    """Made once, after the sales: the newest guests came through somebody."""
    since = now - timedelta(weeks=WEEKS)
    first = Order.objects.filter(customer__isnull=False).values("customer_id").annotate(first=Min("placed_at"))
    newest = list(first.filter(first__gte=since).order_by("-first", "customer_id").values_list("customer_id", "first"))
    if not Referral.objects.exists():
        _bring_friends(newest[:FRIENDS], actor, now)
    if not Affiliate.objects.exists():
        _bring_guests(newest[FRIENDS:], actor, now)


def _bring_friends(brought: list[tuple[int, datetime]], actor: Actor, now: datetime) -> None:
    values = ReferralValues(is_active=True, referrer_points=100, friend_points=50, min_spend=Decimal(3))
    change_referral_settings(values=values, actor=actor)
    others = Account.objects.exclude(pk__in=[customer_id for customer_id, _first in brought])
    members = others.order_by("pk")[: FRIENDS + EXPECTED]
    for place, member in enumerate(members):
        if place < len(brought):
            customer_id, first = brought[place]
            phone, at = Customer.objects.values_list("phone", flat=True).get(pk=customer_id), first - timedelta(days=2)
        else:
            phone, at = fictional_phone(NOBODYS + place), now - timedelta(days=place)
        track_referral(referrer=member, friend_phone=phone, channel=Referral.Channel.LINK, actor=actor, now=at)
    bought = Order.objects.filter(customer_id__in=[pk for pk, _first in brought]).order_by("placed_at")
    follow_purchases(list(bought.values_list("code", flat=True)), now=now)


def _bring_guests(guests: list[tuple[int, datetime]], actor: Actor, now: datetime) -> None:
    made = [create_affiliate(values=values, actor=actor) for values in (GUIDE, NEIGHBOUR)]
    spread = guests[:: max(1, len(guests) // GUESTS)]  # over all weeks: some commissions are past their hold
    shares = [one for place, one in enumerate(spread) if place % 3], spread[::3]
    came = [
        AffiliateCustomer(
            affiliate=affiliate,
            customer_id=customer_id,
            channel=AffiliateCustomer.Channel.LINK,
            state=AffiliateCustomer.State.ACTIVE,
            created_at=first - timedelta(hours=1),
        )
        for affiliate, share in zip(made, shares, strict=True)
        for customer_id, first in share
    ]
    AffiliateCustomer.objects.bulk_create(came)
    today = local_day(now, active_programme().zone)
    AffiliateDay.objects.bulk_create(
        AffiliateDay(affiliate=one, day=today - timedelta(days=day), clicks=2 + (day * day * 13 + day + place) % 9)
        for place, one in enumerate(made)
        for day in range(WEEKS * 7)
    )
    sales = Order.objects.filter(customer_id__in=[one.customer_id for one in came]).order_by("placed_at")
    # Booked week by week, as the stream would have done while they happened.
    for _week, rows in groupby(sales.values_list("pk", "placed_at"), key=lambda row: (now - row[1]).days // 7):
        week = list(rows)
        settle_orders([pk for pk, _at in week], now=week[-1][1] + timedelta(minutes=1), actor=actor)
    then = now - timedelta(weeks=2)
    with suppress(NothingToPay):  # of a street with few guests
        payout = make_payout(affiliate=made[0].code, actor=actor, now=then)
        mark_paid(code=payout.code, reference="Transfer 1042", actor=actor, now=then + timedelta(days=2))
