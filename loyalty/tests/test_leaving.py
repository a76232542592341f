"""A business leaves: what it owes and is owed is settled to its last day, what happens later is the programme's own."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import ProgrammingError, transaction
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.clock import Period
from core.errors import DomainError, InvalidInput, NotFound, PermissionRefused
from core.permissions import Role
from loyalty import settlement as rules
from loyalty.actions import points
from loyalty.actions.leaving import (
    LEAVE,
    ask_to_leave,
    call_leaving_off,
    decide_leaving,
    finish_leaving,
    leave_what_is_due,
)
from loyalty.actions.point_days import count_points
from loyalty.actions.settings import PointSettings, change_point_settings, change_settings
from loyalty.actions.settlement import close_month
from loyalty.errors import AlreadyLeaving, FinalStatementFirst, LastToLeave, LeavingOver, UnknownBusiness
from loyalty.models import FinalLine, FinalStatement, Hold, Leaving, Lot, Reward, SettlementLine, StampCard
from loyalty.reports_leaving import final_of, preview_leaving
from loyalty.reports_points import FIRST_DAY, read_flows
from loyalty.reports_settlement import SPENT, months, settlement_of
from loyalty.tests.given import PHONE
from programs.models import DueWork, Membership
from workspace.actions.api_keys import create_client
from workspace.actions.businesses import BusinessLeft, change_business
from workspace.actions.settings import change_programme
from workspace.models import AuditEntry, Business, TillDevice

pytestmark = pytest.mark.usefixtures("audited")
JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
IN_JUNE, AFTER, IN_JULY, IN_AUGUST = (
    datetime(2026, 6, 10, 12, tzinfo=UTC), datetime(2026, 6, 11, 3, tzinfo=UTC),
    datetime(2026, 7, 10, 12, tzinfo=UTC), datetime(2026, 8, 10, 12, tzinfo=UTC),
)  # fmt: skip
LAST = date(2026, 6, 10)


@pytest.fixture
def now():
    return IN_JUNE


@pytest.fixture
def third(programme):
    return Business.objects.create(name="Old Wharf")


def debts(month, programme, now=IN_AUGUST):
    found = settlement_of(month, zone=programme.zone, currency=programme.currency, now=now)
    return {(debt.debtor, debt.creditor): debt.points for debt in found.debts}


def leave(business, actor, *, way="paid", last_day=LAST, decided=IN_JUNE, now=AFTER):
    leaving = decide_leaving(business=business, last_day=last_day, way=way, actor=actor, now=decided)
    return finish_leaving(leaving_id=leaving.pk, now=now)


def shown(statement, programme):
    return final_of(statement, zone=programme.zone, own_name="own")


def lines_of(statement):
    return {(line.debtor_id, line.creditor_id): (line.points, line.amount) for line in statement.lines.all()}


# -- what is settled --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("way", "balance"), [("paid", Decimal("-1.00")), ("taken_over", Decimal("-0.30"))])
def test_debts_and_live_points_are_settled_and_later_ones_are_the_programmes(
    add, redeem, business, other_business, programme, actor, way, balance
):
    add("100")
    redeem(30, business=other_business.pk)
    statement = leave(business, actor, way=way)
    assert lines_of(statement) == {(business.pk, other_business.pk): (30, Decimal("0.30"))}
    assert (statement.points, statement.amount) == (70, Decimal("0.70"))
    assert shown(statement, programme).balance == balance
    assert debts(JUNE, programme) == {}
    redeem(50, key="later", business=other_business.pk, now=IN_JULY)
    assert debts(JULY, programme) == {(None, other_business.pk): 50}
    closed = close_month(month=JUNE, actor=actor, now=IN_AUGUST)
    close_month(month=JULY, actor=actor, now=IN_AUGUST)
    assert {line.debtor_id for line in SettlementLine.objects.all()} == {None}
    assert closed.lines.count() == 0


def test_open_months_before_are_settled_month_by_month(add, redeem, business, other_business, programme, actor):
    may = IN_JUNE - timedelta(days=31)
    add("100", now=may)
    redeem(10, key="may", business=other_business.pk, now=may)
    redeem(20, key="june", business=other_business.pk)
    statement = leave(business, actor)
    assert [(line.month.month, line.points) for line in statement.lines.order_by("month")] == [(5, 10), (6, 20)]
    assert (debts(date(2026, 5, 1), programme), debts(JUNE, programme)) == ({}, {})
    close_month(month=date(2026, 5, 1), actor=actor, now=IN_JULY)
    assert debts(JUNE, programme) == {}


def test_no_month_is_closed_before_a_final_statement_that_is_due(add, redeem, business, other_business, actor):
    """The background was down: what is spent in between would be settled by the month and by the statement."""
    add("10")
    redeem(10, business=other_business.pk)
    leaving = decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)
    with pytest.raises(FinalStatementFirst):
        close_month(month=JUNE, actor=actor, now=IN_JULY)
    finish_leaving(leaving_id=leaving.pk, now=IN_JULY)
    assert close_month(month=JUNE, actor=actor, now=IN_JULY).month == JUNE


def test_a_month_that_was_closed_before_stays_as_it_was(add, redeem, business, other_business, programme, actor):
    may = IN_JUNE - timedelta(days=31)
    add("100", now=may)
    redeem(10, key="may", business=other_business.pk, now=may)
    close_month(month=date(2026, 5, 1), actor=actor, now=IN_JUNE)
    redeem(20, key="june", business=other_business.pk)
    statement = leave(business, actor)
    assert lines_of(statement) == {(business.pk, other_business.pk): (20, Decimal("0.20"))}
    assert debts(date(2026, 5, 1), programme) == {(business.pk, other_business.pk): 10}


def test_an_undone_redemption_of_before_is_paid_back_to_the_programme(
    add, redeem, undo, business, other_business, programme, actor
):
    add("100")
    spent = redeem(30, business=other_business.pk)
    leave(business, actor)
    undo(spent, now=IN_JULY)
    assert debts(JULY, programme) == {(None, other_business.pk): -30}


def test_a_redemption_at_the_place_that_left_is_undone_at_the_programmes_cost(
    add, redeem, undo, business, other_business, programme, actor
):
    add("100", business=other_business.pk)
    spent = redeem(30)
    statement = leave(business, actor)
    assert lines_of(statement) == {(other_business.pk, business.pk): (30, Decimal("0.30"))}
    assert shown(statement, programme).balance == Decimal("0.30")
    undo(spent, now=IN_JULY)
    assert debts(JULY, programme) == {(other_business.pk, None): -30}


def test_its_points_run_out_and_are_taken_back_later_without_a_debt(
    add, undo, business, other_business, programme, actor
):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    add("40")
    sale = add("60")
    statement = leave(business, actor)
    assert statement.points == 100
    undo(sale, now=AFTER)
    points.add_points(
        business=other_business.pk, phone=PHONE, amount=Decimal(1), key="touch", actor=actor, now=IN_AUGUST
    )
    assert Lot.objects.filter(issuer=business.pk, remaining__gt=0).count() == 0
    assert (debts(JUNE, programme), debts(JULY, programme)) == ({}, {})


def test_points_that_have_run_out_but_were_not_looked_at_are_not_paid_for(add, business, other_business, actor):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    add("40", now=IN_JUNE - timedelta(days=60))
    add("5")
    assert leave(business, actor).points == 5


def test_points_that_ran_out_with_the_last_day_are_not_paid_for_though_they_are_looked_at_later(
    add, business, other_business, actor
):
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    add("40", now=IN_JUNE - timedelta(days=31))  # until the end of 10 June
    add("5")
    points.add_points(  # after midnight, and before the tick
        business=other_business.pk, phone=PHONE, amount=Decimal(1), key="touch", actor=actor, now=AFTER
    )
    assert leave(business, actor).points == 5


@pytest.mark.parametrize(("place", "minutes"), [(0, 9999), (0, 60), (1, 60)])
def test_points_of_a_claim_that_ran_out_with_the_last_day_are_not_paid_for(
    add, business, other_business, actor, place, minutes
):
    where = (business, other_business)[place]
    change_settings(point_value=Decimal("0.01"), expiry_months=1, actor=actor)
    add("40", now=IN_JUNE - timedelta(days=31))
    add("5")
    points.hold_points(
        phone=PHONE, business=where.pk, points=30, reason="Mug", key="h", minutes=minutes, actor=actor, now=IN_JUNE
    )
    assert leave(business, actor).points == 5


@pytest.mark.parametrize("is_touched", [False, True])
def test_points_that_an_inactive_member_lost_are_not_paid_for(add, business, other_business, actor, is_touched):
    lapsing = PointSettings(point_value=Decimal("0.01"), expiry_policy="inactivity", expiry_months=1)
    change_point_settings(settings=lapsing, actor=actor, now=IN_JUNE - timedelta(days=90))
    add("40", now=IN_JUNE - timedelta(days=31))  # until the end of 10 June, without another visit
    add("7", phone="07700 900199")
    if is_touched:
        points.add_points(
            business=other_business.pk, phone=PHONE, amount=Decimal(1), key="touch", actor=actor, now=AFTER
        )
    assert leave(business, actor).points == 7


def test_what_comes_late_for_before_the_last_day_is_the_programmes(
    add, redeem, business, other_business, programme, actor
):
    add("100")
    leave(business, actor)
    redeem(5, key="late", business=other_business.pk, now=IN_JUNE)
    assert debts(JUNE, programme) == {(None, other_business.pk): 5}


def test_two_that_leave_are_settled_one_after_the_other(add, redeem, business, other_business, third, programme, actor):
    add("100")
    add("100", business=other_business.pk)
    redeem(150, business=third.pk)
    redeem(20, key="b", business=business.pk)
    first = leave(business, actor)
    redeem(10, key="c", business=other_business.pk, now=AFTER)
    second = leave(other_business, actor, last_day=date(2026, 6, 12), decided=AFTER, now=AFTER + timedelta(days=3))
    assert lines_of(first)[business.pk, third.pk][0] == 100
    assert lines_of(second) == {(other_business.pk, third.pk): (50, Decimal("0.50"))}
    assert debts(JUNE, programme) == {}


def test_counted_days_and_the_ledger_settle_the_same(add, redeem, business, other_business, programme, actor):
    add("100")
    redeem(30, business=other_business.pk)
    count_points(now=AFTER)
    statement = leave(business, actor)
    assert (lines_of(statement), statement.points) == (
        {(business.pk, other_business.pk): (30, Decimal("0.30"))}, 70,
    )  # fmt: skip


# -- what ends --------------------------------------------------------------------------------------------------------


def test_nobody_earns_or_redeems_there_and_other_shops_honour_its_points(add, redeem, business, other_business, actor):
    add("100")
    leave(business, actor)
    with pytest.raises(UnknownBusiness):
        add("10", now=IN_JULY)
    with pytest.raises(UnknownBusiness):
        redeem(10, key="there", now=IN_JULY)
    assert redeem(10, key="elsewhere", business=other_business.pk, now=IN_JULY).balance == 90


def test_claims_give_their_points_back_and_offers_are_archived(add, business, other_business, actor, now):
    add("100")
    own = Reward.objects.create(name="Own", points=10, business=business)
    shared = Reward.objects.create(name="Shared", points=10)
    card = StampCard.objects.create(name="Card", gives="Coffee", stamps=3, business=business)
    here = points.hold_points(
        phone=PHONE, business=business.pk, points=40, reason="Mug", key="h", minutes=9999, actor=actor, now=now
    )
    there = points.hold_points(
        phone=PHONE, business=other_business.pk, points=20, reason="Mug", key="t", minutes=9999, actor=actor, now=now
    )
    statement = leave(business, actor)
    states = dict(Hold.objects.values_list("transaction__code", "state"))
    assert (states[here.transaction], states[there.transaction]) == ("voided", "held")
    assert statement.points == 100  # what is set aside elsewhere is held, too
    for one, is_active in ((own, False), (shared, True), (card, False)):
        one.refresh_from_db()
        assert one.is_active is is_active


def test_people_keys_and_tills_of_it_end_and_managers_read_on(
    business, other_business, make_member, programme, owner, actor, now
):
    make_member("mia@example.com", Role.MANAGER, business=business)
    make_member("noor@example.com", Role.ANALYST, business=business)
    make_member("sam@example.com", Role.CASHIER, business=business)
    make_member("jo@example.com", Role.MANAGER, business=other_business)
    client = create_client(name="Shop", scopes=["write"], business=business, actor=actor, now=now).client
    TillDevice.objects.create(name="Till", business=business, token_digest=b"t" * 32)
    leave(business, actor)
    roles = dict(Membership.objects.filter(programme=programme).values_list("user__email", "role"))
    assert roles == {
        "maya@example.com": "owner", "mia@example.com": "analyst", "noor@example.com": "analyst",
        "jo@example.com": "manager",
    }  # fmt: skip
    client.refresh_from_db()
    assert not client.is_active
    assert not TillDevice.objects.get().is_active


def test_a_business_that_left_keeps_its_name_and_is_not_opened_again(business, other_business, actor):
    leave(business, actor)
    business.refresh_from_db()
    assert (business.is_active, business.left_on, business.name) == (False, LAST, "Quayside")
    with pytest.raises(BusinessLeft):
        change_business(business=business, changes={"is_active": True}, actor=actor)


# -- deciding ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bound(business):
    return Actor(kind="user", id="77", label="Mia", business_id=business.pk)


def test_a_manager_asks_and_an_owner_decides(business, other_business, bound, actor):
    asked = ask_to_leave(business=business, last_day=LAST, reason="Moving", actor=bound, now=IN_JUNE)
    assert finish_leaving(leaving_id=asked.pk, now=AFTER) is None
    with pytest.raises(AlreadyLeaving):
        ask_to_leave(business=business, last_day=LAST, reason="", actor=bound, now=IN_JUNE)
    decided = decide_leaving(business=business, last_day=LAST, way="taken_over", actor=actor, now=IN_JUNE)
    assert (decided.pk, decided.state, decided.asked_by_label) == (asked.pk, "scheduled", "Mia")
    with pytest.raises(PermissionRefused):
        call_leaving_off(business=business, actor=bound, now=IN_JUNE)


def test_a_leaving_is_called_off_before_its_day_and_changes_nothing(business, other_business, actor, bound):
    decided = decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)
    call_leaving_off(business=business, actor=actor, now=IN_JUNE)
    assert leave_what_is_due(now=AFTER) is None
    business.refresh_from_db()
    assert business.is_active
    with pytest.raises(LeavingOver):
        call_leaving_off(business=business, actor=actor, now=AFTER)
    ask_to_leave(business=business, last_day=LAST, reason="", actor=bound, now=IN_JUNE)
    call_leaving_off(business=business, actor=bound, now=IN_JUNE)
    assert not FinalStatement.objects.filter(pk=decided.pk).exists()


def test_the_same_decision_again_changes_nothing(business, other_business, actor):
    for minutes in (0, 5):
        later = IN_JUNE + timedelta(minutes=minutes)
        decided = decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=later)
        assert decided.decided_at == IN_JUNE
    assert AuditEntry.objects.filter(action="loyalty.leaving.decided").count() == 1


def test_nobody_decides_anew_between_midnight_and_the_tick(business, other_business, actor):
    decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)
    midnight = datetime(2026, 6, 10, 23, tzinfo=UTC)
    decide_leaving(business=business, last_day=LAST, way="taken_over", actor=actor, now=midnight - timedelta(seconds=1))
    with pytest.raises(LeavingOver):
        call_leaving_off(business=business, actor=actor, now=midnight)
    with pytest.raises(AlreadyLeaving):
        decide_leaving(business=business, last_day=date(2026, 6, 20), way="paid", actor=actor, now=midnight)
    leave_what_is_due(now=midnight)
    assert FinalStatement.objects.get().way == "taken_over"


def test_the_tick_lets_it_go_after_its_last_day_in_the_programmes_zone(business, other_business, actor):
    decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)
    before = datetime(2026, 6, 10, 22, 59, tzinfo=UTC)  # a minute to midnight in London
    assert leave_what_is_due(now=before) == datetime(2026, 6, 10, 23, tzinfo=UTC)
    assert not FinalStatement.objects.exists()
    assert leave_what_is_due(now=before + timedelta(minutes=2)) is None
    assert leave_what_is_due(now=before + timedelta(days=2)) is None
    assert FinalStatement.objects.count() == 1
    assert AuditEntry.objects.filter(action="loyalty.leaving.done").count() == 1


def test_a_new_time_zone_moves_the_end_of_the_last_day(business, other_business, programme, actor):
    decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)
    change_programme(programme=programme, changes={"time_zone": "Asia/Tokyo"}, actor=actor, now=IN_JUNE)
    assert DueWork.objects.get(programme=programme, kind=LEAVE).next_due_at == IN_JUNE
    programme.refresh_from_db()
    in_tokyo = datetime(2026, 6, 10, 15, tzinfo=UTC)
    assert leave_what_is_due(now=IN_JUNE) == in_tokyo
    leave_what_is_due(now=in_tokyo)
    assert FinalStatement.objects.get().last_day == LAST


def test_the_only_business_cannot_leave(business, actor, bound):
    for act in (
        lambda: decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE),
        lambda: ask_to_leave(business=business, last_day=LAST, reason="", actor=bound, now=IN_JUNE),
    ):
        with pytest.raises(LastToLeave):
            act()
    assert not Leaving.objects.exists()


def test_two_that_are_left_cannot_both_leave(business, other_business, actor):
    decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)
    with pytest.raises(LastToLeave):
        decide_leaving(business=other_business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)


def test_one_that_has_become_the_last_stays(business, other_business, actor):
    decided = decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)
    change_business(business=other_business, changes={"is_active": False}, actor=actor)
    assert finish_leaving(leaving_id=decided.pk, now=AFTER) is None
    decided.refresh_from_db()
    business.refresh_from_db()
    assert (decided.state, business.is_active) == ("cancelled", True)


@pytest.mark.parametrize("day", [date(2026, 6, 9), date(2028, 1, 1)])
def test_a_day_in_the_past_or_far_away_is_refused(business, other_business, actor, day):
    with pytest.raises(InvalidInput):
        decide_leaving(business=business, last_day=day, way="paid", actor=actor, now=IN_JUNE)


def test_people_of_other_businesses_ask_for_nothing(business, other_business, actor):
    other = Actor(kind="user", id="78", label="Jo", business_id=other_business.pk)
    for who in (other, actor):
        with pytest.raises(PermissionRefused):
            ask_to_leave(business=business, last_day=LAST, reason="", actor=who, now=IN_JUNE)
    with pytest.raises(PermissionRefused):
        decide_leaving(business=business, last_day=LAST, way="paid", actor=other, now=IN_JUNE)
    with pytest.raises(NotFound):
        call_leaving_off(business=business, actor=actor, now=IN_JUNE)


def test_the_application_cannot_change_a_final_statement(add, redeem, business, other_business, actor):
    add("100")
    redeem(30, business=other_business.pk)
    leave(business, actor)
    for change in (
        lambda: FinalStatement.objects.update(amount=0),
        lambda: FinalLine.objects.update(points=1),
        lambda: FinalLine.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()


def test_another_programme_has_leavings_of_its_own(business, other_business, actor, other_programme):
    decide_leaving(business=business, last_day=LAST, way="paid", actor=actor, now=IN_JUNE)
    with tenant_context(other_programme):
        assert leave_what_is_due(now=IN_AUGUST) is None
        assert not Leaving.objects.exists()
    assert Leaving.objects.get().state == "scheduled"


def test_the_preview_says_what_would_happen(add, redeem, business, other_business, programme, actor, make_member, now):
    add("100")
    redeem(30, business=other_business.pk)
    points.hold_points(phone=PHONE, business=business.pk, points=20, reason="Mug", key="h", actor=actor, now=now)
    Reward.objects.create(name="Own", points=10, business=business)
    make_member("mia@example.com", Role.MANAGER, business=business)
    make_member("sam@example.com", Role.CASHIER, business=business)
    seen = preview_leaving(business, programme=programme, now=now)
    assert (seen.points, seen.amount, seen.balance) == (70, Decimal("0.70"), Decimal("-0.30"))
    assert (seen.claims, seen.claim_points, seen.rewards, seen.managers, seen.others) == (1, 20, 1, 1, 1)


# -- random lives -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_random_lives_with_a_leaving_in_the_middle_settle_everything_once(
    seed, business, other_business, third, programme, actor
):
    chance = random.Random(seed)
    shops = [business, other_business, third]
    done = []
    number = iter(range(10_000))

    def live(now, steps):
        for _step in range(steps):
            shop, phone = chance.choice(shops).pk, f"07700 9001{chance.randrange(10, 13)}"
            call = {"actor": actor, "now": now, "key": f"k{next(number)}"}
            act = chance.choice(("earn", "earn", "redeem", "redeem", "undo", "gift", "hold"))
            try:
                if act == "earn":
                    amount = Decimal(chance.randrange(1, 80))
                    done.append(points.add_points(business=shop, phone=phone, amount=amount, **call))
                elif act == "redeem":
                    spent = chance.randrange(1, 60)
                    done.append(points.redeem_points(business=shop, phone=phone, points=spent, reason="Mug", **call))
                elif act == "gift":
                    points.adjust_points(phone=phone, points=chance.randrange(1, 20), reason="Sorry", **call)
                elif act == "hold":
                    points.hold_points(business=shop, phone=phone, points=5, reason="Mug", **call)
                elif done:
                    points.reverse_transaction(transaction=chance.choice(done).transaction, **call)
            except DomainError:
                pass  # refused: nothing moved

    live(IN_JUNE - timedelta(days=31), 12)
    if chance.random() < 0.5:
        close_month(month=date(2026, 5, 1), actor=actor, now=IN_JUNE)
    live(IN_JUNE, 12)
    if chance.random() < 0.5:
        count_points(now=AFTER)
    leaver = chance.choice(shops)
    way = chance.choice(("paid", "taken_over"))
    statement = leave(leaver, actor, way=way)
    live(AFTER, 8)
    live(IN_JULY, 10)
    found = final_of(statement, zone=programme.zone, own_name="own")
    lines = rules.final_journal(
        found.debts, leaver=leaver.pk, points=statement.points, amount=statement.amount, is_paid=way == "paid"
    )
    assert sum(line.debit for line in lines) == sum(line.credit for line in lines)
    for book in {line.book for line in lines}:
        assert sum(line.debit - line.credit for line in lines if line.book == book) == 0

    while True:  # close everything, then compare with what the ledger says
        row = next((row for row in months(zone=programme.zone, now=IN_AUGUST) if row.can_close), None)
        if row is None:
            break
        close_month(month=row.month, actor=actor, now=IN_AUGUST)
    settled: Counter[tuple[int | None, int | None]] = Counter()
    for row in (*SettlementLine.objects.all(), *FinalLine.objects.all()):
        settled[_later(row.debtor_id, leaver), _later(row.creditor_id, leaver)] += row.points
    assert {pair: total for pair, total in settled.items() if total and pair[0] != pair[1]} == _spent(programme, leaver)


def _later(party, leaver):
    return None if party == leaver.pk else party


def _spent(programme, leaver):
    """What the ledger says was ever spent, with the leaver as the programme's own account."""
    total: Counter[tuple[int | None, int | None]] = Counter()
    for issuer, place, spent in read_flows(SPENT, Period(FIRST_DAY, date(2026, 7, 31), programme.zone)):
        total[_later(issuer, leaver), _later(place, leaver)] += spent
    return {pair: spent for pair, spent in total.items() if spent and pair[0] != pair[1]}
