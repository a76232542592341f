"""Leaving as its pages and files show it: what would happen, and the final statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.actor import Actor
from core.errors import NotFound
from core.presentation import format_money, format_points
from loyalty import settlement as rules
from loyalty.models import FinalLine, FinalStatement
from loyalty.reports_leaving import FinalShown, LeavingPreview, final_of
from loyalty.settlement import Debt, JournalLine, StatementLine
from programs.models import Programme
from screens.csv_files import Cell
from screens.reports_settlement import ACCOUNTS, TEXTS, Statement, StatementRow
from workspace.models import Business

MOST_LEFT = 50  # shown to one business


@dataclass(frozen=True, slots=True)
class PreviewShown:
    """`rows` are the debts and claims by partner; `ends` says in sentences what ends with the business."""

    rows: Sequence[StatementRow]
    balance: str
    balance_text: str
    points: str
    worth: str
    hundred_points: str
    ends: Sequence[str]


@dataclass(frozen=True, slots=True)
class SettledWith:
    """What a final statement settles between the business that left and the reader's own."""

    slug: str
    name: str
    last_day: date
    payer: str
    payee: str
    amount: str


def preview_shown(preview: LeavingPreview, programme: Programme, business: Business) -> PreviewShown:
    names: dict[int | None, str] = {None: own_name(programme)}
    names |= dict(Business.objects.values_list("pk", "name"))
    currency = preview.currency
    amount = format_money(abs(preview.balance), currency)
    text = _("%(name)s receives %(amount)s.") if preview.balance > 0 else _("%(name)s pays %(amount)s.")
    if preview.balance == 0:
        text = _("Nothing is owed to or by %(name)s.")
    return PreviewShown(
        rows=_rows(preview.lines, names, currency),
        balance=format_money(preview.balance, currency),
        balance_text=text % {"name": business.name, "amount": amount},
        points=format_points(preview.points),
        worth=format_money(preview.amount, currency),
        hundred_points=format_money(preview.point_value * 100, currency),
        ends=_ends(preview),
    )


def _ends(preview: LeavingPreview) -> list[str]:
    """What there is none of is not said."""
    claims = ngettext(
        "%(n)s open claim ends; its %(points)s points go back to the member.",
        "%(n)s open claims end; their %(points)s points go back to the members.",
        preview.claims,
    )
    counted = (
        (preview.claims, claims),
        (preview.rewards, ngettext("%(n)s reward is archived.", "%(n)s rewards are archived.", preview.rewards)),
        (
            preview.stamp_cards,
            ngettext("%(n)s stamp card is archived.", "%(n)s stamp cards are archived.", preview.stamp_cards),
        ),
        (
            preview.full_cards,
            ngettext(
                "%(n)s full stamp card can be used until the last day.",
                "%(n)s full stamp cards can be used until the last day.",
                preview.full_cards,
            ),
        ),
        (
            preview.managers,
            ngettext(
                "%(n)s manager keeps reading this business’s history and statements.",
                "%(n)s managers keep reading this business’s history and statements.",
                preview.managers,
            ),
        ),
        (
            preview.others,
            ngettext(
                "%(n)s other person of its staff is off the team, unless they only read.",
                "%(n)s other people of its staff are off the team, unless they only read.",
                preview.others,
            ),
        ),
        (
            preview.invitations,
            ngettext("%(n)s open invitation ends.", "%(n)s open invitations end.", preview.invitations),
        ),
        (preview.keys, ngettext("%(n)s API key is revoked.", "%(n)s API keys are revoked.", preview.keys)),
        (preview.tills, ngettext("%(n)s till is switched off.", "%(n)s tills are switched off.", preview.tills)),
    )
    points = format_points(preview.claim_points)
    return [text % {"n": format_points(number), "points": points} for number, text in counted if number]


def own_name(programme: Programme) -> str:
    return _("%(programme)s, own account") % {"programme": programme.name}


def _rows(lines: Sequence[StatementLine], names: dict[int | None, str], currency: str) -> list[StatementRow]:
    return [
        StatementRow(
            other=names.get(line.other, ""),
            our_points_there=format_points(line.our_points_there),
            we_owe=format_money(line.we_owe, currency),
            their_points_here=format_points(line.their_points_here),
            they_owe=format_money(line.they_owe, currency),
            balance=format_money(line.balance, currency),
        )
        for line in lines
    ]


# -- the final statement ----------------------------------------------------------------------------------------------


def get_final(slug: str, *, programme: Programme, actor: Actor) -> FinalShown:
    """The final statement of a business that left. Raises NotFound, also for one that the reader may not see."""
    shop = Business.objects.visible_to(actor).filter(code=slug).first()
    found = FinalStatement.objects.filter(business=shop).first() if shop is not None else None
    if found is None:
        raise NotFound(_("There is no such statement."))
    return final_of(found, zone=programme.zone, own_name=own_name(programme))


def get_books(slug: str, *, programme: Programme, actor: Actor) -> FinalShown:
    """As `get_final`, and for a business that it settles something with: then only what those two have with each other.

    Raises NotFound.
    """
    mine = actor.business_id
    if mine is None or Business.objects.filter(pk=mine, code=slug).exists():
        return get_final(slug, programme=programme, actor=actor)
    found = FinalStatement.objects.filter(business__code=slug, pk__in=_with(mine).values("statement")).first()
    if found is None:
        raise NotFound(_("There is no such statement."))
    final = final_of(found, zone=programme.zone, own_name=own_name(programme))
    return replace(final, debts=[debt for debt in final.debts if mine in (debt.debtor, debt.creditor)])


def settled_with(actor: Actor) -> list[SettledWith]:
    """What businesses that left have settled with the one that the reader is limited to, newest first. Two queries."""
    mine = actor.business_id
    if mine is None:
        return []
    found = FinalStatement.objects.filter(pk__in=_with(mine).values("statement")).exclude(business=mine)
    statements = list(found.select_related("business").order_by("-last_day", "-pk")[:MOST_LEFT])
    lines = list(_with(mine).filter(statement__in=statements).order_by("pk"))
    names = {line.debtor_id: line.debtor_name for line in lines} | {
        line.creditor_id: line.creditor_name for line in lines
    }
    return [
        SettledWith(
            slug=statement.business.code,
            name=statement.business_name,
            last_day=statement.last_day,
            payer=names[pair.payer],
            payee=names[pair.payee],
            amount=format_money(pair.amount, statement.currency),
        )
        for statement in statements
        for pair in rules.net(
            rules.together(
                Debt(line.debtor_id, line.creditor_id, line.points, line.amount)
                for line in lines
                if line.statement_id == statement.pk
            )
        )
    ]


def _with(business_id: int) -> QuerySet[FinalLine]:
    return FinalLine.objects.filter(Q(debtor=business_id) | Q(creditor=business_id))


def final_statement(final: FinalShown, slug: str) -> Statement:
    """The same shape as a month's statement: the live points are its last row."""
    stored, currency = final.statement, final.statement.currency
    lines = rules.statement_of(stored.business_id, final.debts)
    due = final.amount if final.is_paid else Decimal(0)
    label = _("Points that members hold") if final.is_paid else _("Points that members hold, taken over")
    rows = _rows(lines, final.names, currency)
    rows.append(
        StatementRow(
            other=label,
            our_points_there=format_points(stored.points),
            we_owe=format_money(due, currency),
            their_points_here="",
            they_owe="",
            balance=format_money(-due, currency),
        )
    )
    we_owe = sum((line.we_owe for line in lines), Decimal(0)) + due
    they_owe = sum((line.they_owe for line in lines), Decimal(0))
    amount = format_money(abs(final.balance), currency)
    if final.balance > 0:
        result = _("%(name)s receives %(amount)s.")
    elif final.balance < 0:
        result = _("%(name)s pays %(amount)s.")
    else:
        result = _("Nothing is owed to or by %(name)s.")
    day = date_format(stored.last_day, "j F Y")
    terms = _("Everything up to %(day)s that no closed month has settled. 100 points were worth %(value)s.")
    return Statement(
        party=stored.business_id,
        name=stored.business_name,
        slug=slug,
        month=_("final statement, %(day)s") % {"day": day},
        month_slug="final",
        is_closed=True,
        rows=rows,
        lines=lines,
        names=final.names,
        we_owe=format_money(we_owe, currency),
        they_owe=format_money(they_owe, currency),
        balance=format_money(final.balance, currency),
        result=result % {"name": stored.business_name, "amount": amount},
        terms=terms % {"day": day, "value": format_money(stored.point_value * 100, currency)},
    )


def who_pays_whom(final: FinalShown) -> list[tuple[str, str, str]]:
    """(payer, payee, amount) in the end, by pair; the live points are the programme's."""
    currency = final.statement.currency
    names = final.names
    paid = [
        (names[pair.payer], names[pair.payee], format_money(pair.amount, currency))
        for pair in rules.net(final.debts)
        if pair.amount
    ]
    if final.is_paid and final.amount:
        amount = format_money(final.amount, currency)
        paid.append((final.statement.business_name, names[None], amount))
    return paid


def final_rows(final: FinalShown) -> tuple[list[str], list[list[Cell]]]:
    """The statement as a file has it."""
    head = [
        _("Last day"), _("With"), _("Our points spent there"), _("We owe"), _("Their points spent here"),
        _("They owe"), _("In our favour"), _("Currency"),
    ]  # fmt: skip
    stored = final.statement
    due = final.amount if final.is_paid else Decimal(0)
    rows: list[list[Cell]] = [
        [
            stored.last_day,
            final.names[line.other],
            line.our_points_there,
            line.we_owe,
            line.their_points_here,
            line.they_owe,
            line.balance,
            stored.currency,
        ]
        for line in rules.statement_of(stored.business_id, final.debts)
    ]
    label = _("Points that members hold") if final.is_paid else _("Points that members hold, taken over")
    rows.append([stored.last_day, label, stored.points, due, 0, Decimal(0), -due, stored.currency])
    return head, rows


def final_journal_rows(final: FinalShown, *, only: int | None) -> tuple[list[str], list[list[Cell]]]:
    """The statement as a double-entry journal; `only` one party's books."""
    head = [
        _("Date"), _("Booking"), _("Books of"), _("Account"), _("Partner"), _("Debit"), _("Credit"), _("Currency"),
        _("Points"), _("Text"),
    ]  # fmt: skip
    stored = final.statement
    lines: list[JournalLine] = rules.final_journal(
        final.debts, leaver=stored.business_id, points=stored.points, amount=final.amount, is_paid=final.is_paid
    )
    rows: list[list[Cell]] = [
        [
            stored.last_day,
            line.number,
            final.names[line.book],
            str(ACCOUNTS[line.account]),
            final.names[line.other],
            line.debit,
            line.credit,
            stored.currency,
            line.points,
            f"{TEXTS[line.text]} {stored.last_day:%Y-%m-%d}",
        ]
        for line in lines
        if only is None or line.book == only
    ]
    return head, rows
