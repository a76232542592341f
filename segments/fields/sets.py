"""Answers that are a set of customers: those who bear a mark, are among others, or like something most."""

from __future__ import annotations

from dataclasses import dataclass

from segments.fields.base import Source
from segments.operators import KNOWN, OF_MISSING, Kind, turned, value_of
from segments.rules import Condition
from segments.statement import Statement


@dataclass(frozen=True, slots=True)
class Marks(Source):
    """Words that people are marked with: `rows` gives customer_id, and the code under the name `code`."""

    rows: str

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        codes = value_of(kind, condition.op, condition.value)
        marked = f"marks.code = ANY({statement.param(codes)}::text[]){statement.of_chosen('marks.customer_id')}"
        customers = f"SELECT marks.customer_id FROM ({self.rows}) AS marks WHERE {marked} GROUP BY marks.customer_id"
        if condition.op == "has_all_of":
            customers += f" HAVING count(DISTINCT marks.code) = {statement.param(len(codes))}"
        found = statement.is_among(customers)
        return turned(found) if condition.op == "has_none_of" else found

    def own(self, condition: Condition, statement: Statement) -> str:
        return f"ARRAY(SELECT marks.code FROM ({self.rows}) AS marks WHERE marks.customer_id = customer.id ORDER BY 1)"


@dataclass(frozen=True, slots=True)
class Among(Source):
    """Whether somebody is one of `customers`, a SELECT of customer_id with {chosen} after its own conditions."""

    customers: str

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        found = statement.is_among(self.customers.format(chosen=statement.of_chosen("own.customer_id")))
        return found if value_of(kind, condition.op, condition.value) else turned(found)

    def own(self, condition: Condition, statement: Statement) -> str:
        return statement.is_among(self.customers.format(chosen=statement.of_chosen("own.customer_id")))


@dataclass(frozen=True, slots=True)
class Favourite(Source):
    """What comes first with somebody: `rows` gives each customer once, and the code under the name `code`.

    {chosen} stands there after the conditions of the table `own`.
    """

    rows: str

    def sql(self, condition: Condition, kind: Kind, statement: Statement) -> str:
        rows = self.rows.format(chosen=statement.of_chosen("own.customer_id"))
        customers = f"SELECT first.customer_id FROM ({rows}) AS first"
        if condition.op not in KNOWN:
            codes = statement.param(value_of(kind, condition.op, condition.value))
            # As a CASE, the planner expects half of the rows, not one of them, and joins by a hash.
            customers += f" WHERE CASE WHEN first.code = ANY({codes}::text[]) THEN TRUE END"
        found = statement.is_among(customers)
        return turned(found) if condition.op in OF_MISSING else found

    def own(self, condition: Condition, statement: Statement) -> str:
        rows = self.rows.format(chosen=statement.of_chosen("own.customer_id"))
        return f"(SELECT first.code FROM ({rows}) AS first WHERE first.customer_id = customer.id)"
