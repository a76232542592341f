"""Erasing a person: every room forgets them, in one transaction. What each keeps is in docs/how-to/privacy.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from core.actor import Actor
from customers.actions import privacy as customers_privacy
from customers.actions.privacy import Traces
from customers.models import Customer
from intelligence.actions.features import forget_features
from loyalty.actions.affiliate_customers import forget_affiliations
from loyalty.actions.approvals import forget_adjustment_requests
from loyalty.actions.points import adjust_points, reverse_transaction, void_hold
from loyalty.actions.recommendations import forget_recommendations
from loyalty.actions.referrals import forget_referrals
from loyalty.actions.stamps import forget_stamp_reasons
from loyalty.actions.tiers import forget_tier_reasons
from loyalty.models import Account, Hold, Lot, Transaction
from loyalty.reports import balance_of
from messaging.actions import privacy as messaging_privacy
from screens.actions.export import forget_exports
from segments.actions.privacy import forget_in_segments
from workspace.actions.privacy import forget_in_workspace

# The ledger's answers carry the reason of an act; the auditor compares the rest of them.
EMPTY_DIGEST = bytes(32)


@dataclass(frozen=True, slots=True)
class Erased:
    """`points` were left and are gone; `debt` stays in the ledger, with nobody behind it."""

    points: int
    debt: int


@translation.override(settings.LANGUAGE_CODE)  # what stays is read by staff, whatever the customer speaks
def erase_customer(*, customer_id: int, actor: Actor, now: datetime) -> Erased:
    """Forget a person: nothing says any more who they were; orders, points and figures stay, without a face.

    Points are taken out by the ledger's own acts, so that its sums stay right. Whoever comes back with the same number
    is a new customer. Raises NotFound (gone or erased already), ImportUnderWay, PermissionRefused for people limited
    to one business.
    """
    actor.check_sees_all()
    with transaction.atomic():
        customer = customers_privacy.lock_for_erasing(customer_id)
        traces = customers_privacy.traces_of(customer)
        former = customers_privacy.names_before(customer)
        names = {*former, *([customer.name] if customer.name else [])}
        codes = [part.code for part in Customer.objects.parts_of(customer)]
        customers_privacy.refuse_while_imported(traces)
        nobody = _without_name(actor)
        erased = _take_points(customer, actor=nobody, now=now)
        _forget_in_ledger(customer)
        forget_recommendations(customer_id=customer.pk)
        forget_referrals(customer_id=customer.pk, phones=traces.phones, now=now)
        forget_affiliations(customer_id=customer.pk, phones=traces.phones)
        messaging_privacy.forget_person(customer_id=customer.pk, recipients=[*traces.phones, *traces.emails], now=now)
        forget_exports(customer_code=customer.code)
        forget_in_workspace(words=sorted({*traces.words, traces.code, *former, *codes}), labels=sorted(names))
        _forget_in_admin_log(customer, traces)
        customers_privacy.erase_person(customer=customer, traces=traces, actor=nobody, now=now)
        everybody = [customer, *customers_privacy.erase_parts(customer)]
        forget_adjustment_requests(customer_ids=[part.pk for part in everybody])
        forget_features(customer_ids=[part.pk for part in everybody])
        forget_in_segments(customer_ids=[part.pk for part in everybody])
        for part in everybody:
            forget_tier_reasons(customer_id=part.pk)
            forget_stamp_reasons(customer_id=part.pk)
    return erased


def _without_name(actor: Actor) -> Actor:
    """Customers who erase themselves must not be named by the record of it."""
    if actor.kind != "customer":
        return actor
    return Actor(kind="customer", id=actor.id, label=_("A customer"))


def _take_points(customer: Customer, *, actor: Actor, now: datetime) -> Erased:
    """Void what is set aside and take out what is left."""
    account = Account.objects.select_for_update().filter(pk=customer.pk).first()
    if account is None:
        return Erased(0, 0)
    held = Hold.objects.filter(account=account, state=Hold.State.HELD, expires_at__gt=now)
    for code in held.values_list("transaction__code", flat=True):
        void_hold(hold=code, key=f"erase:{code}", actor=actor, source="privacy", now=now)
    _take_waiting_points(account, actor=actor, now=now)
    balance = balance_of(customer.pk, now=now)
    if balance.points:
        adjust_points(
            points=-balance.points,
            reason=_("Data deleted"),
            key=f"erase:{customer.code}",
            customer_id=customer.pk,
            actor=actor,
            source="privacy",
            is_approved=True,  # nobody gains by it
            now=now,
        )
    return Erased(balance.points, balance.debt)


def _take_waiting_points(account: Account, *, actor: Actor, now: datetime) -> None:
    """Points that cannot be spent yet can only be undone with what gave them."""
    waiting = Lot.objects.filter(account=account, is_pending=True, remaining__gt=0, available_at__gt=now)
    for lot in waiting.select_related("transaction").order_by("pk"):
        reverse_transaction(
            transaction=lot.transaction.code,
            points=lot.remaining,
            reason=_("Data deleted"),
            key=f"erase:{lot.transaction.code}",
            actor=actor,
            source="privacy",
            now=now,
        )


def _forget_in_ledger(customer: Customer) -> None:
    """The ledger knows members by id alone, but people write reasons, and a customer's own acts carry their name.

    The digest of a request was made with the number in it: without it, a repeated key is refused.
    """
    own = Transaction.objects.filter(account_id=customer.pk)
    own.filter(actor=f"customer:{customer.code}").update(actor_label="", ip=None)
    kept = _("Data deleted")
    for row in own.filter(Q(response__has_key="reason") | ~Q(reason="")).exclude(reason=kept):
        row.response.pop("reason", None)
        Transaction.objects.filter(pk=row.pk).update(reason="", response=row.response)
    own.exclude(key=None).update(request_digest=EMPTY_DIGEST)


def _forget_in_admin_log(customer: Customer, traces: Traces) -> None:
    """The log of the admin site names what was opened there by its text."""
    named = Q(object_id=str(customer.pk), content_type__model="customer")
    for word in traces.words:
        named |= Q(object_repr__icontains=word) | Q(change_message__icontains=word)
    LogEntry.objects.filter(named).delete()
