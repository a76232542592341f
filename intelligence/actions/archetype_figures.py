"""The figures of archetypes, and of their tiers: counted when a run or a forecast ends, and then only read."""

from __future__ import annotations

from django.db import connection, transaction

from customers.actions.archetypes import save_figures
from customers.actions.turns import turn_with_archetypes

FIGURES = """
    SELECT coalesce(kind.id, kind.tier_id), count(*), coalesce(sum(own.gross_spend - own.refunded), 0),
           avg(scores.value_12), avg(scores.churn), sum(scores.value_at_risk)
    FROM customers_customerarchetype AS member
    JOIN customers_archetype AS kind ON kind.id = member.archetype_id
    LEFT JOIN intelligence_customerfeatures AS own ON own.customer_id = member.customer_id
    LEFT JOIN customers_customerscores AS scores ON scores.customer_id = member.customer_id
    GROUP BY GROUPING SETS ((kind.id), (kind.tier_id))
"""


def count_archetypes() -> None:
    """One pass over the members, when no run is writing them."""
    with transaction.atomic(), connection.cursor() as cursor:
        turn_with_archetypes()
        cursor.execute(FIGURES)
        save_figures(
            {
                archetype: {
                    "customers": customers,
                    "spent": spent,
                    "value_12": value and round(value, 4),
                    "churn": churn,
                    "value_at_risk": at_risk,
                }
                for archetype, customers, spent, value, churn, at_risk in cursor.fetchall()
            }
        )
