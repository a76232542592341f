"""The backtest in words and charts. Amounts are in the programme's currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.charts import Chart, Series
from core.presentation import format_money, format_number
from intelligence.candidate_words import name_of
from intelligence.reports_backtest import Backtest, CandidateRow, Lack, Period

BINS = 10  # of chances
FIFTH = 0.2
HIT = 0.005  # half a percent: what rounds to nothing is right


@dataclass(frozen=True, slots=True)
class Card:
    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class PeriodLine:
    day: str
    customers: int
    said: int
    came: int
    off: str
    said_spend: str
    came_spend: str
    spend_off: str


@dataclass(frozen=True, slots=True)
class CandidateLine:
    row: CandidateRow
    chance_error: str
    money_error: str
    picks_right: str
    spend_off: str
    top_fifth: str
    in_range: str


@dataclass(frozen=True, slots=True)
class BacktestPage:
    people: str  # sentences
    money: str
    models: str
    cards: Sequence[Card]
    charts: Sequence[Chart]
    periods: Sequence[PeriodLine]
    candidates: Sequence[CandidateLine]


def backtest_page(found: Backtest, currency: str) -> BacktestPage:
    return BacktestPage(
        people=_people(found),
        money=_("We would have said that they spend %(said)s together; they spent %(came)s.")
        % _spends(found.held, currency),
        models=_models(found),
        cards=_cards(found, currency),
        charts=[calibration_chart(found), deciles_chart(found, currency), gain_chart(found)],
        periods=[_period(one, currency) for one in found.periods],
        candidates=[_candidate(row) for row in found.candidates],
    )


def waiting_words(lack: Lack) -> str:
    """What a young programme waits for; empty where it waits for nothing."""
    if lack.weeks:
        return ngettext(
            "We hold a forecast against %(days)s days that are over, and look at 13 weeks before them:"
            " your sales need %(count)d more week.",
            "We hold a forecast against %(days)s days that are over, and look at 13 weeks before them:"
            " your sales need %(count)d more weeks.",
            lack.weeks,
        ) % {"days": lack.horizon_days, "count": lack.weeks}
    if lack.buyers < lack.buyers_needed:
        return _(
            "It takes %(needed)d customers who first bought more than %(days)s days ago. So far there are %(found)d."
        ) % {"needed": lack.buyers_needed, "days": lack.horizon_days, "found": lack.buyers}
    return ""


def calibration_chart(found: Backtest) -> Chart:
    rows = [(min(int(said * BINS + 1e-6), BINS - 1), said, came) for _customers, said, came in found.calibration]
    labels = [f"{place * BINS}–{(place + 1) * BINS}%" for place, _said, _came in rows]
    off = sum(customers * abs(said - came) for customers, said, came in found.calibration) / found.held.customers
    return Chart(
        id="calibration",
        title=_("When we say 30%, do 30 of 100 come?"),
        finding=_("Bars that end at the line: yes. On average a chance is off by %(points)s points.")
        % {"points": format_number(off * 100, 1)},
        labels=labels,
        axis_title=_("Chance we gave"),
        series=[
            Series(_("Came"), [came * 100 for _place, _said, came in rows], shape="bar", unit="percent"),
            Series(_("We said"), [said * 100 for _place, said, _came in rows], "muted", "dashed", "percent"),
        ],
    )


def deciles_chart(found: Backtest, currency: str) -> Chart:
    rows, width = found.deciles, 100 // len(found.deciles)
    return Chart(
        id="deciles",
        title=_("Do those we expect most of spend most?"),
        finding=_("The tenth we expected most of spent %(first)s each, the last tenth %(last)s.")
        % {name: format_money(rows[place][2], currency, whole=True) for name, place in (("first", 0), ("last", -1))},
        labels=[f"{place * width}–{(place + 1) * width}%" for place in range(len(rows))],
        currency=currency,
        axis_title=_("Customers, the highest forecasts first"),
        series=[
            Series(_("We said, each"), [said for _n, said, _c in rows], "muted", "bar", "money"),
            Series(_("Spent, each"), [came for _n, _s, came in rows], "1", "bar", "money"),
        ],
    )


def gain_chart(found: Backtest) -> Chart:
    shares = [share * 100 for share, _brought in found.gain]
    brought = next((brought for share, brought in found.gain if share >= FIFTH), 0.0)
    return Chart(
        id="gain",
        title=_("How much do the best forecasts bring?"),
        finding=_(
            "The fifth we expected most of brought %(share)s%% of the spend; a fifth drawn at random brings 20%%."
        )
        % {"share": format_number(brought * 100)},
        labels=[f"{format_number(share)}%" for share in shares],
        axis_title=_("Customers, the highest forecasts first"),
        series=[
            Series(_("Of the spend"), [brought * 100 for _share, brought in found.gain], "1", "area", "percent"),
            Series(_("At random"), shares, "muted", "dashed", "percent"),
        ],
    )


def _people(found: Backtest) -> str:
    held = found.held
    return _(
        "On %(day)s we would have said that %(said)s of %(customers)s customers come back within %(days)s days;"
        " %(came)s did."
    ) % {
        "day": date_format(held.day, "j F Y"),
        "said": format_number(held.said),
        "customers": format_number(held.customers),
        "days": found.horizon_days,
        "came": format_number(held.came),
    }


def _models(found: Backtest) -> str:
    names = {"chances": name_of(found.for_chances), "money": name_of(found.for_money)}
    if found.for_chances == found.for_money:
        return _("Your forecasts are made by %(chances)s, which was the least wrong.") % names
    return _("%(chances)s says who comes and %(money)s what they spend: each was the least wrong at it.") % names


def _cards(found: Backtest, currency: str) -> list[Card]:
    held, spends = found.held, _spends(found.held, currency)
    said = _("we said %(said)s: %(off)s")
    cards = [
        Card(
            _("Came back"),
            format_number(held.came),
            said % {"said": format_number(held.said), "off": off_words(held.off)},
        ),
        Card(_("Spent together"), spends["came"], said % {"said": spends["said"], "off": off_words(held.spend_off)}),
        Card(
            _("Picks who comes"),
            _percent(_scores(found)["area_under_curve"]),
            _("of two customers, one of whom came; 50% is a coin"),
        ),
    ]
    if found.in_range is not None:
        cards.append(Card(_("Spent within our range"), _percent(found.in_range), _("of customers; we aim at 80%")))
    return cards


def off_words(off: float | None) -> str:
    """By how much a total was missed, of a share such as 0.04."""
    if off is None:
        return "–"
    if abs(off) < HIT:
        return _("right")
    words = _("%(percent)s%% too high") if off > 0 else _("%(percent)s%% too low")
    return words % {"percent": format_number(abs(off) * 100)}


def _period(one: Period, currency: str) -> PeriodLine:
    spends = _spends(one, currency)
    return PeriodLine(
        day=date_format(one.day, "j M Y"),
        customers=one.customers,
        said=round(one.said),
        came=one.came,
        off=off_words(one.off),
        said_spend=spends["said"],
        came_spend=spends["came"],
        spend_off=off_words(one.spend_off),
    )


def _candidate(row: CandidateRow) -> CandidateLine:
    return CandidateLine(
        row=row,
        chance_error=_percent(row.chance_error, 1),
        money_error=_percent(row.money_error, 1),
        picks_right=_percent(row.picks_right),
        spend_off=_percent(row.spend_off),
        top_fifth=_percent(row.top_fifth),
        in_range=_percent(row.in_range),
    )


def _spends(one: Period, currency: str) -> dict[str, str]:
    amounts = {"said": one.said_spend, "came": one.came_spend}
    return {name: format_money(amount, currency, whole=True) for name, amount in amounts.items()}


def _scores(found: Backtest) -> Mapping[str, float | None]:
    return next(row.figures for row in found.candidates if row.is_for_chances)


def _percent(share: float | None, decimals: int = 0) -> str:
    return "–" if share is None else f"{format_number(share * 100, decimals)}%"
