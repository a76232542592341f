"""The guards over who counts for an affiliate: they stand when somebody comes, and again at the first purchase."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from core.actor import Actor
from customers.actions import events
from customers.models import Customer, Identifier, Order
from loyalty.events import AFFILIATE_CUSTOMER
from loyalty.models import Affiliate, AffiliateCustomer, Referral
from loyalty.referral_rules import mailbox

State, Flag, Reason = AffiliateCustomer.State, AffiliateCustomer.Flag, AffiliateCustomer.Reason


def become_customer(came: AffiliateCustomer, customer: Customer, *, actor: Actor, now: datetime) -> None:
    """From a number to a customer, or to nobody: the guards stand here again."""
    reason = guard(came.affiliate, customer, phones_of(customer), before=came.created_at)
    came.customer, came.phone, came.expires_at = customer, "", None
    if reason:
        came.state, came.reason = State.ENDED, reason
    else:
        if _same_name(came.affiliate, customer):
            came.flags = sorted({*came.flags, Flag.NAME})
        came.state = State.REVIEW if came.flags else State.ACTIVE
    came.save()
    if not reason:
        events.append(
            AFFILIATE_CUSTOMER,
            actor=actor,
            occurred_at=now,
            customer_id=customer.pk,
            business_id=came.business_id,
            data={"affiliate": came.affiliate.code},
        )


def guard(affiliate: Affiliate, customer: Customer | None, phones: Collection[str], *, before: datetime) -> str:
    """Why somebody does not count for an affiliate, as a Reason; "" where they do."""
    box = mailbox(affiliate.email)
    if affiliate.phone and affiliate.phone in phones:
        return Reason.ONESELF
    if customer is not None and box and mailbox(customer.email) == box:
        return Reason.ONESELF
    theirs = AffiliateCustomer.objects.filter(affiliate=affiliate, customer=customer, state=State.ENDED)
    if customer is not None and theirs.filter(reason=Reason.BY_HAND).exists():
        return Reason.BY_HAND  # a person's word holds, however often they come
    brought = Q(friend_phone__in=[phone for phone in phones if phone])
    if customer is not None:
        brought |= Q(friend=customer)
        bought = Order.objects.filter(customer=customer, placed_at__lt=before)
        if bought.exclude(status=Order.Status.CANCELLED).exists():
            return Reason.NOT_NEW
    live = [Referral.State.PENDING, Referral.State.REVIEW, Referral.State.COMPLETED]
    return Reason.OTHER if Referral.objects.filter(brought, state__in=live, created_at__lt=before).exists() else ""


def _same_name(affiliate: Affiliate, customer: Customer) -> bool:
    words = f"{customer.first_name} {customer.last_name}".casefold().split()
    return len(words) > 1 and words == affiliate.name.casefold().split()


def phones_of(customer: Customer) -> list[str]:
    found = Identifier.objects.filter(kind=Identifier.Kind.PHONE, customer=customer)
    return list(found.values_list("value", flat=True))
