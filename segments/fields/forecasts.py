"""What is reckoned of somebody: RFM, archetype, churn, value. Nobody has any of it who never bought."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from segments.fields.base import Column, Field, Reference, Words
from segments.operators import Kind

_FORECASTS = _("Groups and forecasts")


def _score(column: str) -> Column:
    return Column("scores", f"scores.{column}")


FIELDS: Sequence[Field] = (
    Field(
        "rfm_group", _FORECASTS, _("RFM group"), Kind.CHOICE, Words("facts", "facts.rfm_group"),
        {"op": "is_one_of", "value": ["champions"]}, choices="rfm_groups",
    ),
    Field(
        "rfm_recency", _FORECASTS, _("RFM recency score"), Kind.NUMBER, Column("facts", "facts.rfm_recency"),
        {"op": "at_least", "value": 4},
    ),
    Field(
        "rfm_frequency", _FORECASTS, _("RFM frequency score"), Kind.NUMBER, Column("facts", "facts.rfm_frequency"),
        {"op": "at_least", "value": 4},
    ),
    Field(
        "rfm_monetary", _FORECASTS, _("RFM monetary score"), Kind.NUMBER, Column("facts", "facts.rfm_monetary"),
        {"op": "at_least", "value": 4},
    ),
    Field(
        "archetype", _FORECASTS, _("Archetype"), Kind.CHOICE,
        Reference("archetype", "archetype.archetype_id", codes="customers_archetype"),
        {"op": "is_one_of", "value": ["k3v9w2p8"]}, choices="archetypes",
    ),
    Field(
        "archetype_since", _FORECASTS, _("In this archetype since"), Kind.DAY, Column("archetype", "archetype.since"),
        {"op": "within", "window": {"type": "last", "count": 7}},
    ),
    Field("churn", _FORECASTS, _("Churn risk"), Kind.SHARE, _score("churn"), {"op": "more", "value": 60}, unit="%"),
    Field(
        "churn_band", _FORECASTS, _("Churn band"), Kind.CHOICE, _score("band"), {"op": "is_one_of", "value": ["high"]},
        choices="churn_bands",
    ),
    Field("value_3", _FORECASTS, _("Value in 3 months"), Kind.MONEY, _score("value_3"), {"op": "more", "value": 20}),
    Field("value_6", _FORECASTS, _("Value in 6 months"), Kind.MONEY, _score("value_6"), {"op": "more", "value": 40}),
    Field("value_12", _FORECASTS, _("Value in 12 months"), Kind.MONEY, _score("value_12"), {"op": "more", "value": 80}),
    Field(
        "value_at_risk", _FORECASTS, _("Value at risk"), Kind.MONEY, _score("value_at_risk"),
        {"op": "more", "value": 20},
    ),
    Field(
        "next_purchase", _FORECASTS, _("Next purchase expected"), Kind.DAY, _score("next_purchase_on"),
        {"op": "within", "window": {"type": "next", "count": 14}},
    ),
)  # fmt: skip
