from __future__ import annotations

import itertools

import pytest

from customers.rfm_groups import RFM_GROUPS
from intelligence.rules import GROUP_OF, NO_ORDERS, SCORES, rfm_group, value_score


def test_each_of_the_125_combinations_has_one_group_and_every_group_is_reached() -> None:
    groups = {scores: rfm_group(*scores) for scores in itertools.product(SCORES, repeat=3)}
    assert len(groups) == 125
    assert set(groups.values()) | {NO_ORDERS} == set(RFM_GROUPS)
    assert len(GROUP_OF) == 25


def test_a_better_score_never_leads_to_a_group_with_a_worse_recency() -> None:
    assert [value_score(5, 4), value_score(2, 1), value_score(1, 1)] == [5, 2, 1]


@pytest.mark.parametrize("scores", [(0, 1, 1), (6, 1, 1), (1, 9, 9)])
def test_other_scores_are_refused(scores: tuple[int, int, int]) -> None:
    with pytest.raises(KeyError):
        rfm_group(*scores)
