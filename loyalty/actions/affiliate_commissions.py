"""Commissions follow sales: brought up to what each sale deserves now, by lines that are added and never changed.

Whoever changes a sale settles it afterwards, and whoever settles locks the affiliate first and then reads the sale:
of two at once, the second sees what the first one's sale was and corrects it. So it may be repeated, and the order of
sales, refunds and payouts does not matter (docs/algorithms/affiliates.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, Q, Sum

from core.actor import SYSTEM, Actor
from core.clock import local_day
from core.tenancy import active_programme
from customers.actions import events
from customers.models import Identifier, Order
from loyalty.actions.affiliate_coming import become_customer
from loyalty.affiliate_rules import Terms, commission_of, may_earn, month_correction
from loyalty.events import COMMISSION_EARNED, COMMISSION_TAKEN
from loyalty.models import Affiliate, AffiliateCustomer, AffiliateLine, AffiliateSale

State, Kind = AffiliateCustomer.State, AffiliateLine.Kind
Month = tuple[int, date]


def settle_orders(order_ids: Collection[int], *, now: datetime, actor: Actor = SYSTEM, are_new: bool = True) -> None:
    """Bring the commissions of these sales up to what they are now; safe to repeat. Few queries where none earns.

    Without `are_new` no sale begins to earn: one that did not by the rule of its day must not by the rule of the day on
    which some of it is given back.
    """
    ids = [*order_ids]
    buyers = Order.objects.filter(pk__in=ids, customer__isnull=False).values_list("customer_id", flat=True)
    customers = set(buyers) if are_new else set()
    came = list(_live(customers))
    sold = AffiliateSale.objects.filter(order_id__in=ids).values_list("affiliate_id", flat=True)
    affiliates = {one.affiliate_id for one in came} | set(sold)
    if affiliates:
        with transaction.atomic():
            _settle(ids, customers, affiliates, actor, now)


def settle_customer(came_id: int, *, actor: Actor, now: datetime) -> None:
    """All sales of one customer, after a person's word on them."""
    sales = AffiliateSale.objects.filter(came_id=came_id)
    settle_orders(list(sales.values_list("order_id", flat=True)), actor=actor, now=now, are_new=False)


def lock_affiliate(pk: int) -> Affiliate:
    """Let nobody else settle or pay out until the end of the transaction."""
    return Affiliate.objects.select_for_update(no_key=True).get(pk=pk)


def _live(customers: Collection[int]) -> Iterable[AffiliateCustomer]:
    """Who of these customers came through an affiliate, or may have by a number that waits."""
    if not customers:
        return []
    phones = Identifier.objects.filter(kind=Identifier.Kind.PHONE, customer_id__in=customers).values("value")
    waiting = Q(state=State.WAITING, customer__isnull=True, phone__in=phones)
    return AffiliateCustomer.objects.filter(
        waiting | Q(customer_id__in=customers) & ~Q(state=State.ENDED)
    ).select_related("affiliate")


def _settle(
    ids: Collection[int], customers: Collection[int], affiliates: Collection[int], actor: Actor, now: datetime
) -> None:
    locked = {
        one.pk: one for one in Affiliate.objects.select_for_update(no_key=True).filter(pk__in=affiliates).order_by("pk")
    }
    # Read again behind the lock: another may have settled meanwhile.
    people = [one for one in _live(customers) if one.affiliate_id in locked]
    by_customer = {one.customer_id: one for one in people if one.customer_id is not None}
    by_phone = {one.phone: one for one in people if one.customer_id is None}
    phones: dict[int, list[str]] = defaultdict(list)
    numbers = Identifier.objects.filter(kind=Identifier.Kind.PHONE, customer_id__in=customers)
    for customer_id, phone in numbers.values_list("customer_id", "value") if by_phone else ():
        phones[customer_id].append(phone)
    sales = {
        sale.order_id: sale
        for sale in AffiliateSale.objects.filter(order_id__in=ids, affiliate_id__in=locked).select_related("came")
    }
    lines: list[AffiliateLine] = []
    touched: dict[Month, datetime] = {}
    for order in Order.objects.filter(pk__in=ids).select_related("customer").order_by("placed_at", "pk"):
        sale = sales.get(order.pk)
        if sale is None and order.customer_id is not None:
            waiting = next((by_phone[phone] for phone in phones[order.customer_id] if phone in by_phone), None)
            came = by_customer.get(order.customer_id) or waiting
            sale = _begin(came, locked[came.affiliate_id], order, actor, now) if came is not None else None
            if came is not None and came is waiting and came.customer_id is not None:
                by_customer[order.customer_id] = came
                by_phone = {phone: one for phone, one in by_phone.items() if one is not came}
        if sale is not None and _bring_up(sale, order, lines, actor, now):
            touched[sale.affiliate_id, sale.month] = sale.payable_at
    AffiliateLine.objects.bulk_create(lines)
    for (affiliate_id, month), payable_at in touched.items():
        _hold_to_cap(affiliate_id, month, payable_at, now)


def _begin(
    came: AffiliateCustomer, affiliate: Affiliate, order: Order, actor: Actor, now: datetime
) -> AffiliateSale | None:
    """The sale of somebody who came, if it may earn, with today's rule; not saved before it has a commission."""
    assert order.customer is not None
    left = order.total - order.refunded_total
    if (
        came.state == State.ENDED
        or affiliate.state == Affiliate.State.ENDED
        or order.status == Order.Status.CANCELLED
        or order.placed_at < came.created_at
        or left <= 0
        or left < affiliate.min_spend
    ):
        return None
    came.affiliate = affiliate
    if came.state == State.WAITING:
        if came.expires_at is not None and order.placed_at >= came.expires_at:
            return None
        become_customer(came, order.customer, actor=actor, now=now)
        if came.state == State.ENDED:
            return None
    zone = active_programme().zone
    day = local_day(order.placed_at, zone)
    before = AffiliateSale.objects.filter(came=came).exclude(order__status=Order.Status.CANCELLED).count()
    if not may_earn(
        bought=day,
        came=local_day(came.created_at, zone),
        before=before,
        orders=affiliate.orders_limit,
        months=affiliate.months_limit,
    ):
        return None
    if not before:
        came.bought_at = order.placed_at
        came.save(update_fields=["bought_at"])
    return AffiliateSale(
        came=came,
        affiliate=affiliate,
        order=order,
        business_id=order.business_id,
        month=day.replace(day=1),
        day=day,
        is_first=not before,
        payable_at=order.placed_at + timedelta(days=affiliate.hold_days),
        rule=affiliate.rule,
        percent=affiliate.percent,
        amount=affiliate.amount,
        min_spend=affiliate.min_spend,
        order_cap=affiliate.order_cap,
        month_cap=affiliate.month_cap,
        created_at=now,
    )


def _bring_up(sale: AffiliateSale, order: Order, lines: list[AffiliateLine], actor: Actor, now: datetime) -> bool:
    """Save the sale with what it deserves and note the line; returns whether it changed."""
    deserved = _deserved(sale, order)
    change = deserved - sale.commission
    sale.commission = deserved
    if sale._state.adding:
        sale.save()
    elif change:
        sale.save(update_fields=["commission"])
    if not change:
        return False
    lines.append(
        AffiliateLine(
            affiliate_id=sale.affiliate_id,
            kind=Kind.EARNED if change > 0 else Kind.TAKEN,
            sale=sale,
            business_id=sale.business_id,
            month=sale.month,
            amount=change,
            at=now,
            payable_at=sale.payable_at,
        )
    )
    events.append(
        COMMISSION_EARNED if change > 0 else COMMISSION_TAKEN,
        actor=actor,
        occurred_at=now,
        business_id=sale.business_id,
        data={"affiliate": sale.came.affiliate.code, "order": order.code, "total": f"{abs(change):f}"},
    )
    return True


def _deserved(sale: AffiliateSale, order: Order) -> Decimal:
    if sale.came.state != State.ACTIVE or order.status == Order.Status.CANCELLED:
        return Decimal(0)
    terms = Terms(
        rule=sale.rule,
        percent=sale.percent,
        amount=sale.amount,
        min_spend=sale.min_spend,
        order_cap=sale.order_cap,
    )
    return commission_of(
        terms,
        total=order.total,
        tax=order.tax,
        refunded=order.refunded_total,
        currency=active_programme().currency,
    )


def _hold_to_cap(affiliate_id: int, month: date, payable_at: datetime, now: datetime) -> None:
    """The most of a month, by the rule of its first sale: what its sales earned above it is one correction."""
    sales = AffiliateSale.objects.filter(affiliate_id=affiliate_id, month=month)
    cap = sales.order_by("pk").values_list("month_cap", flat=True).first()
    of_cap = AffiliateLine.objects.filter(affiliate_id=affiliate_id, month=month, kind=Kind.CAP)
    if cap is None and not of_cap.exists():
        return
    sums = sales.aggregate(earned=Sum("commission"), last=Max("payable_at"))
    noted = of_cap.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    change = month_correction(sums["earned"], cap) - noted
    if change:
        AffiliateLine.objects.create(
            affiliate_id=affiliate_id,
            kind=Kind.CAP,
            month=month,
            amount=change,
            at=now,
            # What comes back under the cap is pay of a sale that may still be on hold: it waits for the last one.
            payable_at=sums["last"] if change > 0 else payable_at,
        )
