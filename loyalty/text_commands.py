"""What members ask by text: their points, what they can have for them, and to become one."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.clock import local_day
from core.presentation import format_money, format_points
from core.tenancy import active_programme
from customers.actions.consent import record_consent
from customers.actions.customers import find_or_create_by_phone
from customers.models import Customer
from loyalty.actions.membership import join
from loyalty.balances import Balance, balance_of
from loyalty.reports_rewards import rewards_of_member
from messaging.commands import answers
from messaging.models import InboundMessage

SHOWN = 3  # rewards in one text


@answers("balance", "balance", "bal", "points", "punkte", "punktestand", "guthaben")
def balance(text: InboundMessage, now: datetime) -> str:
    found = _balance(text, now)
    return _points_in_words(found) if found.is_member else _not_yet()


@answers("rewards", "rewards", "reward", "gifts", "prämien", "praemien")
def rewards(text: InboundMessage, now: datetime) -> str:
    """What they can have, and what comes next."""
    found = _balance(text, now)
    if not found.is_member or text.customer_id is None:
        return _not_yet()
    theirs = rewards_of_member(text.customer_id, now=now, balance=found.points)
    said = []
    if theirs.ready:
        names = ", ".join(f"{one.reward.name} ({format_points(one.reward.points)})" for one in theirs.ready[:SHOWN])
        said.append(_("You can have: %(rewards)s.") % {"rewards": names})
    if theirs.next_up is not None:
        following = theirs.next_up
        words = ngettext("Next: %(reward)s, %(points)s point to go.", "Next: %(reward)s, %(points)s points to go.",
                         following.missing)  # fmt: skip
        said.append(words % {"reward": following.reward.name, "points": format_points(following.missing)})
    return " ".join(said) or _("There are no rewards at the moment. %(points)s") % {"points": _points_in_words(found)}


@answers("join", "join", "mitmachen", "beitreten")
def join_by_text(text: InboundMessage, now: datetime) -> str:
    """Becomes a member who agreed to texts about points: nobody else can text from this number."""
    region = active_programme().country
    nobody = Actor(kind="customer", id="text", label=_("By text"))
    with transaction.atomic():
        customer = find_or_create_by_phone(
            phone=text.sender, region=region, source="text", actor=nobody, now=now
        ).customer
        themselves = Actor(kind="customer", id=customer.code, label=str(customer))
        record_consent(
            customer=customer, channel="sms", purpose="service", is_granted=True, source="text", wording="text-join-1",
            actor=themselves, now=now,
        )  # fmt: skip
        is_new = join(customer_id=customer.pk, actor=themselves, source="text", now=now)
        InboundMessage.objects.filter(pk=text.pk).update(customer=customer)
    text.customer = customer
    points = _points_in_words(balance_of(customer.pk, now=now))
    if not is_new:
        return _("You are a member already. %(points)s") % {"points": points}
    return _("Welcome. Give this number at the till. %(points)s STOP ends all texts.") % {"points": points}


def _balance(text: InboundMessage, now: datetime) -> Balance:
    active = text.customer is not None and text.customer.state == Customer.State.ACTIVE
    return balance_of(text.customer_id if active and text.customer_id else 0, now=now)


def _not_yet() -> str:
    return _("You collect no points here yet. Text JOIN to begin.")


def _points_in_words(found: Balance) -> str:
    programme = active_programme()
    words = ngettext("You have %(points)s point, worth %(worth)s.", "You have %(points)s points, worth %(worth)s.",
                     found.points)  # fmt: skip
    said = words % {"points": format_points(found.points), "worth": format_money(found.worth, programme.currency)}
    if found.expires_next_at is not None and found.expiring_points:
        words = ngettext("%(points)s runs out after %(day)s.", "%(points)s run out after %(day)s.",
                         found.expiring_points)  # fmt: skip
        day = date_format(local_day(found.expires_next_at - timedelta(microseconds=1), programme.zone), _("j F"))
        said += " " + words % {"points": format_points(found.expiring_points), "day": day}
    return said
