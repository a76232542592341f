"""Leaving the programme: asked for, decided, called off, and done on its day with a final statement.

Source: docs/algorithms/settlement.md, "Leaving".
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core.actor import SYSTEM, Actor
from core.clock import day_start, local_day
from core.errors import InvalidInput, NotFound, PermissionRefused
from core.permissions import Role
from core.tenancy import active_programme
from loyalty.actions.leaving_mail import tell_of_statement
from loyalty.actions.point_days import lock_count
from loyalty.actions.points import void_hold
from loyalty.actions.rewards import switch_reward
from loyalty.actions.stamp_cards import switch_card
from loyalty.balances import settings_now
from loyalty.errors import AlreadyLeaving, HoldOver, LastToLeave, LeavingOver
from loyalty.models import FinalLine, FinalStatement, Hold, Leaving, LeavingWay, Reward, StampCard
from loyalty.reports_leaving import is_last_business, live_points, open_debts
from loyalty.settlement import price
from loyalty.settlement_digest import FINAL_DIGEST
from messaging.actions.webhooks import pause_endpoint
from messaging.models_webhooks import WebhookEndpoint
from programs.actions.due_work import ensure_due
from programs.models import Invitation, Membership, Programme
from workspace.actions import audit, team
from workspace.actions.api_keys import revoke_client
from workspace.models import ApiClient, Business, TillDevice

LEAVE = "loyalty.businesses.leave"  # the due work
MOST_DAYS = 366  # that a leaving is decided ahead
OWNER = "system:leaving"


def ask_to_leave(*, business: Business, last_day: date, reason: str, actor: Actor, now: datetime) -> Leaving:
    """Ask the owners to let the business go, as somebody who is limited to it. Nothing changes until they decide.

    Raises PermissionRefused for others, InvalidInput, AlreadyLeaving, LastToLeave.
    """
    if actor.business_id != business.pk:
        raise PermissionRefused(_("Only somebody of this business can ask for it. An owner can decide it."))
    _check_day(last_day, now)
    with transaction.atomic():
        stored = _locked(business)
        _check_not_last(stored)
        leaving = Leaving.objects.create(
            business=stored,
            state=Leaving.State.ASKED,
            last_day=last_day,
            reason=reason.strip()[:500],
            asked_by_label=actor.label[:160],
            asked_at=now,
        )
        _record(actor, "asked", leaving)
    return leaving


def decide_leaving(
    *, business: Business, last_day: date, way: str, actor: Actor, now: datetime, reason: str = ""
) -> Leaving:
    """Let the business go at the end of `last_day`, asked for or not; deciding otherwise changes day and way.

    `way` says who pays for its live points. Raises PermissionRefused, InvalidInput, LastToLeave and AlreadyLeaving
    when the day that was decided is over.
    """
    actor.check_sees_all()
    if way not in LeavingWay.values:
        raise InvalidInput(_("Choose who pays for the points."), field="way")
    _check_day(last_day, now)
    with transaction.atomic():
        stored = _locked(business, may_be_open=True)
        _check_not_last(stored)
        open_ones = Leaving.objects.select_for_update().exclude(state=Leaving.State.CANCELLED)
        leaving = open_ones.filter(business=stored).first()
        if leaving is not None and _is_over(leaving, now):
            raise AlreadyLeaving()
        wanted = (Leaving.State.SCHEDULED, last_day, way)
        if leaving is not None and (leaving.state, leaving.last_day, leaving.way) == wanted:
            return leaving
        if leaving is None:
            leaving = Leaving(business=stored, asked_by_label=actor.label[:160], asked_at=now, reason=reason[:500])
        leaving.state, leaving.last_day, leaving.way = wanted
        leaving.decided_by_label, leaving.decided_at = actor.label[:160], now
        leaving.save()
        ensure_due(kind=LEAVE, by=_due_at(leaving))
        _record(actor, "decided", leaving)
    return leaving


def call_leaving_off(*, business: Business, actor: Actor, now: datetime) -> Leaving:
    """Stay: an owner before the last day is over, or the business itself while nobody has decided.

    Raises NotFound, LeavingOver, PermissionRefused.
    """
    with transaction.atomic():
        leaving = Leaving.objects.select_for_update().filter(business=business).order_by("-pk").first()
        if leaving is None:
            raise NotFound()
        if not leaving.is_open or _is_over(leaving, now):
            raise LeavingOver(state=leaving.state)
        if actor.business_id is not None and (actor.business_id != business.pk or leaving.state != Leaving.State.ASKED):
            raise PermissionRefused(_("An owner has decided this. Ask one to call it off."))
        leaving.state, leaving.finished_at = Leaving.State.CANCELLED, now
        leaving.save(update_fields=["state", "finished_at"])
        _record(actor, "called_off", leaving)
    return leaving


def leave_what_is_due(*, now: datetime) -> datetime | None:
    """Let every business go whose last day is over. Returns when the next one is due. Safe to repeat."""
    zone = active_programme().zone
    today = local_day(now, zone)
    waiting = Leaving.objects.filter(state=Leaving.State.SCHEDULED).order_by("last_day", "pk")
    for leaving_id in list(waiting.filter(last_day__lt=today).values_list("pk", flat=True)):
        finish_leaving(leaving_id=leaving_id, now=now)
    following = waiting.first()
    return _due_at(following) if following is not None else None


def finish_leaving(*, leaving_id: int, now: datetime) -> FinalStatement | None:
    """Close the business, end what belongs to it alone, and write its final statement, in one transaction.

    Doing it again returns the statement; None where it was called off. A business that turns out to be the last one
    stays: the leaving is called off.
    """
    programme = active_programme()
    with transaction.atomic():
        lock_count()  # months and final statements take turns
        shops = {one.pk: one for one in Business.objects.select_for_update().order_by("pk")}  # first, as who decides
        leaving = Leaving.objects.select_for_update().get(pk=leaving_id)
        if leaving.state == Leaving.State.DONE:
            return FinalStatement.objects.get(pk=leaving.pk)
        if not _is_over(leaving, now):
            return None
        business = shops[leaving.business_id]
        if not any(one.is_active and one.pk != business.pk for one in shops.values()):
            leaving.state, leaving.finished_at = Leaving.State.CANCELLED, now
            leaving.save(update_fields=["state", "finished_at"])
            _record(SYSTEM, "called_off", leaving)
            return None
        business.is_active, business.left_on = False, leaving.last_day
        business.save(update_fields=["is_active", "left_on"])
        _end_offers(business, now)
        _end_access(business, programme, now)
        statement = _settle(leaving, business, programme, now)
        leaving.state, leaving.finished_at = Leaving.State.DONE, now
        leaving.save(update_fields=["state", "finished_at"])
        tell_of_statement(statement, now=now)
        _record(SYSTEM, "done", leaving, points=statement.points, amount=str(statement.amount))
    return statement


def claims_of(business: Business) -> QuerySet[Hold]:
    """Points set aside that only this business can give something for."""
    here = Q(transaction__business=business.pk) | Q(transaction__reward__business=business.pk)
    return Hold.objects.filter(here, state=Hold.State.HELD)


def _end_offers(business: Business, now: datetime) -> None:
    """Claims give their points back; rewards and stamp cards of this business alone are archived."""
    for code in list(claims_of(business).order_by("pk").values_list("transaction__code", flat=True)):
        with suppress(HoldOver):  # it has run out, and nobody has looked at it since
            void_hold(hold=code, key=f"leaving:{code}", owner=OWNER, source="leaving", actor=SYSTEM, now=now)
    for code in Reward.objects.filter(business=business, is_active=True).values_list("code", flat=True):
        switch_reward(code=code, is_active=False, actor=SYSTEM)
    for code in StampCard.objects.filter(business=business, is_active=True).values_list("code", flat=True):
        switch_card(code=code, is_active=False, actor=SYSTEM)


def _end_access(business: Business, programme: Programme, now: datetime) -> None:
    """Managers read on as analysts of the business; its other people, invitations, keys, tills and webhooks end."""
    members = Membership.objects.filter(programme=programme, business_id=business.pk).order_by("pk")
    for code, role in list(members.values_list("code", "role")):
        if role == Role.MANAGER:
            changes: team.MemberChanges = {"role": Role.ANALYST}
            team.change_member(programme=programme, code=code, changes=changes, actor=SYSTEM)
        elif role != Role.ANALYST:
            team.remove_member(programme=programme, code=code, actor=SYSTEM, now=now)
    invited = Invitation.objects.filter(
        programme=programme, business_id=business.pk, accepted_at=None, revoked_at=None
    ).values_list("code", flat=True)
    for code in list(invited):
        team.revoke_invitation(programme=programme, code=code, actor=SYSTEM, now=now)
    for client in ApiClient.objects.filter(business=business, is_active=True):
        revoke_client(client=client, actor=SYSTEM, now=now)
    for endpoint in WebhookEndpoint.objects.kept().filter(business=business):
        pause_endpoint(endpoint=endpoint, actor=SYSTEM, now=now)
    TillDevice.objects.filter(business=business, is_active=True).update(is_active=False)


STORE = f"""
    INSERT INTO loyalty_finalstatement (leaving_id, business_id, business_name, last_day, point_value, currency, way,
                                        points, amount, closed_at, digest)
    SELECT f.*, ({FINAL_DIGEST})
    FROM (SELECT %(leaving)s::bigint AS leaving_id, %(business)s::bigint AS business_id,
                 %(name)s::text AS business_name,
                 %(last_day)s::date AS last_day, %(value)s::numeric(12, 6) AS point_value,
                 %(currency)s::text AS currency, %(way)s::text AS way, %(points)s::bigint AS points,
                 %(amount)s::numeric(19, 4) AS amount, %(now)s::timestamptz) AS f
"""


def _settle(leaving: Leaving, business: Business, programme: Programme, now: datetime) -> FinalStatement:
    """The open debts of the business by month, and its live points, at today's value of a point."""
    value = settings_now().point_value
    debts = open_debts(business.pk, leaving.last_day, programme=programme, point_value=value)
    points = live_points(business.pk, leaving.last_day, zone=programme.zone)
    names: dict[int | None, str] = {None: "", **dict(Business.objects.values_list("pk", "name"))}
    # The lines come first, the statement with the digest of them after: neither can be changed.
    FinalLine.objects.bulk_create(
        FinalLine(
            statement_id=leaving.pk,
            month=month,
            debtor_id=debt.debtor,
            creditor_id=debt.creditor,
            debtor_name=names[debt.debtor],
            creditor_name=names[debt.creditor],
            points=debt.points,
            amount=debt.amount,
        )
        for month, debt in debts
    )
    with connection.cursor() as cursor:
        cursor.execute(
            STORE,
            {
                "leaving": leaving.pk,
                "business": business.pk,
                "name": business.name,
                "last_day": leaving.last_day,
                "value": value,
                "currency": programme.currency,
                "way": leaving.way,
                "points": points,
                "amount": price(points, value, programme.currency),
                "now": now,
            },
        )
    return FinalStatement.objects.get(pk=leaving.pk)


def _locked(business: Business, *, may_be_open: bool = False) -> Business:
    """The business, locked with all others, so that two of them cannot both be the last to leave."""
    shops = {one.pk: one for one in Business.objects.select_for_update().order_by("pk")}
    known = Leaving.objects.filter(business=business).exclude(state=Leaving.State.CANCELLED).first()
    if known is not None and not (may_be_open and known.is_open):
        raise AlreadyLeaving()
    return shops[business.pk]


def _check_not_last(business: Business) -> None:
    """Some business is open and stays."""
    if is_last_business(business):
        raise LastToLeave()


def _check_day(last_day: date, now: datetime) -> None:
    today = local_day(now, active_programme().zone)
    if not today <= last_day <= today + timedelta(days=MOST_DAYS):
        raise InvalidInput(_("Choose a day from today to a year ahead."), field="last_day")


def _due_at(leaving: Leaving) -> datetime:
    return day_start(leaving.last_day + timedelta(days=1), active_programme().zone)


def _is_over(leaving: Leaving, now: datetime) -> bool:
    """The last day that was decided has passed: the business goes, whenever the tick comes."""
    return leaving.state == Leaving.State.SCHEDULED and _due_at(leaving) <= now


def _record(actor: Actor, what: str, leaving: Leaving, **more: object) -> None:
    audit.record(
        actor,
        f"loyalty.leaving.{what}",
        subject=f"business:{leaving.business.code}",
        business_id=leaving.business_id,
        data={"last_day": leaving.last_day.isoformat(), "way": leaving.way, **more},
    )
