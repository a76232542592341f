"""Whom rules find before they are saved: how many, each condition by itself, what is known of them, five of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from time import monotonic

from core.actor import Actor
from customers.models import Customer
from segments import compiler
from segments.asking import PATIENCE, TakesLonger, ask
from segments.fields.base import Field
from segments.fields.measures import Measure
from segments.fields.registry import FIELDS
from segments.rules import Condition, Last, Rules, conditions
from segments.statement import Moment, Query, Statement

SPENT_DAYS = 90
SAMPLE = 5
LEAST_PATIENCE = 500  # milliseconds
_EIGHT_IN_TEN = 1.2816  # standard deviations on each side


@dataclass(frozen=True, slots=True)
class Figures:
    """Of who matches. `sms` and `email` may get offers that way; `spent` is of SPENT_DAYS, with refunds.

    `churn` is the mean, `likely_back` how many of those with a forecast buy again within its horizon 8 times in 10;
    None without a forecast.
    """

    sms: int
    email: int
    spent: Decimal
    churn: float | None
    likely_back: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Preview:
    """`total` None: counting takes longer than a page waits. `counts`: who matches each condition alone, by its path;
    None where that takes longer. `sample` has their facts."""

    everyone: int
    total: int | None = None
    counts: Mapping[str, int] | None = None
    figures: Figures | None = None
    sample: Sequence[Customer] = ()

    @property
    def is_slow(self) -> bool:
        return self.total is None


def preview(rules: Rules, fields: Mapping[str, Field], moment: Moment, *, actor: Actor, seed: str = "") -> Preview:
    """`rules` has passed `compiler.check`; another `seed` gives other people as the sample. Four queries.

    Raises PermissionRefused for whom is limited to one business: it is about everybody.
    """
    actor.check_sees_all()
    everyone, until = Customer.objects.active().count(), monotonic() + PATIENCE / 1_000
    try:
        total, figures, sample = _matching(rules, fields, moment, seed)
    except TakesLonger:
        return Preview(everyone)
    return Preview(everyone, total, _counts(rules, fields, moment, until), figures, _people(sample))


def _matching(
    rules: Rules, fields: Mapping[str, Field], moment: Moment, seed: str
) -> tuple[int, Figures, Sequence[int]]:
    ((total, sms, email, churn, back, variance, spent, sample),) = ask(_figures_query(rules, fields, moment, seed))
    likely = None
    if back is not None:
        spread = _EIGHT_IN_TEN * sqrt(variance)
        likely = max(0, round(back - spread)), round(back + spread)
    return total, Figures(sms, email, spent, churn, likely), sample


def _figures_query(rules: Rules, fields: Mapping[str, Field], moment: Moment, seed: str) -> Query:
    found = compiler.members(rules, fields, moment)
    statement = Statement(moment, params=dict(found.params))
    sms, email = (FIELDS[key].sql(Condition(key, "is", True), statement) for key in ("texts", "emails"))
    churn = statement.column("scores", "scores.churn")
    money = FIELDS["spent"].source
    assert isinstance(money, Measure)
    since = statement.param(moment.times(Last(SPENT_DAYS))[0])
    columns = (
        "count(*)",
        f"count(*) FILTER (WHERE {sms})",
        f"count(*) FILTER (WHERE {email})",
        f"avg({churn})",
        f"sum(1 - {churn})",
        f"sum({churn} * (1 - {churn}))",
        f"""(SELECT coalesce(sum(rows.total), 0) FROM ({money.rows}) AS rows JOIN found ON found.id = rows.customer_id
             WHERE rows.at >= {since}::timestamptz)""",
        f"""(SELECT coalesce(array_agg(few.id), '{{}}') FROM (
             SELECT found.id FROM found ORDER BY md5(found.id::text || {statement.param(seed)}::text) LIMIT {SAMPLE}
             ) AS few)""",
    )
    asked = statement.select(", ".join(columns), "customer.id IN (SELECT found.id FROM found)")
    return Query(f"WITH found AS MATERIALIZED ({found.sql}) {asked}", statement.params)


def _counts(rules: Rules, fields: Mapping[str, Field], moment: Moment, until: float) -> Mapping[str, int] | None:
    """Within what is left of the patience, or half a second."""
    left = max(LEAST_PATIENCE, int(1_000 * (until - monotonic())))
    try:
        ((_total, *each),) = ask(compiler.counts(rules, fields, moment), patience=left)
    except TakesLonger:
        return None
    return dict(zip((path for path, _one in conditions(rules)), each, strict=True))


def _people(keys: Sequence[int]) -> Sequence[Customer]:
    people = Customer.objects.select_related("facts").in_bulk(keys)
    return [people[key] for key in keys if key in people]
