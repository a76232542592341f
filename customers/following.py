"""Who keeps something that is made of what is known about customers, told in the transaction that changes it.

The event stream tells what happened; figures are computed later, by readers and by runs of the night. Whoever writes
them says so here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import TypeAlias

Told: TypeAlias = Callable[["Figures", Collection[int] | None], None]


class Figures(StrEnum):
    FACTS = "facts"  # points, tiers, membership
    RFM = "rfm"
    SCORES = "scores"
    ARCHETYPES = "archetypes"
    TAGS = "tags"  # a tag itself, not who bears it
    PRODUCTS = "products"  # their titles, categories and vendors
    REWARDS = "rewards"
    REACH = "reach"  # whether texts and e-mails arrive
    PEOPLE = "people"  # who is there, and what was said of them


FOLLOWERS: list[Told] = []


def follows_figures(follow: Told) -> Told:
    """Register `follow(figures, customers)`; None: anybody's. It only makes a note."""
    FOLLOWERS.append(follow)
    return follow


def tell_followers(figures: Figures, customers: Collection[int] | None = None) -> None:
    for follow in FOLLOWERS:
        follow(figures, customers)
