"""Pure rules of the analysis. docs/algorithms/rfm.md explains and its examples run as tests."""

from __future__ import annotations

from collections.abc import Mapping

SCORES = (1, 2, 3, 4, 5)

# Recency score → group for each mean of frequency and spend, 1 to 5. Every pair is here once: the groups cover all
# combinations and never overlap. Names and idea: Shopify help, "RFM customer analysis"; the borders are ours.
_BY_RECENCY: Mapping[int, tuple[str, str, str, str, str]] = {
    5: ("new", "active", "active", "champions", "champions"),
    4: ("promising", "promising", "active", "loyal", "champions"),
    3: ("almost_lost", "needs_attention", "needs_attention", "loyal", "loyal"),
    2: ("dormant", "almost_lost", "at_risk", "at_risk", "previously_loyal"),
    1: ("dormant", "dormant", "at_risk", "previously_loyal", "previously_loyal"),
}
GROUP_OF: Mapping[tuple[int, int], str] = {
    (recency, value): group
    for recency, groups in _BY_RECENCY.items()
    for value, group in zip(SCORES, groups, strict=True)
}
NO_ORDERS = "prospects"


def value_score(frequency: int, monetary: int) -> int:
    """The mean of both scores, a half rounded up: who comes often and spends little is worth as much as the reverse."""
    return (frequency + monetary + 1) // 2


def rfm_group(recency: int, frequency: int, monetary: int) -> str:
    """The code of the one group for three scores from 1 (worst) to 5 (best). Raises KeyError for any other score."""
    return GROUP_OF[recency, value_score(frequency, monetary)]
