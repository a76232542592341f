"""Regular work of points: what expired, and what lists show of each member."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM
from core.clock import day_start, local_day
from core.tenancy import active_programme
from customers.actions.events import wake_readers
from customers.actions.facts import write_facts
from customers.actions.refunds import orders_of_refunds
from customers.events import CUSTOMER_UNMERGED, ORDER_ATTACHED, ORDER_CANCELLED, ORDER_PLACED, ORDER_REFUNDED
from customers.models import Event, Order
from customers.stream import stream_reader
from loyalty.actions.affiliate_commissions import settle_orders as settle_commissions
from loyalty.actions.affiliate_customers import EXPIRE as EXPIRE_NUMBERS
from loyalty.actions.affiliate_customers import expire_numbers
from loyalty.actions.birthdays import give_birthday_bonuses
from loyalty.actions.co_visits import learn_co_visits
from loyalty.actions.leaving import LEAVE, leave_what_is_due
from loyalty.actions.leaving_mail import LEFT_MAIL, mail_statement
from loyalty.actions.point_days import count_points
from loyalty.actions.recommendations import note_returns, sweep_recommendations
from loyalty.actions.recommender_settings import LEARN
from loyalty.actions.referrals import EXPIRE as EXPIRE_REFERRALS
from loyalty.actions.referrals import expire_referrals, follow_purchases, follow_returns
from loyalty.actions.refunds import claw_back_refunds
from loyalty.actions.settings import APPLY_EXPIRY
from loyalty.actions.stamps import settle_orders
from loyalty.actions.tiers import APPLY_TIERS
from loyalty.actions.warnings import warn_members
from loyalty.events import POINTS_REVERSED
from loyalty.models import Account, Affiliate, Recommendation, Referral, StampCard, Tier, Transaction
from programs.actions.due_work import ensure_due
from workspace.actions.jobs import JobRun
from workspace.jobs import due_work, job_kind

EXPIRE = "loyalty.points.expire"
WARN = "loyalty.points.warn"
WARN_HOUR = 10  # in the programme's zone
EXPIRE_EVERY = timedelta(hours=6)  # housekeeping: an account that is touched expires its points by itself
BIRTHDAYS = "loyalty.birthdays.give"
JUDGE_TIERS = "loyalty.tiers.judge"
COUNT = "loyalty.reports.count"
COUNT_HOUR = 1  # in the programme's zone: whoever was at it at midnight is done
LEARN_HOUR = 3
APPLY_BATCH = 500
JUDGE_BATCH = 100  # accounts locked at a time: a till waits for no more than these
EXPIRE_BATCH = 1000  # accounts locked and committed at a time
FACTS = ("balance", "lifetime_points", "is_member", "member_since", "tier", "tier_rank")


@stream_reader("loyalty.facts")
def follow_points(events: Sequence[Event]) -> None:
    """Copy the balances of members to whom something happened into the facts that lists sort by.

    Reads the account, not the event: events of one member may arrive in any number and end in the same facts.
    """
    names = ("loyalty.points.", "loyalty.tier.", CUSTOMER_UNMERGED.name)
    members = {event.customer_id for event in events if event.customer_id and event.name.startswith(names)}
    refresh_facts(sorted(members))


@stream_reader("loyalty.refunds")
def follow_refunds(events: Sequence[Event]) -> None:
    """Take back the points of what was given back, whoever recorded it; nothing goes twice.

    Also of sales whose points were away when the goods came back, and came back themselves later.
    """
    codes = [str(event.data["refund"]) for event in events if event.name == ORDER_REFUNDED.name]
    undone = [event.data for event in events if event.name == POINTS_REVERSED.name]
    again = [str(data["transaction"]) for data in undone if int(str(data["points"])) > 0]
    if codes or again:
        claw_back_refunds(codes, again, now=timezone.now())


@stream_reader("loyalty.stamps")
def follow_stamps(events: Sequence[Event]) -> None:
    """Bring the stamps of sales up to what was cancelled or given back, whoever recorded it; nothing goes twice."""
    told = [event for event in events if event.name in (ORDER_CANCELLED.name, ORDER_REFUNDED.name)]
    if told and StampCard.objects.exists():
        orders = [str(event.data["order"]) for event in told if "order" in event.data]
        refunds = [str(event.data["refund"]) for event in told if "refund" in event.data]
        settle_orders(orders, refunds, actor=SYSTEM, now=timezone.now())


@stream_reader("loyalty.referrals")
def follow_referrals(events: Sequence[Event]) -> None:
    """Complete the referrals of who bought, and take points back where the purchase went; nothing happens twice."""
    if not Referral.objects.exists():
        return
    bought, gone, refunds = [], [], []
    for event in events:
        if event.name in (ORDER_PLACED.name, ORDER_ATTACHED.name):
            bought.append(str(event.data["order"]))
        elif event.name == ORDER_CANCELLED.name:
            gone.append(str(event.data["order"]))
        elif event.name == ORDER_REFUNDED.name:
            refunds.append(str(event.data["refund"]))
    now = timezone.now()
    if bought:
        follow_purchases(bought, now=now)
    if gone or refunds:
        cancelled = Order.objects.filter(code__in=gone).values_list("pk", flat=True)
        follow_returns([*cancelled, *orders_of_refunds(refunds)], now=now)


@stream_reader("loyalty.affiliates")
def follow_affiliates(events: Sequence[Event]) -> None:
    """Bring the commissions of affiliates up to what was sold, cancelled and given back; nothing happens twice."""
    new = {ORDER_PLACED.name, ORDER_ATTACHED.name}
    sold = [str(event.data["order"]) for event in events if event.name in new]
    gone = [str(event.data["order"]) for event in events if event.name == ORDER_CANCELLED.name]
    refunds = [str(event.data["refund"]) for event in events if event.name == ORDER_REFUNDED.name]
    if (sold or gone or refunds) and Affiliate.objects.exists():
        orders = Order.objects.order_by("pk")
        now = timezone.now()
        settle_commissions(orders.filter(code__in=sold).values_list("pk", flat=True), now=now)
        changed = [*orders.filter(code__in=gone).values_list("pk", flat=True), *orders_of_refunds(refunds)]
        settle_commissions(changed, now=now, are_new=False)


@stream_reader("loyalty.recommendations")
def follow_recommended(events: Sequence[Event]) -> None:
    """Note who came back after something was suggested to them, and who did not after all."""
    told = {event.customer_id for event in events if event.customer_id and event.name.startswith("customers.order.")}
    if told and Recommendation.objects.filter(customer__in=told).exists():
        note_returns(now=timezone.now(), customer_ids=told)


def refresh_facts(customer_ids: Sequence[int]) -> int:
    """Write the ledger's facts of these customers; safe to repeat. Returns how many were members."""
    accounts = Account.objects.filter(pk__in=customer_ids).order_by("pk")
    rows = accounts.values_list("pk", "available", "lifetime", "joined_at", "tier__name", "tier__rank")
    return write_facts(
        FACTS,
        [
            (pk, available, lifetime, True, joined, tier or "", rank)
            for pk, available, lifetime, joined, tier, rank in rows
        ],
    )


@due_work(EXPIRE)
def expire_points(now: datetime) -> datetime | None:
    """Take out what expired of accounts that nobody touched, a batch for each commit; busy accounts wait."""
    while _expire_batch(now) == EXPIRE_BATCH:
        pass
    return now + EXPIRE_EVERY


def _expire_batch(now: datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_expire_due(%s::timestamptz, %s::integer)", [now, EXPIRE_BATCH])
        accounts: int = cursor.fetchone()[0]
        if accounts:
            wake_readers()  # lists show the new balances
        return accounts


@due_work(APPLY_EXPIRY)
def apply_expiry(now: datetime) -> datetime | None:
    """Date the points that had no date when the programme's expiry changed: a full period after that, not earlier.

    Member by member from the first on, a batch for each commit; begun anew it finds the dated ones done.
    """
    last = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT ledger_date_lots(%s::bigint, %s::integer)", [last, APPLY_BATCH])
            last = cursor.fetchone()[0]
        if last is None:
            return None


@stream_reader("loyalty.tiers")
def follow_orders(events: Sequence[Event]) -> None:
    """Let the tiers of members be judged whose orders came, went or were given back some other way than by the ledger.

    Only marks them: judging locks a member, and `judge_due_tiers` does it a few at a time.
    """
    told = [event for event in events if event.customer_id and event.name.startswith("customers.order.")]
    placed = [event.data["order"] for event in told if event.name == ORDER_PLACED.name]
    earns = Transaction.objects.done().filter(order__code__in=placed, kind=Transaction.Kind.EARN)
    judged = set(earns.values_list("order__code", flat=True)) if placed else set()
    members = {
        event.customer_id for event in told if event.name != ORDER_PLACED.name or event.data["order"] not in judged
    }
    if members and Tier.objects.filter(is_active=True).exists():
        now = timezone.now()
        found = Account.objects.select_for_update(no_key=True).filter(pk__in=members).order_by("pk")
        Account.objects.filter(pk__in=list(found.values_list("pk", flat=True))).update(tier_due_at=now)
        ensure_due(kind=JUDGE_TIERS, by=now)


@due_work(JUDGE_TIERS, follows_time_zone=True)
def judge_due_tiers(now: datetime) -> datetime | None:
    """Judge the tiers whose time is over, and come back when the programme's next day begins: that is when one ends."""
    zone = active_programme().zone
    while _judge_batch(now, zone.key) == JUDGE_BATCH:
        pass
    return day_start(local_day(now, zone) + timedelta(days=1), zone)


def _judge_batch(now: datetime, zone: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT ledger_judge_due_tiers(%s::timestamptz, %s::integer, %s)", [now, JUDGE_BATCH, zone])
        accounts: int = cursor.fetchone()[0]
        if accounts:
            wake_readers()  # lists show the new tiers
        return accounts


@due_work(APPLY_TIERS)
def apply_tiers(now: datetime) -> datetime | None:
    """Judge everybody's tier once the programme changed its tiers, a batch for each commit; safe to begin anew."""
    last = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT ledger_judge_more_tiers(%s::bigint, %s::integer, %s::timestamptz, %s)",
                [last, JUDGE_BATCH, now, active_programme().time_zone],
            )
            done = cursor.fetchone()[0]
            if done is None:
                return None
            # A tier may have another name or place now.
            refresh_facts(list(Account.objects.filter(pk__gt=last, pk__lte=done).values_list("pk", flat=True)))
            last = done


@due_work(BIRTHDAYS, follows_time_zone=True)
def birthdays(now: datetime) -> datetime | None:
    """Give birthday gifts, and come back when the programme's next day begins."""
    give_birthday_bonuses(now=now)
    zone = active_programme().zone
    return day_start(local_day(now, zone) + timedelta(days=1), zone)


@due_work(COUNT, follows_time_zone=True)
def count_points_of_days(now: datetime) -> datetime | None:
    """Count the days that are over for the reports, and come back the next night."""
    count_points(now=now)
    zone = active_programme().zone
    day = local_day(now, zone) + timedelta(days=1)
    return datetime.combine(day, time(COUNT_HOUR), tzinfo=zone).astimezone(UTC)


@due_work(LEARN, follows_time_zone=True)
def learn_recommendations(now: datetime) -> datetime | None:
    """Learn who buys where, and read who came back from orders that came late; again the next night."""
    learn_co_visits(now=now)
    note_returns(now=now)
    sweep_recommendations(now=now)
    zone = active_programme().zone
    day = local_day(now, zone) + timedelta(days=1)
    return datetime.combine(day, time(LEARN_HOUR), tzinfo=zone).astimezone(UTC)


@due_work(WARN, follows_time_zone=True)
def warn_of_expiry(now: datetime) -> datetime | None:
    """Tell members whose points run out soon, once a day when people are awake."""
    zone = active_programme().zone
    today = now.astimezone(zone)
    if today.hour >= WARN_HOUR:
        expire_points(now)
        warn_members(now=now)
        today += timedelta(days=1)
    return datetime.combine(today.date(), time(WARN_HOUR), tzinfo=zone).astimezone(UTC)


@due_work(EXPIRE_REFERRALS)
def end_referrals(now: datetime) -> datetime | None:
    """Who claims one makes it due; it ends when none waits."""
    return expire_referrals(now=now)


@due_work(EXPIRE_NUMBERS)
def forget_numbers(now: datetime) -> datetime | None:
    """End the numbers that came through an affiliate and did not buy in time."""
    return expire_numbers(now=now)


@due_work(LEAVE, follows_time_zone=True)
def let_businesses_leave(now: datetime) -> datetime | None:
    """Whoever decides that a business leaves makes it due; it ends when none is left."""
    return leave_what_is_due(now=now)


@job_kind(LEFT_MAIL, title=_("Final statement by e-mail"), max_attempts=5)
def send_final_statement(run: JobRun) -> dict[str, object]:
    mail_statement(statement=int(str(run.params["statement"])), to=str(run.params["to"]))
    return {}
