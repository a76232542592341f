"""The segments that every programme begins with. They are its own from then on: to change, to archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Ready:
    name: str | Promise
    match: Mapping[str, Any]  # of a tree of `segments.rules`


def _asks(field: str, op: str, **more: object) -> dict[str, object]:
    return {"type": "condition", "field": field, "op": op, **more}


def _every(*nodes: dict[str, object]) -> dict[str, object]:
    return {"type": "all", "of": list(nodes)}


READY: Mapping[str, Ready] = {
    "new": Ready(
        _("New this month"), _asks("first_order", "within", window={"type": "calendar", "unit": "month", "offset": 0})
    ),
    "loyal": Ready(_("Loyal"), _asks("rfm_group", "is_one_of", value=["champions", "loyal"])),
    "big_spenders": Ready(_("Big spenders"), _asks("rfm_monetary", "at_least", value=5)),  # the top fifth
    "slipping_away": Ready(
        _("Slipping away"),
        _every(_asks("churn_band", "is_one_of", value=["high"]), _asks("orders", "at_least", value=2)),
    ),
    "lost": Ready(_("Lost"), _asks("churn_band", "is_one_of", value=["lost"])),
    "near_reward": Ready(
        _("Near a reward"), _every(_asks("member", "is", value=True), _asks("points_to_reward", "at_most", value=50))
    ),
}
