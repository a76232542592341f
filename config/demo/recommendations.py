"""What the street's members were told on Monday evenings, by the product's own rules, and who came back.

The rule of near rewards goes on last: it looks at the points of today, which say nothing about a Monday in March.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.actor import Actor
from loyalty.actions.co_visits import learn_co_visits
from loyalty.actions.recommendations import note_returns, recommend
from loyalty.actions.recommender_settings import RuleValues, change_rule
from loyalty.models import Account, Recommendation

WEEKS = 9  # five of them are over
EACH = 15  # one member in so many opens the page in a week
NEAR, LATER = "near_reward", RuleValues(parameters={"within": 60})
AWAY = RuleValues(parameters={"days": 14}, hold_back=25, outcome_days=28)
OTHERS = RuleValues(hold_back=25, outcome_days=28)


def make_recommendations(actor: Actor, *, now: datetime) -> None:
    """Safe to repeat: a member is not drawn twice."""
    change_rule(name=NEAR, values=RuleValues(is_active=False), actor=actor)
    change_rule(name="inactive", values=AWAY, actor=actor)
    change_rule(name="co_visits", values=OTHERS, actor=actor)
    if not Recommendation.objects.exists():
        members = list(Account.objects.order_by("pk").values_list("pk", flat=True))
        learn_co_visits(now=now - timedelta(weeks=WEEKS))
        for week in range(WEEKS, 0, -1):
            evening = now - timedelta(weeks=week)
            recommend(members[week % EACH :: EACH], channel=Recommendation.Channel.POINTS_PAGE, now=evening)
            note_returns(now=evening)
    learn_co_visits(now=now)
    note_returns(now=now)
    change_rule(name=NEAR, values=LATER, actor=actor)
