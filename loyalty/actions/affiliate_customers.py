"""Who came through an affiliate: clicks counted, people noted, looked at, forgotten.

A link leaves a cookie with the code and the time only; who comes within the window belongs to the affiliate whose link
was opened last, unless somebody else brought them before. A number that is left by link waits for its first purchase.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from core.actor import Actor
from core.api import TooManyRequests
from core.clock import local_day
from core.codes import keyed_digest
from core.phones import parse_phone
from core.tenancy import active_programme, active_schema
from customers.models import Customer, Identifier
from loyalty.access_affiliates import affiliate_of_code
from loyalty.actions.affiliate_coming import become_customer, guard, phones_of
from loyalty.actions.affiliate_commissions import lock_affiliate, settle_customer
from loyalty.actions.affiliates import affiliate_settings
from loyalty.affiliate_rules import is_robot
from loyalty.errors import (
    AffiliateInactive,
    AffiliateIsCustomer,
    CustomerBelongs,
    CustomerRefused,
    FriendIsCustomer,
    ReferralOver,
    UnknownAffiliate,
    UnknownBusiness,
    UnknownReferral,
)
from loyalty.models import Affiliate, AffiliateCustomer
from programs import api_limits
from programs.actions.due_work import ensure_due
from workspace.actions import audit
from workspace.models import Business

State, Flag, Reason, Channel = (
    AffiliateCustomer.State,
    AffiliateCustomer.Flag,
    AffiliateCustomer.Reason,
    AffiliateCustomer.Channel,
)
EXPIRE = "loyalty.affiliates.expire"
CLAIMS_A_DAY = 5  # by link from one address on the network; more are looked at
_CLICK = """
    INSERT INTO loyalty_affiliateday AS d (affiliate_id, day, clicks) VALUES (%s, %s, 1)
    ON CONFLICT (affiliate_id, day) DO UPDATE SET clicks = d.clicks + 1
"""


def count_click(*, affiliate: Affiliate, address: str, agent: str, purpose: str, now: datetime) -> bool:
    """Count that somebody opened the link; returns whether it counted.

    Programs do not count, nor the same browser at the same address again within a day: a keyed digest of both is kept
    for that day among the counters of limits, and nowhere else.
    """
    if affiliate.state != Affiliate.State.ACTIVE or is_robot(agent, purpose):
        return False
    who = keyed_digest("loyalty.affiliate.click", active_schema(), affiliate.code, address, agent[:400])
    try:
        api_limits.count(api_limits.AFFILIATE_CLICK, who.hex())
    except TooManyRequests:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_CLICK, [affiliate.pk, local_day(now, active_programme().zone)])
    return True


def note_number(
    *, link_code: str, phone: str, channel: str, actor: Actor, now: datetime, business: str = "", address: str = ""
) -> AffiliateCustomer:
    """Note that whoever has `phone` comes through an affiliate; the same again is the same row.

    By link anybody can write any number, so it waits for a purchase, and its affiliate's window ends it.
    Raises UnknownAffiliate, AffiliateInactive, InvalidPhone, UnknownBusiness, AffiliateIsCustomer, FriendIsCustomer
    and CustomerBelongs.
    """
    affiliate = _active(link_code)
    number = parse_phone(phone, active_programme().country, field="new_customer_phone_number")
    customer = Customer.objects.filter(identifiers__kind=Identifier.Kind.PHONE, identifiers__value=number).first()
    if customer is not None and channel != Channel.LINK:
        return note_customer(
            link_code=link_code, customer=customer, channel=channel, actor=actor, now=now, business=business
        )
    shop = _business(business, actor)
    _check_new(affiliate, customer, [number], now)
    digest = keyed_digest("loyalty.affiliate", active_schema(), address) if address else None
    with transaction.atomic():
        lock_affiliate(affiliate.pk)  # of two at once the second sees what the first one noted
        known = AffiliateCustomer.objects.filter(phone=number, state=State.WAITING).first()
        if known is not None:
            return _same(known, affiliate)
        try:
            with transaction.atomic():
                came = AffiliateCustomer.objects.create(
                    affiliate=affiliate,
                    phone=number,
                    business_id=shop,
                    channel=channel,
                    flags=_flags(affiliate, digest, now),
                    address_digest=digest,
                    created_at=now,
                    expires_at=now + timedelta(days=affiliate.window_days),
                )
        except IntegrityError as clash:
            raise CustomerBelongs() from clash
        ensure_due(kind=EXPIRE, by=now + timedelta(days=affiliate.window_days))
    return came


def note_customer(
    *, link_code: str, customer: Customer, channel: str, actor: Actor, now: datetime, business: str = ""
) -> AffiliateCustomer:
    """Note that this customer came through an affiliate. Raises what `note_number` raises."""
    affiliate = _active(link_code)
    shop = _business(business, actor)
    phones = phones_of(customer)
    with transaction.atomic():
        lock_affiliate(affiliate.pk)  # a sale that is settled now makes the same number a customer
        known = AffiliateCustomer.objects.exclude(state=State.ENDED)
        first = known.filter(Q(customer=customer) | Q(phone__in=phones)).first()
        if first is not None and (first.customer_id is not None or first.affiliate_id != affiliate.pk):
            return _same(first, affiliate)
        _check_new(affiliate, customer, phones, now)
        if first is not None:
            came = first
        else:
            came = AffiliateCustomer(
                affiliate=affiliate,
                business_id=shop,
                channel=channel,
                flags=_flags(affiliate, None, now),
                created_at=now,
            )
        try:
            with transaction.atomic():
                become_customer(came, customer, actor=actor, now=now)
        except IntegrityError as clash:
            raise CustomerBelongs() from clash
    return came


def decide_customer(*, code: str, counts: bool, actor: Actor, now: datetime) -> AffiliateCustomer:
    """A person's word on who looked odd: yes gives the commissions of their sales, no takes any away.

    Raises UnknownReferral and ReferralOver (decided before, otherwise).
    """
    with transaction.atomic():
        visible = AffiliateCustomer.objects.filter(code=code) if "\0" not in code else AffiliateCustomer.objects.none()
        if actor.business_id is not None:
            visible = visible.filter(business_id=actor.business_id)
        affiliate_id = visible.values_list("affiliate_id", flat=True).first()
        if affiliate_id is None:
            raise UnknownReferral()
        lock_affiliate(affiliate_id)  # before anything of it: everybody who settles does
        came = visible.select_for_update(of=("self",)).select_related("affiliate").get()
        wanted = State.ACTIVE if counts else State.ENDED
        if came.state == wanted:
            return came
        if came.state != State.REVIEW and not (came.state == State.ACTIVE and not counts):
            raise ReferralOver(state=came.state)
        came.state, came.reason = wanted, "" if counts else Reason.BY_HAND
        came.decided_by, came.decided_by_label = actor.reference, actor.label[:160]
        came.save()
        said, subject = "agreed" if counts else "refused", f"affiliate:{came.affiliate.code}"
        audit.record(actor, f"loyalty.affiliate.customer_{said}", subject=subject, data={"customer_of": came.code})
        settle_customer(came.pk, actor=actor, now=now)
    return came


def expire_numbers(*, now: datetime) -> datetime | None:
    """Forget the numbers that nobody bought with in time; returns when the next one ends."""
    waiting = AffiliateCustomer.objects.filter(state=State.WAITING)
    waiting.filter(expires_at__lte=now).update(state=State.ENDED, reason=Reason.TIME, phone="", address_digest=None)
    return waiting.order_by("expires_at").values_list("expires_at", flat=True).first()


def forget_affiliations(*, customer_id: int, phones: Collection[str]) -> None:
    """Of an erased person: no number, no address; what their sales earned stays, without a face."""
    theirs = AffiliateCustomer.objects.filter(Q(customer_id=customer_id) | Q(phone__in=[*phones]) & ~Q(phone=""))
    theirs.filter(state=State.WAITING).update(state=State.ENDED, reason=Reason.ERASED)
    theirs.update(phone="", address_digest=None)


def _check_new(affiliate: Affiliate, customer: Customer | None, phones: Collection[str], now: datetime) -> None:
    reason = guard(affiliate, customer, phones, before=now)
    if reason == Reason.ONESELF:
        raise AffiliateIsCustomer()
    if reason == Reason.NOT_NEW:
        raise FriendIsCustomer()
    if reason == Reason.OTHER:
        raise CustomerBelongs()
    if reason == Reason.BY_HAND:
        raise CustomerRefused()
    if (
        customer is not None
        and AffiliateCustomer.objects.filter(customer=customer, state__in=[State.ACTIVE, State.REVIEW])
        .exclude(affiliate=affiliate)
        .exists()
    ):
        raise CustomerBelongs()


def _active(link_code: str) -> Affiliate:
    affiliate = affiliate_of_code(link_code)
    if affiliate is None:
        raise UnknownAffiliate()
    if affiliate.state != Affiliate.State.ACTIVE:
        raise AffiliateInactive()
    return affiliate


def _same(known: AffiliateCustomer, affiliate: Affiliate) -> AffiliateCustomer:
    if known.affiliate_id != affiliate.pk:
        raise CustomerBelongs()
    return known


def _flags(affiliate: Affiliate, digest: bytes | None, now: datetime) -> list[str]:
    """What looks odd about somebody who comes."""
    flags, day = set(), now - timedelta(days=1)
    lately = AffiliateCustomer.objects.filter(created_at__gt=day)
    if lately.filter(affiliate=affiliate).count() >= affiliate_settings().daily_review:
        flags.add(Flag.VELOCITY)
    if digest and lately.filter(address_digest=digest).count() >= CLAIMS_A_DAY:
        flags.add(Flag.ADDRESS)
    return sorted(flags)


def _business(code: str, actor: Actor) -> int | None:
    if not code:
        return actor.business_id
    shops = Business.objects.none() if "\0" in code else Business.objects.active().visible_to(actor).filter(code=code)
    found: int | None = shops.values_list("pk", flat=True).first()
    if found is None:
        raise UnknownBusiness()
    return found
