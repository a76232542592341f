"""What docs/algorithms/rfm.md says is what the code does: its tables are read and run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from customers.models import Customer, CustomerFacts
from customers.tests.test_actions_facts import sale
from intelligence.actions.rfm import score_customers
from intelligence.rules import GROUP_OF, rfm_group, value_score
from workspace.models import Business

PAGE = Path(__file__).parents[2] / "docs/algorithms/rfm.md"
SCORED_AT = datetime(2026, 6, 30, 12, tzinfo=UTC)


def table(marker: str) -> list[list[str]]:
    """The rows of the table under `<!-- marker -->`, without its head."""
    lines = PAGE.read_text().split(f"<!-- {marker} -->")[1].lstrip().splitlines()
    rows = list(_table_lines(lines))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def _table_lines(lines: list[str]) -> list[str]:
    end = next((index for index, line in enumerate(lines) if not line.startswith("|")), len(lines))
    return lines[:end]


def test_the_table_of_groups() -> None:
    told = {
        (int(row[0].removeprefix("R ")), value): group
        for row in table("groups")
        for value, group in enumerate(row[1:], 1)
    }
    assert told == dict(GROUP_OF)


def test_the_worked_examples() -> None:
    rows = table("examples")
    assert len(rows) == 11
    for recency, frequency, monetary, value, group in rows:
        assert value_score(int(frequency), int(monetary)) == int(value)
        assert rfm_group(int(recency), int(frequency), int(monetary)) == group


def test_the_example_from_raw_orders(business: Business) -> None:
    expected = {}
    for number, (name, orders, *scores, group) in enumerate(table("orders")):
        customer = Customer.objects.create(first_name=name)
        for part in [] if orders == "none" else orders.split(", "):
            day, month, amount = part.split()
            at = datetime.strptime(f"{day} {month} 2026 12", "%d %b %Y %H").replace(tzinfo=UTC)
            sale(business, customer, f"{number}-{part}-{customer.orders.count()}", amount, placed_at=at)
        expected[name] = (*(int(score) if score else None for score in scores), group)

    score_customers(now=SCORED_AT)

    fields = ["customer__first_name", "rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_group"]
    assert {name: tuple(rest) for name, *rest in CustomerFacts.objects.values_list(*fields)} == expected
