"""Bands, money at risk, and the reasons that are given."""

import numpy as np
import pytest

from intelligence.engine.churn import BANDS, Band, band_of, value_at_risk
from intelligence.engine.reasons import Days, Reason, ReasonCode, reasons

TODAY, HORIZON = 1_000, 91


def told(days, spend=None, given_back=0.0):
    return reasons(Days(days, spend or [10.0] * len(days), given_back), today=TODAY, horizon=HORIZON)


def test_bands_begin_at_their_edges():
    churn = np.array([0, 0.299, 0.3, 0.59, 0.6, 0.899, 0.9, 1])
    expected = [Band.LOW] * 2 + [Band.MEDIUM] * 2 + [Band.HIGH] * 2 + [Band.LOST] * 2
    assert [BANDS[place] for place in band_of(churn)] == expected


def test_most_is_at_risk_where_much_may_still_be_lost():
    chance, year = np.array([0.95, 0.5, 0.05]), np.array([900.0, 400.0, 12.0])
    assert value_at_risk(chance, year) == pytest.approx([45, 200, 11.4])


def test_who_is_later_than_usual():
    weekly = list(range(600, 901, 7))
    assert told(weekly)[0] == Reason(ReasonCode.OVERDUE, True, (TODAY - weekly[-1], 7))
    assert [one.code for one in told(list(range(700, 1_001, 10)))] == [ReasonCode.ON_TIME]


def test_who_bought_once():
    assert told([990]) == [Reason(ReasonCode.NEW, False, (10,))]
    assert told([800]) == [Reason(ReasonCode.ONCE, True, (200,))]


def test_who_comes_less_often_and_spends_less():
    days = [*range(640, 818, 15), 850, 985]
    found = told(days, [50.0] * (len(days) - 1) + [9.5])
    assert Reason(ReasonCode.SLOWER, True, (2, 12)) in found
    assert Reason(ReasonCode.CHEAPER, True, (9.5, 50.0)) in found
    assert found[0].code is ReasonCode.SLOWER  # 12 × 0.6 / 2 is farther off than 50 × 0.6 / 9.5


def test_who_gives_much_back():
    assert Reason(ReasonCode.RETURNS, True, (40,)) in told([900, 950, 990], [50.0, 30.0, 20.0], given_back=40.0)
    assert all(one.code is not ReasonCode.RETURNS for one in told([900, 950], [50.0, 50.0], given_back=29.0))


def test_no_more_than_three_are_given():
    days = [*range(640, 818, 15), 850]
    assert len(told(days, [50.0] * (len(days) - 1) + [9.5], given_back=400.0)) == 3


def test_who_never_bought_is_nobodys_risk():
    with pytest.raises(ValueError, match="never bought"):
        told([])
