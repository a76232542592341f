"""The worked examples of docs/algorithms/recommendations.md, executed."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from loyalty.actions.recommender_settings import RuleValues
from loyalty.effects import wilson
from loyalty.recommenders import RECOMMENDERS
from loyalty.reports_recommendations import Group, Outcome

PAGE = (settings.BASE_DIR / "docs/algorithms/recommendations.md").read_text()


def lines_of(fence):
    (found,) = re.findall(rf"```{fence}\n(.*?)```", PAGE, re.DOTALL)
    return [tuple(part.strip() for part in line.split("->")) for line in found.strip().splitlines()]


@pytest.mark.parametrize(("people", "low"), lines_of("co-visits"))
def test_what_a_pair_surely_shares(people, low):
    both, here = map(int, re.findall(r"\d+", people))
    assert f"{100 * wilson(both, here).low:.1f}" == low


@pytest.mark.parametrize(("groups", "said"), lines_of("effect"))
def test_what_telling_did(groups, said):
    told, of_told, left, of_left = map(int, re.findall(r"\d+", groups))
    outcome = Outcome(RECOMMENDERS["inactive"], RuleValues(), 0, Group(of_told, {0: told}), Group(of_left, {0: left}))
    *figures, verdict = said.rsplit(", ", 1)
    assert outcome.verdict == verdict
    for text in figures:
        effect = outcome.effect
        shown = (100 * value for value in (effect.difference, effect.interval.low, effect.interval.high))
        assert text == "{:+.1f} ({:+.1f} to {:+.1f})".format(*shown)


def test_every_rule_is_on_the_page():
    assert [name for name in RECOMMENDERS if f"`{name}`" not in PAGE] == []
