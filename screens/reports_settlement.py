"""Settlement as its pages, files and statements show it: names instead of ids, and for people who are limited to one
business only what is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.actor import Actor
from core.errors import NotFound
from core.presentation import format_money, format_points
from loyalty import settlement as rules
from loyalty.reports_settlement import MonthRow, Settlement
from loyalty.settlement import Debt, JournalLine, Party, StatementLine
from screens.csv_files import Cell
from workspace.models import Business

OWN = "own"  # in URLs, the programme's own account; businesses have longer codes
ACCOUNTS: Mapping[str, str | Promise] = {
    rules.LIABILITY: gettext_lazy("Points owed to members"),
    rules.PAYABLE: gettext_lazy("Due to partners"),
    rules.RECEIVABLE: gettext_lazy("Due from partners"),
    rules.REDEEMED: gettext_lazy("Points redeemed for partners"),
    rules.TAKEN_OVER: gettext_lazy("Points taken over"),
}
TEXTS: Mapping[str, str | Promise] = {
    rules.TEXT_SPENT: gettext_lazy("Points spent"),
    rules.TEXT_UNDONE: gettext_lazy("Redemptions undone"),
    rules.TEXT_NETTED: gettext_lazy("Set off against each other"),
    rules.TEXT_LIVE: gettext_lazy("Points that members hold"),
}


@dataclass(frozen=True, slots=True)
class MonthShown:
    label: str
    slug: str
    row: MonthRow


@dataclass(frozen=True, slots=True)
class PairShown:
    """`amount` is what is left for the payer to pay."""

    payer: str
    payee: str
    owed_points: str
    owed: str
    back_points: str
    back: str
    amount: str


@dataclass(frozen=True, slots=True)
class PartyShown:
    name: str
    slug: str
    balance: str
    is_owing: bool


@dataclass(frozen=True, slots=True)
class StatementRow:
    other: str
    our_points_there: str
    we_owe: str
    their_points_here: str
    they_owe: str
    balance: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One party's month. `result` says in a sentence who pays what in the end."""

    party: Party
    name: str
    slug: str
    month: str
    month_slug: str
    is_closed: bool
    rows: Sequence[StatementRow]
    lines: Sequence[StatementLine]
    names: Mapping[Party, str]
    we_owe: str
    they_owe: str
    balance: str
    result: str
    terms: str


def month_shown(row: MonthRow) -> MonthShown:
    return MonthShown(date_format(row.month, "F Y"), f"{row.month:%Y-%m}", row)


def seen_by(settlement: Settlement, actor: Actor) -> list[Debt]:
    """All debts, or those of the one business that the reader is limited to."""
    return [
        debt
        for debt in settlement.debts
        if actor.business_id is None or actor.business_id in (debt.debtor, debt.creditor)
    ]


def pairs_shown(settlement: Settlement, debts: Sequence[Debt]) -> list[PairShown]:
    names, currency = settlement.names, settlement.currency
    return [
        PairShown(
            payer=names[pair.payer],
            payee=names[pair.payee],
            owed_points=format_points(pair.owed.points),
            owed=format_money(pair.owed.amount, currency),
            back_points=format_points(pair.back.points),
            back=format_money(pair.back.amount, currency),
            amount=format_money(pair.amount, currency),
        )
        for pair in rules.net(debts)
    ]


def parties_shown(settlement: Settlement, debts: Sequence[Debt], actor: Actor) -> list[PartyShown]:
    """Everybody with a statement that the reader may open."""
    codes = dict(Business.objects.values_list("pk", "code"))
    shown = []
    for party in rules.parties_of(debts):
        if actor.business_id is not None and party != actor.business_id:
            continue
        balance = sum((line.balance for line in rules.statement_of(party, debts)), Decimal(0))
        slug = OWN if party is None else codes.get(party, "")
        shown.append(PartyShown(settlement.names[party], slug, format_money(balance, settlement.currency), balance < 0))
    return shown


def party_of(slug: str, actor: Actor) -> Party:
    """Whose statement a URL names. Raises NotFound, also for one that the reader may not see."""
    if slug == OWN and actor.business_id is None:
        return None
    found = Business.objects.visible_to(actor).filter(code=slug).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such statement."))
    return found


def statement_shown(settlement: Settlement, party: Party, slug: str, *, programme: str) -> Statement:
    """The statement of a party, also where nothing happened."""
    lines = rules.statement_of(party, settlement.debts)
    currency = settlement.currency
    we_owe = sum((line.we_owe for line in lines), Decimal(0))
    they_owe = sum((line.they_owe for line in lines), Decimal(0))
    balance = they_owe - we_owe
    if party is None:
        name = _("%(programme)s, own account") % {"programme": programme}
    else:
        name = settlement.names.get(party) or Business.objects.values_list("name", flat=True).get(pk=party)
    amount = format_money(abs(balance), currency)
    if balance > 0:
        result = _("%(name)s receives %(amount)s.")
    elif balance < 0:
        result = _("%(name)s pays %(amount)s.")
    else:
        result = _("Nothing is owed to or by %(name)s.")
    return Statement(
        party=party,
        name=name,
        slug=slug,
        month=date_format(settlement.month, "F Y"),
        month_slug=f"{settlement.month:%Y-%m}",
        is_closed=settlement.is_closed,
        rows=[
            StatementRow(
                other=settlement.names[line.other],
                our_points_there=format_points(line.our_points_there),
                we_owe=format_money(line.we_owe, currency),
                their_points_here=format_points(line.their_points_here),
                they_owe=format_money(line.they_owe, currency),
                balance=format_money(line.balance, currency),
            )
            for line in lines
        ],
        lines=lines,
        names=settlement.names,
        we_owe=format_money(we_owe, currency),
        they_owe=format_money(they_owe, currency),
        balance=format_money(balance, currency),
        result=result % {"name": name, "amount": amount},
        terms=terms_of(settlement),
    )


def terms_of(settlement: Settlement) -> str:
    """At what value, and whether it may still change."""
    value = format_money(settlement.point_value * 100, settlement.currency)
    if settlement.closed is None or settlement.closed_on is None:
        return _("100 points are worth %(value)s. This month is open: figures change until it is closed.") % {
            "value": value
        }
    return _("100 points were worth %(value)s. Closed on %(day)s by %(who)s.") % {
        "value": value,
        "day": date_format(settlement.closed_on, "j F Y"),
        "who": settlement.closed.actor_label or _("the server"),
    }


# -- files ------------------------------------------------------------------------------------------------------------


def pair_rows(settlement: Settlement, debts: Sequence[Debt]) -> tuple[list[str], list[list[Cell]]]:
    """The netted pairs as a file has them."""
    head = [
        _("Month"), _("Pays"), _("Is paid"), _("Points spent there"), _("Owes"), _("Points spent back"), _("Is owed"),
        _("Pays in the end"), _("Currency"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            f"{settlement.month:%Y-%m}",
            settlement.names[pair.payer],
            settlement.names[pair.payee],
            pair.owed.points,
            pair.owed.amount,
            pair.back.points,
            pair.back.amount,
            pair.amount,
            settlement.currency,
        ]
        for pair in rules.net(debts)
    ]
    return head, rows


def statement_rows(settlement: Settlement, party: Party) -> tuple[list[str], list[list[Cell]]]:
    """One party's statement as a file has it."""
    head = [
        _("Month"), _("With"), _("Our points spent there"), _("We owe"), _("Their points spent here"), _("They owe"),
        _("In our favour"), _("Currency"),
    ]  # fmt: skip
    rows: list[list[Cell]] = [
        [
            f"{settlement.month:%Y-%m}",
            settlement.names[line.other],
            line.our_points_there,
            line.we_owe,
            line.their_points_here,
            line.they_owe,
            line.balance,
            settlement.currency,
        ]
        for line in rules.statement_of(party, settlement.debts)
    ]
    return head, rows


def journal_rows(settlement: Settlement, lines: Sequence[JournalLine]) -> tuple[list[str], list[list[Cell]]]:
    """The journal as a file has it, dated the last day of the month."""
    head = [
        _("Date"), _("Booking"), _("Books of"), _("Account"), _("Partner"), _("Debit"), _("Credit"), _("Currency"),
        _("Points"), _("Text"),
    ]  # fmt: skip
    day: date = settlement.last_day
    rows: list[list[Cell]] = [
        [
            day,
            line.number,
            settlement.names[line.book],
            str(ACCOUNTS[line.account]),
            settlement.names[line.other],
            line.debit,
            line.credit,
            settlement.currency,
            line.points,
            f"{TEXTS[line.text]} {settlement.month:%Y-%m}",
        ]
        for line in lines
    ]
    return head, rows
