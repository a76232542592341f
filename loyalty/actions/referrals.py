"""Members bring people: claimed with a code, a link or a number, completed by the first purchase, undone with it.

What was promised at the claim holds. Guards stand at the claim and again at the purchase; what looks odd waits for a
person, with the purchase that would have completed it. Every step can be repeated: a referral ends once, and its points
have keys of its own in the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from core.actor import SYSTEM, Actor
from core.clock import day_start, local_day
from core.codes import keyed_digest, random_code
from core.errors import DomainError
from core.hosts import origin
from core.phones import parse_phone
from core.tenancy import active_programme, active_schema
from customers.actions import events
from customers.actions.customers import find_or_create_by_phone
from customers.following import Figures, tell_followers
from customers.models import Customer, Identifier, Order
from loyalty.actions.points import post_batch, reverse_transaction
from loyalty.actions.referral_settings import MAX_GIVEN, referral_settings
from loyalty.balances import settings_now
from loyalty.errors import (
    AlreadyReversed,
    ApprovalRequired,
    CustomerBelongs,
    FriendIsCustomer,
    ReferralKnown,
    ReferralOver,
    ReferralsOff,
    SelfReferral,
    UnknownBusiness,
    UnknownReferral,
    UnknownReferrer,
)
from loyalty.events import REFERRAL_COMPLETED, REFERRAL_ENDED, REFERRAL_TRACKED
from loyalty.models import Account, AffiliateCustomer, Referral, ReferralCode, ReferralSettings, Transaction
from loyalty.operations import ReferralPoints
from loyalty.referral_rules import may_be_the_same
from loyalty.values import check
from programs.actions.due_work import ensure_due
from programs.actions.programmes import host_of
from programs.models import User
from workspace.actions import audit
from workspace.models import Business

State, Flag, Reason = Referral.State, Referral.Flag, Referral.Reason
OWNER = "system:referrals"
EXPIRE = "loyalty.referrals.expire"
CODE_LENGTH = 8  # of 31 letters: 40 bits; a code is no secret, but nobody should guess many
CLAIMS_A_DAY = 5  # by link from one address on the network; more are looked at
WEEK = timedelta(days=7)
LOOKED_AT = 100  # purchases of a friend, when the one that counted went


def link_of(code: str) -> str:
    """What a member sends to a friend: a page of this programme that says who invites them."""
    return f"{origin(host_of(active_programme().slug))}/p/r/{code}/"


def code_of(account_id: int) -> str:
    """The member's own code, made when it is first asked for."""
    while True:
        found = ReferralCode.objects.filter(account_id=account_id).values_list("code", flat=True).first()
        if found:
            return found
        try:
            with transaction.atomic():
                ReferralCode.objects.create(account_id=account_id, code=random_code(CODE_LENGTH))
        except IntegrityError:
            continue  # made meanwhile, or the code of somebody else: look again


def referrer_of(*, code: str = "", phone: str = "") -> Account:
    """The member with this code or number; raises UnknownReferrer and InvalidPhone."""
    members = Account.objects.filter(customer__state=Customer.State.ACTIVE).select_related("customer")
    if code:
        typed = code.strip().upper()
        found = _owner_of(members, typed) if "\0" not in typed else None
    else:
        number = parse_phone(phone, active_programme().country, field="referrer_phone_number")
        found = members.filter(
            customer__identifiers__kind=Identifier.Kind.PHONE, customer__identifiers__value=number
        ).first()
    if found is None:
        raise UnknownReferrer()
    return found


def _owner_of(members: QuerySet[Account], code: str) -> Account | None:
    """The code of a merged duplicate is the survivor's."""
    owner = ReferralCode.objects.filter(code=code).values_list(
        Coalesce("account__customer__merged_into_id", "account_id")
    )
    return members.filter(pk__in=owner).first()


def track_referral(
    *,
    referrer: Account,
    friend_phone: str,
    channel: str,
    actor: Actor,
    now: datetime,
    business: str = "",
    address: str = "",
    browser_of: int | None = None,
    field: str = "new_customer_phone_number",
) -> Referral:
    """Note that `referrer` brings whoever has `friend_phone`. The same claim again is the same referral.

    `business` is the code of where; `address` and `browser_of` (the customer signed in there) are of a claim by link.
    Raises ReferralsOff, InvalidPhone, UnknownBusiness, SelfReferral, FriendIsCustomer, ReferralKnown, and
    CustomerBelongs where an affiliate brought them before.
    """
    settings = referral_settings()
    if not settings.is_active:
        raise ReferralsOff()
    phone = parse_phone(friend_phone, active_programme().country, field=field)
    shop = _business(business, actor)
    friend = Customer.objects.filter(identifiers__kind=Identifier.Kind.PHONE, identifiers__value=phone).first()
    if friend is not None and friend.pk == referrer.pk:
        raise SelfReferral()
    with transaction.atomic():
        known = Referral.objects.filter(friend_phone=phone).exclude(
            state__in=[State.CANCELLED, State.EXPIRED, State.UNDONE]
        )
        first = known.first()
        if first is not None:
            if first.referrer_id == referrer.pk:
                return first
            raise ReferralKnown()
        if friend is not None and _has_bought(friend.pk, before=now):
            raise FriendIsCustomer()
        if _came_by_affiliate(phone, friend):
            raise CustomerBelongs()
        digest = keyed_digest("loyalty.referral", active_schema(), address) if address else None
        try:
            with transaction.atomic():
                referral = Referral.objects.create(
                    referrer=referrer,
                    friend_phone=phone,
                    friend=friend,
                    business_id=shop,
                    channel=channel,
                    flags=_flags(referrer, settings, digest, browser_of, now),
                    address_digest=digest,
                    referrer_points=settings.referrer_points,
                    friend_points=settings.friend_points,
                    min_spend=settings.min_spend,
                    created_at=now,
                    expires_at=now + timedelta(days=settings.days),
                )
        except IntegrityError as clash:  # another member was a moment earlier
            raise ReferralKnown() from clash
        _tell(REFERRAL_TRACKED, referral, actor, now)
        _record("tracked", referral, actor)
        ensure_due(kind=EXPIRE, by=referral.expires_at)
    return referral


def open_referral_of(*, friend_phone: str, actor: Actor, field: str = "new_customer_phone_number") -> Referral:
    """What can still be completed for this number. Raises InvalidPhone and UnknownReferral."""
    phone = parse_phone(friend_phone, active_programme().country, field=field)
    referral = Referral.objects.open().visible_to(actor).filter(friend_phone=phone).first()
    if referral is None:
        raise UnknownReferral()
    return referral


def complete_by_hand(*, code: str, actor: Actor, now: datetime, points: int | None = None) -> Referral:
    """Give the points although nothing was bought yet, or although it looked odd. `points`: for the referrer.

    Completed twice, they move once. Raises UnknownReferral, ReferralOver, InvalidInput, and ApprovalRequired for more
    than was promised and than one person may give.
    """
    with transaction.atomic():
        referral = _lock(code, actor)
        if referral.state == State.COMPLETED:
            return referral
        if referral.state not in (State.PENDING, State.REVIEW):
            raise ReferralOver(state=referral.state)
        if points is not None:
            check(0 <= points <= MAX_GIVEN, "points_to_award_referrer", _("Enter whole points, up to 1,000,000."))
            limit = settings_now().approval_above
            if limit is not None and points > max(limit, referral.referrer_points):
                raise ApprovalRequired(limit=limit)
            referral.referrer_points = points
        _decided(referral, actor)
        _complete(referral, actor=actor, now=now)
    return referral


def cancel_referral(*, code: str, actor: Actor, now: datetime) -> Referral:
    """No points for this one. Raises UnknownReferral and ReferralOver (completed: undo the purchase instead)."""
    with transaction.atomic():
        referral = _lock(code, actor)
        if referral.state == State.CANCELLED:
            return referral
        if referral.state not in (State.PENDING, State.REVIEW):
            raise ReferralOver(state=referral.state)
        _decided(referral, actor)
        _end(referral, State.CANCELLED, Reason.BY_HAND, actor=actor, now=now)
    return referral


# -- what purchases do ------------------------------------------------------------------------------------------------


def follow_purchases(orders: Sequence[str], *, now: datetime) -> None:
    """Complete the referrals of people who bought for the first time, by the codes of the orders; safe to repeat."""
    found = Order.objects.filter(code__in=orders, customer__isnull=False).select_related("customer").order_by("pk")
    phones = _phones([order.customer_id for order in found if order.customer_id])
    waiting = set(
        Referral.objects.filter(
            state=State.PENDING, friend_phone__in=[phone for several in phones.values() for phone in several]
        ).values_list("friend_phone", flat=True)
    )
    for order in found:
        for phone in phones.get(order.customer_id or 0, ()):
            if phone in waiting:
                with transaction.atomic():
                    _judge(phone, order, now)


def follow_returns(orders: Sequence[int], *, now: datetime) -> None:
    """Take back the points of referrals whose purchase went, by ids of the orders; safe to repeat."""
    touched = Referral.objects.filter(order_id__in=orders, state__in=[State.COMPLETED, State.REVIEW])
    for code in touched.order_by("pk").values_list("code", flat=True):
        with transaction.atomic():
            referral = _lock(code, SYSTEM)
            order, state = referral.order, referral.state
            if order is None or _qualifies(referral, order) or state not in (State.COMPLETED, State.REVIEW):
                continue
            if state == State.COMPLETED:
                _take_back(referral, now)
            if state == State.REVIEW or _may_wait_again(referral, order, now):
                _wait_again(referral, now)
            else:
                _end(referral, State.UNDONE, Reason.GIVEN_BACK, actor=SYSTEM, now=now)


def expire_referrals(*, now: datetime) -> datetime | None:
    """End what nobody bought for in time, and forget the number; returns when the next one ends."""
    over = Referral.objects.filter(state=State.PENDING, expires_at__lte=now).order_by("pk")
    for code in over.values_list("code", flat=True).iterator():
        with transaction.atomic():
            referral = _lock(code, SYSTEM)
            if referral.state == State.PENDING and referral.expires_at <= now:
                referral.address_digest = None
                _end(referral, State.EXPIRED, Reason.TIME, actor=SYSTEM, now=now)
    pending = Referral.objects.filter(state=State.PENDING)
    return pending.order_by("expires_at").values_list("expires_at", flat=True).first()


def forget_referrals(*, customer_id: int, phones: Collection[str], now: datetime) -> None:
    """Of an erased person: their code, numbers, and what they still wait for."""
    ReferralCode.objects.filter(account_id=customer_id).delete()
    theirs = Referral.objects.filter(Q(referrer_id=customer_id) | Q(friend_id=customer_id) | Q(friend_phone__in=phones))
    theirs.update(address_digest=None)  # first: without its number, what waits is found no more
    for code in theirs.open().order_by("pk").values_list("code", flat=True):
        _end(_lock(code, SYSTEM), State.CANCELLED, Reason.ERASED, actor=SYSTEM, now=now)
    theirs.update(friend_phone="")


def _judge(phone: str, order: Order, now: datetime) -> None:
    """Whether this purchase completes what waits for this number."""
    referral = (
        Referral.objects.select_for_update(of=("self",))
        .select_related("referrer__customer")
        .filter(friend_phone=phone, state=State.PENDING)
        .first()
    )
    if referral is None or order.customer is None:
        return
    if not referral.created_at <= order.placed_at < referral.expires_at or not _qualifies(referral, order):
        return
    referral.order, referral.friend = order, order.customer
    if order.customer_id == referral.referrer_id:
        referral.friend = None
        _end(referral, State.CANCELLED, Reason.ONESELF, actor=SYSTEM, now=now)
    elif _has_bought(order.customer.pk, before=referral.created_at):
        _end(referral, State.CANCELLED, Reason.NOT_NEW, actor=SYSTEM, now=now)
    elif _is_at_limit(referral, now):
        _end(referral, State.CANCELLED, Reason.LIMIT, actor=SYSTEM, now=now)
    else:
        referral.flags = sorted({*referral.flags, *_flags_of_purchase(referral, order)})
        if referral.flags:
            referral.state = State.REVIEW
            referral.save(update_fields=["state", "flags", "order", "friend"])
            _record("held_up", referral, SYSTEM)
        else:
            _complete(referral, actor=SYSTEM, now=now)


def _complete(referral: Referral, *, actor: Actor, now: datetime) -> None:
    """Both get their points, and the row says so, in one transaction. The caller has locked it."""
    given = []
    shop = referral.order.business_id if referral.order else referral.business_id
    key = f"{referral.code}:{referral.order.code if referral.order else 'hand'}"  # it may complete anew, by another
    if referral.referrer_points:
        given.append(
            ReferralPoints(
                customer_id=referral.referrer_id,
                points=referral.referrer_points,
                side="referrer",
                business=shop,
                key=f"{key}:referrer",
            )
        )
    friend = referral.friend_id or _customer_of(referral.friend_phone, actor, now)
    if referral.friend_points:
        given.append(
            ReferralPoints(
                customer_id=friend,
                points=referral.friend_points,
                side="friend",
                business=shop,
                key=f"{key}:friend",
            )
        )
    outcomes = post_batch(operations=given, owner=OWNER, source="referral", actor=actor, now=now)
    for operation, outcome in zip(given, outcomes, strict=True):
        if isinstance(outcome, DomainError):
            raise outcome
        setattr(referral, f"{operation.side}_transaction", outcome.transaction)
    referral.friend_id = friend
    referral.state, referral.ended_at = State.COMPLETED, now
    referral.save()
    _tell(REFERRAL_COMPLETED, referral, actor, now)
    _record("completed", referral, actor)


def _take_back(referral: Referral, now: datetime) -> None:
    for code in (referral.referrer_transaction, referral.friend_transaction):
        if code:
            try:
                reverse_transaction(transaction=code, key=f"{referral.code}:{code}", owner=OWNER, actor=SYSTEM, now=now)
            except AlreadyReversed:  # by hand
                continue


def _may_wait_again(referral: Referral, order: Order, now: datetime) -> bool:
    """A sale that was undone is none: the right amount that is typed next is the first purchase."""
    return order.status == Order.Status.CANCELLED and now < referral.expires_at and bool(referral.friend_phone)


def _wait_again(referral: Referral, now: datetime) -> None:
    """For another purchase: one that was made meanwhile, or the next in time."""
    phone, friend = referral.friend_phone, referral.friend_id
    assert friend is not None, "the purchase was theirs"
    referral.state, referral.order, referral.ended_at = State.PENDING, None, None
    referral.referrer_transaction = referral.friend_transaction = ""
    referral.save()
    _record("reopened", referral, SYSTEM)
    ensure_due(kind=EXPIRE, by=referral.expires_at)
    bought = Order.objects.filter(customer_id=friend, placed_at__gte=referral.created_at).select_related("customer")
    for order in bought.order_by("placed_at", "pk")[:LOOKED_AT]:
        _judge(phone, order, now)


def _end(referral: Referral, state: str, reason: str, *, actor: Actor, now: datetime) -> None:
    """Without points (any more). The number of somebody who may be no customer is not kept."""
    referral.state, referral.reason, referral.ended_at, referral.friend_phone = state, reason, now, ""
    referral.save()
    _tell(REFERRAL_ENDED, referral, actor, now, reason=reason)
    _record("ended", referral, actor, reason=reason)


def _lock(code: str, actor: Actor) -> Referral:
    found = Referral.objects.select_for_update(of=("self",)).select_related("referrer__customer", "order")
    if "\0" in code:
        raise UnknownReferral()
    visible = Referral.objects.visible_to(actor).filter(code=code)
    referral = found.filter(pk__in=visible.values("pk")).first()
    if referral is None:
        raise UnknownReferral()
    return referral


def _decided(referral: Referral, actor: Actor) -> None:
    referral.decided_by, referral.decided_by_label = actor.reference, actor.label[:160]


def _qualifies(referral: Referral, order: Order) -> bool:
    left = order.total - order.refunded_total
    return order.status != Order.Status.CANCELLED and left > 0 and left >= referral.min_spend


def _has_bought(customer_id: int, *, before: datetime) -> bool:
    bought = Order.objects.filter(customer_id=customer_id, placed_at__lt=before)
    return bought.exclude(status=Order.Status.CANCELLED).exists()


def _came_by_affiliate(phone: str, friend: Customer | None) -> bool:
    came = Q(phone=phone, state=AffiliateCustomer.State.WAITING)
    if friend is not None:
        came |= Q(customer=friend) & ~Q(state=AffiliateCustomer.State.ENDED)
    return AffiliateCustomer.objects.filter(came).exists()


def _is_at_limit(referral: Referral, now: datetime) -> bool:
    limit = referral_settings().monthly_limit
    zone = active_programme().zone
    since = day_start(local_day(now, zone).replace(day=1), zone)
    done = Referral.objects.filter(referrer_id=referral.referrer_id, state=State.COMPLETED, ended_at__gte=since)
    return limit is not None and done.count() >= limit


def _flags(
    referrer: Account, settings: ReferralSettings, digest: bytes | None, browser_of: int | None, now: datetime
) -> list[str]:
    """What looks odd about a claim."""
    flags = set()
    if Referral.objects.filter(referrer=referrer, created_at__gt=now - WEEK).count() >= settings.weekly_review:
        flags.add(Flag.VELOCITY)
    day = now - timedelta(days=1)
    if digest and Referral.objects.filter(address_digest=digest, created_at__gt=day).count() >= CLAIMS_A_DAY:
        flags.add(Flag.ADDRESS)
    if browser_of == referrer.pk:
        flags.add(Flag.DEVICE)
    return sorted(flags)


def _flags_of_purchase(referral: Referral, order: Order) -> set[str]:
    """What looks odd about the purchase: a second identity, or a cashier who sells to whom they bring."""
    flags: set[str] = set()
    referrer, friend = referral.referrer.customer, order.customer
    if friend is not None and may_be_the_same(referrer, friend):
        flags.add(Flag.NAME)
    seller = Transaction.objects.done().filter(order=order, kind=Transaction.Kind.EARN).values_list("actor", flat=True)
    kind, _colon, pk = (seller.first() or "").partition(":")
    if kind == "user" and referrer.email and User.objects.filter(pk=pk, email__iexact=referrer.email).exists():
        flags.add(Flag.CASHIER)
    return flags


def _business(code: str, actor: Actor) -> int | None:
    if not code:
        return actor.business_id
    shops = Business.objects.none() if "\0" in code else Business.objects.active().visible_to(actor).filter(code=code)
    found: int | None = shops.values_list("pk", flat=True).first()
    if found is None:
        raise UnknownBusiness()
    return found


def _phones(customer_ids: Sequence[int]) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    numbers = Identifier.objects.filter(kind=Identifier.Kind.PHONE, customer_id__in=customer_ids)
    for customer_id, phone in numbers.values_list("customer_id", "value"):
        found.setdefault(customer_id, []).append(phone)
    return found


def _customer_of(phone: str, actor: Actor, now: datetime) -> int:
    """Who is brought becomes a customer by that, where a person completes it before they bought."""
    region = active_programme().country
    return find_or_create_by_phone(phone=phone, region=region, source="referral", actor=actor, now=now).customer.pk


def _tell(event: object, referral: Referral, actor: Actor, now: datetime, **more: str) -> None:
    events.append(
        event,  # type: ignore[arg-type]
        actor=actor,
        occurred_at=now,
        customer_id=referral.referrer_id,
        business_id=referral.business_id,
        data={"referral": referral.code, **more},
    )
    if referral.friend_id is not None:
        tell_followers(Figures.FACTS, {referral.friend_id})


def _record(act: str, referral: Referral, actor: Actor, **more: str) -> None:
    audit.record(
        actor,
        f"loyalty.referral.{act}",
        subject=f"customer:{referral.referrer.customer.code}",
        business_id=referral.business_id,
        data={"referral": referral.code, **more},
    )
