"""Where a member stands among the tiers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from loyalty.actions.tiers import TierSettings, TierValues, change_tier_settings, create_tier, set_tier
from loyalty.models import Account, Reward, Tier
from loyalty.standing import amount_text, standing_of, tier_history
from loyalty.tasks import judge_due_tiers

START = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)


@pytest.fixture
def now():
    return START


@pytest.fixture
def tiers(programme, actor):
    def call(**settings):
        change_tier_settings(settings=TierSettings(**settings), actor=actor, now=START)
        made = {}
        for name, threshold, factor in (("Silver", 100, "1"), ("Gold", 300, "1.5")):
            values = TierValues(name=name, threshold=Decimal(threshold), factor=Decimal(factor))
            made[name] = create_tier(values=values, actor=actor, now=START)
        return made

    return call


def standing(moment=START):
    return standing_of(Account.objects.get().pk, now=moment)


def test_without_tiers_there_is_nothing_to_say(add):
    add("10")
    assert standing() is None


def test_on_the_way_to_the_first(tiers, add):
    tiers()
    add("40")
    found = standing()
    assert (found.tier, found.next_tier.name, found.collected, found.missing, found.percent) == (
        None, "Silver", 40, 60, 40,
    )  # fmt: skip
    assert (found.kept_until, found.ends_on, found.to_keep, found.gains) == (None, None, 0, [])


def test_what_the_next_one_gives(tiers, add):
    made = tiers()
    Tier.objects.filter(pk=made["Gold"].pk).update(benefits="A seat at the tasting")
    Reward.objects.create(name="Brew class", points=500, tier=made["Gold"])
    Reward.objects.create(name="Old class", points=500, tier=made["Gold"], is_active=False)
    add("120")
    found = standing()
    assert (found.tier.name, found.next_tier.name, found.percent) == ("Silver", "Gold", 40)
    assert found.gains == ["1.5 times the points", "A seat at the tasting", "Reward: Brew class"]


def test_kept_to_a_day_and_what_is_still_needed_for_longer(tiers, add):
    """Twelve months on the sale of today is out of the window of that day; a later one is within."""
    tiers(tier_window_months=6, tier_keep_months=12)
    add("120")
    assert (standing().kept_until, standing().to_keep) == (date(2027, 3, 10), 100)
    later = datetime(2026, 10, 1, tzinfo=UTC)
    add("70", now=later)
    assert standing(later).to_keep == 30
    add("30", now=later)
    assert standing(later).to_keep == 0


def test_in_grace(tiers, add):
    tiers(tier_window_months=6, tier_keep_months=12, tier_grace_days=30)
    add("120")
    moment = datetime(2027, 3, 20, tzinfo=UTC)
    judge_due_tiers(moment)
    found = standing(moment)
    assert (found.tier.name, found.is_in_grace, found.ends_on, found.to_keep) == (
        "Silver", True, date(2027, 4, 9), 100,
    )  # fmt: skip


def test_at_the_top_there_is_no_next(tiers, add):
    tiers(tier_keep_months=None)
    add("400")
    found = standing()
    assert (found.tier.name, found.next_tier, found.percent, found.kept_until) == ("Gold", None, 100, None)


def test_who_is_no_member_has_collected_nothing(tiers):
    tiers()
    found = standing_of(1, now=START)
    assert (found.collected, found.tier, found.missing) == (0, None, 100)


def test_history_in_words(tiers, add, undo, actor):
    made = tiers()
    sale = add("120")
    undo(sale, now=START + timedelta(minutes=1))
    member = Account.objects.get().pk
    set_tier(customer_id=member, tier=made["Gold"].code, until=None, reason="A friend", actor=actor, now=START)
    lines = tier_history(member)
    assert [line.text for line in lines] == [
        "Gold, given by hand",
        "Silver lost: a purchase was given back",
        "Reached Silver",
    ]
    assert (lines[0].reason, lines[0].by, lines[2].kept_until) == ("A friend", "Maya", date(2027, 3, 10))


def test_amounts_in_what_the_programme_counts(programme):
    assert amount_text(Decimal("1234.0000"), "points") == "1,234 points"
    assert amount_text(Decimal(1), "points") == "1 point"
    assert amount_text(Decimal(1), "visits") == "1 visit"
    assert amount_text(Decimal("99.5000"), "spend") == "£99.50"
    with translation.override("de"):
        assert amount_text(Decimal(1234), "points").startswith("1.234 ")


def test_queries_do_not_grow_with_tiers(tiers, add, actor, django_assert_max_num_queries):
    tiers()
    for number in range(5):
        values = TierValues(name=f"Star {number}", threshold=Decimal(400 + number))
        create_tier(values=values, actor=actor, now=START)
    add("120")
    member = Account.objects.get().pk
    with django_assert_max_num_queries(6):
        standing_of(member, now=START)
