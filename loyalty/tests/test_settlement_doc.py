"""The worked examples of docs/algorithms/settlement.md, executed; the journal of debts of any shape."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from loyalty import settlement as rules
from loyalty.actions import points
from loyalty.actions.leaving import decide_leaving, finish_leaving
from loyalty.actions.settings import change_settings
from loyalty.actions.settlement import close_month
from loyalty.models import FinalStatement
from loyalty.reports_leaving import final_of
from loyalty.reports_settlement import settlement_of
from loyalty.tests.given import PHONE

PAGE = (settings.BASE_DIR / "docs/algorithms/settlement.md").read_text()
EXAMPLES = re.findall(r"```settlement\n(.*?)```", PAGE, re.DOTALL)
MONTHS = {"june": date(2026, 6, 1), "july": date(2026, 7, 1)}
NOON = {name: datetime(2026, month.month, 10, 12, tzinfo=UTC) for name, month in MONTHS.items()}
LAST_DAY = date(2026, 6, 10)
LATER = datetime(2026, 8, 10, 12, tzinfo=UTC)


@pytest.fixture
def now():
    return NOON["june"]


@pytest.mark.usefixtures("audited")
@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_page(example, business, other_business, actor, programme):
    shops = {"A": business.pk, "B": other_business.pk}
    letters = {pk: letter for letter, pk in shops.items()} | {None: "own"}
    done = []
    for number, line in enumerate(example.strip().splitlines()):
        act, _arrow, expected = (part.strip() for part in line.partition("->"))
        *when, verb, rest = re.fullmatch(r"(?:(july) )?(\w+) ?(.*)", act).groups()
        month = when[0] or "june"
        call = {"actor": actor, "now": NOON[month], "key": f"k{number}"}
        amount = re.match(r"[\d.]*", rest).group()
        at = shops.get(rest[-1:])
        if verb == "earn":
            done.append(points.add_points(business=at, phone=PHONE, amount=Decimal(amount), **call))
        elif verb == "redeem":
            done.append(points.redeem_points(business=at, phone=PHONE, points=int(amount), reason="Mug", **call))
        elif verb == "gift":
            done.append(points.adjust_points(phone=PHONE, points=int(amount), reason="Sorry", **call))
        elif verb == "undo":
            done.append(points.reverse_transaction(transaction=done[int(amount) - 1].transaction, **call))
        elif verb == "value":
            change_settings(point_value=Decimal(amount), expiry_months=None, actor=actor)
        elif verb == "leave":
            shop, way = (business if rest[0] == "A" else other_business), rest.split()[1]
            left = decide_leaving(business=shop, last_day=LAST_DAY, way=way, actor=actor, now=NOON["june"])
            finish_leaving(leaving_id=left.pk, now=NOON["june"] + timedelta(days=1))
        elif verb == "final":
            said = final_said(FinalStatement.objects.get(business=shops[rest]), letters, programme)
            assert ", ".join(said) == expected, line
            continue
        elif verb == "close":
            close_month(month=MONTHS[month], actor=actor, now=LATER)
        else:
            assert verb == "net"
        found = settlement_of(MONTHS[month], zone=programme.zone, currency="GBP", now=LATER)
        if verb == "net":
            said = [f"{letters[pair.payer]} pays {letters[pair.payee]} {pair.amount:.2f}" for pair in found.pairs]
        else:
            said = [f"{letters[debt.debtor]}:{letters[debt.creditor]} {debt.points}" for debt in found.debts]
        assert ", ".join(said) == expected, line


def final_said(statement, letters, programme):
    """Who pays whom by a final statement; what is paid for live points goes to the programme's own account."""
    found = final_of(statement, zone=programme.zone, own_name="own")
    pays = [f"{letters[pair.payer]} pays {letters[pair.payee]} {pair.amount:.2f}" for pair in rules.net(found.debts)]
    if found.is_paid:
        pays.append(f"{letters[statement.business_id]} pays own {statement.amount:.2f}")
    total = sum((pair.amount for pair in rules.net(found.debts)), Decimal(0)) + statement.amount * found.is_paid
    assert abs(found.balance) == total, "in these examples who leaves is never paid"
    return pays


def test_the_page_has_examples():
    assert len(EXAMPLES) >= 5


# -- any debts --------------------------------------------------------------------------------------------------------

parties = st.none() | st.integers(1, 5)
spending = st.dictionaries(st.tuples(parties, parties), st.integers(-10_000, 1_000_000), max_size=20)
values = st.decimals(min_value=0, max_value=10, places=6)
currencies = st.sampled_from(["GBP", "JPY", "KWD"])


@given(spent=spending, value=values, currency=currencies)
def test_debits_equal_credits_in_every_booking_and_everybodys_books(spent, value, currency):
    debts = rules.debts_of(spent, point_value=value, currency=currency)
    lines = rules.journal(debts)
    by_booking, by_book = defaultdict(Decimal), defaultdict(Decimal)
    for line in lines:
        assert min(line.debit, line.credit) == 0 < max(line.debit, line.credit)
        by_booking[line.number, line.book] += line.debit - line.credit
        by_book[line.book] += line.debit - line.credit
    assert not any(by_booking.values())
    assert not any(by_book.values())
    assert len(by_booking) == len({line.number for line in lines}), "one booking is in the books of one party"


@given(spent=spending, value=values, currency=currencies)
def test_what_the_books_say_is_owed_is_what_the_statements_say(spent, value, currency):
    debts = rules.debts_of(spent, point_value=value, currency=currency)
    lines = rules.journal(debts)
    balances = {}
    for party in rules.parties_of(debts):
        balances[party] = sum((line.balance for line in rules.statement_of(party, debts)), Decimal(0))
        booked = sum(
            line.debit - line.credit
            for line in lines
            if line.book == party and line.account in (rules.PAYABLE, rules.RECEIVABLE)
        )
        assert booked == balances[party]
    assert sum(balances.values(), Decimal(0)) == 0, "what one receives others pay"


@given(spent=spending, value=values, currency=currencies)
def test_netting_leaves_everybody_with_the_same(spent, value, currency):
    debts = rules.debts_of(spent, point_value=value, currency=currency)
    paid = defaultdict(Decimal)
    seen = set()
    for pair in rules.net(debts):
        assert pair.amount >= 0
        assert frozenset((pair.payer, pair.payee)) not in seen
        seen.add(frozenset((pair.payer, pair.payee)))
        paid[pair.payer] -= pair.amount
        paid[pair.payee] += pair.amount
    for party in rules.parties_of(debts):
        assert paid[party] == sum((line.balance for line in rules.statement_of(party, debts)), Decimal(0))


def test_nobody_owes_themselves():
    assert rules.debts_of({(1, 1): 50, (None, None): 5}, point_value=Decimal(1), currency="GBP") == []


@given(
    spent=spending, value=values, currency=currencies, points=st.integers(0, 1_000_000), is_paid=st.booleans(),
    leaver=st.integers(1, 5),
)  # fmt: skip
def test_a_final_statement_balances_in_every_booking_and_everybodys_books(
    spent, value, currency, points, is_paid, leaver
):
    debts = rules.debts_of({pair: number for pair, number in spent.items() if leaver in pair}, point_value=value,
                           currency=currency)  # fmt: skip
    amount = rules.price(points, value, currency)
    lines = rules.final_journal(debts, leaver=leaver, points=points, amount=amount, is_paid=is_paid)
    by_booking, by_book = defaultdict(Decimal), defaultdict(Decimal)
    for line in lines:
        assert min(line.debit, line.credit) == 0 < max(line.debit, line.credit)
        by_booking[line.number, line.book] += line.debit - line.credit
        by_book[line.book] += line.debit - line.credit
    assert not any(by_booking.values())
    assert not any(by_book.values())
    booked = sum(
        line.debit - line.credit
        for line in lines
        if line.book == leaver and line.account in (rules.PAYABLE, rules.RECEIVABLE)
    )
    assert booked == rules.final_balance(debts, leaver=leaver, amount=amount, is_paid=is_paid)
