"""Settlement between the businesses of a programme: debts, netting, statements, journal. Arithmetic only.

Who issued points owes them; where they are spent somebody gave something for them. So a redemption makes the issuer
owe the place where it happened, at the value of a point. None is the programme's own account.
Source: docs/algorithms/settlement.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from core.money import minor_units

Party = int | None


@dataclass(frozen=True, slots=True)
class Debt:
    """`debtor` issued `points` that were spent at `creditor`; below zero where more was undone than spent."""

    debtor: Party
    creditor: Party
    points: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Netted:
    """Both debts of a pair and what is left of them: `payer` owes `payee` `amount`, not negative.

    `owed` is the debt of the payer to the payee, `back` the other one.
    """

    payer: Party
    payee: Party
    owed: Debt
    back: Debt
    amount: Decimal


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One other party: points of ours spent there, points of theirs spent here; `balance` is in our favour if > 0."""

    other: Party
    our_points_there: int
    we_owe: Decimal
    their_points_here: int
    they_owe: Decimal

    @property
    def balance(self) -> Decimal:
        return self.they_owe - self.we_owe


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One side of a booking in the books of `book`, against `other`. Exactly one of debit and credit is above zero."""

    number: int
    book: Party
    account: str
    other: Party
    debit: Decimal
    credit: Decimal
    points: int
    text: str


# Accounts of the journal, in the books of each party.
LIABILITY = "points_liability"  # what is promised to members
PAYABLE = "due_to_partners"
RECEIVABLE = "due_from_partners"
REDEEMED = "points_redeemed_for_partners"  # what partners' points pay for
TAKEN_OVER = "points_taken_over"  # live points that the programme takes over without being paid
TEXT_SPENT, TEXT_UNDONE, TEXT_NETTED, TEXT_LIVE = "spent", "undone", "netted", "live"


def price(points: int, point_value: Decimal, currency: str) -> Decimal:
    """Points in money, rounded half up to the currency's smallest unit, once for each pair and month."""
    return (points * point_value).quantize(Decimal(1).scaleb(-minor_units(currency)), rounding=ROUND_HALF_UP)


def debts_of(spent: Mapping[tuple[Party, Party], int], *, point_value: Decimal, currency: str) -> list[Debt]:
    """The debts of (issuer, place) → points spent; who spends points where they are from owes nobody."""
    return [
        Debt(debtor, creditor, points, price(points, point_value, currency))
        for (debtor, creditor), points in sorted(spent.items(), key=lambda item: _pair_order(item[0]))
        if debtor != creditor and points
    ]


def net(debts: Iterable[Debt]) -> list[Netted]:
    """One row for each pair that has a debt; the payer is who owes more."""
    known = {(debt.debtor, debt.creditor): debt for debt in debts}
    pairs = {(one, other) if _order(one) < _order(other) else (other, one) for one, other in known}
    rows = []
    for one, other in sorted(pairs, key=_pair_order):
        there = known.get((one, other)) or Debt(one, other, 0, Decimal(0))
        back = known.get((other, one)) or Debt(other, one, 0, Decimal(0))
        if there.amount < back.amount:
            there, back = back, there
        rows.append(Netted(there.debtor, there.creditor, there, back, there.amount - back.amount))
    return rows


def statement_of(party: Party, debts: Iterable[Debt]) -> list[StatementLine]:
    """What one party has with each other one."""
    known = [debt for debt in debts if party in (debt.debtor, debt.creditor)]
    others = sorted({debt.creditor if debt.debtor == party else debt.debtor for debt in known}, key=_order)
    lines = []
    for other in others:
        ours = [debt for debt in known if debt.debtor == party and debt.creditor == other]
        theirs = [debt for debt in known if debt.debtor == other and debt.creditor == party]
        lines.append(
            StatementLine(
                other,
                sum(debt.points for debt in ours),
                sum((debt.amount for debt in ours), Decimal(0)),
                sum(debt.points for debt in theirs),
                sum((debt.amount for debt in theirs), Decimal(0)),
            )
        )
    return lines


def parties_of(debts: Iterable[Debt]) -> list[Party]:
    """Everybody with a debt or a claim; the programme first."""
    return sorted({party for debt in debts for party in (debt.debtor, debt.creditor)}, key=_order)


def journal(debts: Sequence[Debt]) -> list[JournalLine]:
    """The month as double entry: numbered bookings, each in the books of one party, debits equal to credits.

    A debt is booked with the debtor (its promise to members is met, it owes the partner) and with the creditor (the
    partner owes it what members got). Where both of a pair owe, the smaller debt is set off in both books. A debt below
    zero is the same booking the other way round. Debts that come to no money are not booked.
    """
    lines: list[JournalLine] = []

    def book(party: Party, other: Party, debit: str, credit: str, amount: Decimal, points: int, text: str) -> None:
        number = lines[-1].number + 1 if lines else 1
        zero = Decimal(0)
        lines.append(JournalLine(number, party, debit, other, amount, zero, points, text))
        lines.append(JournalLine(number, party, credit, other, zero, amount, points, text))

    for debt in debts:
        size, points = abs(debt.amount), abs(debt.points)
        if debt.amount > 0:
            book(debt.debtor, debt.creditor, LIABILITY, PAYABLE, size, points, TEXT_SPENT)
            book(debt.creditor, debt.debtor, RECEIVABLE, REDEEMED, size, points, TEXT_SPENT)
        elif debt.amount < 0:
            book(debt.debtor, debt.creditor, PAYABLE, LIABILITY, size, points, TEXT_UNDONE)
            book(debt.creditor, debt.debtor, REDEEMED, RECEIVABLE, size, points, TEXT_UNDONE)
    for pair in net(debts):
        off = min(pair.owed.amount, pair.back.amount)
        if off > 0:
            book(pair.payer, pair.payee, PAYABLE, RECEIVABLE, off, 0, TEXT_NETTED)
            book(pair.payee, pair.payer, PAYABLE, RECEIVABLE, off, 0, TEXT_NETTED)
    return lines


def together(debts: Iterable[Debt]) -> list[Debt]:
    """Debts of several months as one for each pair; amounts that were rounded month by month stay as they are."""
    found: dict[tuple[Party, Party], Debt] = {}
    for debt in debts:
        pair = (debt.debtor, debt.creditor)
        known = found.get(pair, Debt(*pair, 0, Decimal(0)))
        found[pair] = Debt(*pair, known.points + debt.points, known.amount + debt.amount)
    return [found[pair] for pair in sorted(found, key=_pair_order)]


def final_journal(
    debts: Sequence[Debt], *, leaver: Party, points: int, amount: Decimal, is_paid: bool
) -> list[JournalLine]:
    """A final statement as double entry: its debts as in a month, then the live points of who leaves.

    What the leaver promised to members becomes the programme's promise. Paid: the leaver owes it that amount. Taken
    over: both books balance against points taken over. `debts` has each pair once.
    """
    lines = journal(debts)
    if amount == 0:
        return lines
    number, zero = (lines[-1].number if lines else 0), Decimal(0)
    ours, theirs = (PAYABLE, RECEIVABLE) if is_paid else (TAKEN_OVER, TAKEN_OVER)
    for book, other, debit, credit in ((leaver, None, LIABILITY, ours), (None, leaver, theirs, LIABILITY)):
        number += 1
        lines.append(JournalLine(number, book, debit, other, amount, zero, points, TEXT_LIVE))
        lines.append(JournalLine(number, book, credit, other, zero, amount, points, TEXT_LIVE))
    return lines


def final_balance(debts: Iterable[Debt], *, leaver: Party, amount: Decimal, is_paid: bool) -> Decimal:
    """What who leaves gets in the end; below zero it pays."""
    balance = sum((line.balance for line in statement_of(leaver, together(debts))), Decimal(0))
    return balance - amount if is_paid else balance


def _order(party: Party) -> int:
    """The programme first, then businesses in the order in which they joined."""
    return -1 if party is None else party


def _pair_order(pair: tuple[Party, Party]) -> tuple[int, int]:
    return _order(pair[0]), _order(pair[1])
