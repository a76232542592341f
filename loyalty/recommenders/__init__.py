"""Rules that suggest something to members, behind one registry: a new one is a module here, and every page has it.

A rule looks at many members at once and says what it found with its evidence; it never decides who is told. That, the
hold-back and the outcome are the same for all rules (`loyalty.actions.recommendations`).
"""

from __future__ import annotations

from loyalty.recommenders import co_visits, inactive, near_reward
from loyalty.recommenders.base import Asked, Evidence, Options, Parameter, Recommender, Suggestion, Words

# In the order in which members read them.
RECOMMENDERS: dict[str, Recommender] = {
    one.name: one for one in (near_reward.RECOMMENDER, inactive.RECOMMENDER, co_visits.RECOMMENDER)
}

__all__ = ["RECOMMENDERS", "Asked", "Evidence", "Options", "Parameter", "Recommender", "Suggestion", "Words"]
