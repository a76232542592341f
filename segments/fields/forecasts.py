"""What is reckoned of somebody: RFM, archetype, churn, value. Nobody has any of it who never bought."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from segments.fields.base import Field, Phrase, Says
from segments.fields.columns import Column, Reference, Words
from segments.operators import Kind

_FORECASTS = _("Groups and forecasts")


def _score(column: str) -> Column:
    return Column("scores", f"scores.{column}")


def _rfm(key: str, label: Phrase, noun: Phrase) -> Field:
    return Field(
        f"rfm_{key}", _FORECASTS, label, Kind.NUMBER, Column("facts", f"facts.rfm_{key}"),
        {"op": "at_least", "value": 4}, noun=noun,
    )  # fmt: skip


def _value(key: str, label: Phrase, example: int, says: Says) -> Field:
    return Field(
        key, _FORECASTS, label, Kind.MONEY, _score(key), {"op": "more", "value": example},
        says={"": says, "exists": (_("have a forecast"), _("have no forecast"))},
    )  # fmt: skip


FIELDS: Sequence[Field] = (
    Field(
        "rfm_group", _FORECASTS, _("RFM group"), Kind.CHOICE, Words("facts", "facts.rfm_group"),
        {"op": "is_one_of", "value": ["champions"]}, choices="rfm_groups", noun=_("an RFM group"),
        says={"is_one_of": (_("are in the RFM group %(is)s"), _("are not in the RFM group %(is)s"))},
    ),
    _rfm("recency", _("RFM recency score"), _("an RFM recency score")),
    _rfm("frequency", _("RFM frequency score"), _("an RFM frequency score")),
    _rfm("monetary", _("RFM monetary score"), _("an RFM monetary score")),
    Field(
        "archetype", _FORECASTS, _("Archetype"), Kind.CHOICE,
        Reference("archetype", "archetype.archetype_id", codes="customers_archetype"),
        {"op": "is_one_of", "value": ["k3v9w2p8"]}, choices="archetypes", noun=_("an archetype"),
        says={"is_one_of": (_("belong to the archetype %(is)s"), _("do not belong to the archetype %(is)s"))},
    ),
    Field(
        "archetype_before", _FORECASTS, _("Archetype before"), Kind.CHOICE,
        Reference("archetype", "archetype.earlier_id", codes="customers_archetype"),
        {"op": "is_one_of", "value": ["k3v9w2p8"]}, choices="archetypes", noun=_("an archetype before"),
        says={
            "is_one_of": (
                _("belonged to the archetype %(is)s before"), _("did not belong to the archetype %(is)s before")
            )
        },
    ),
    Field(
        "archetype_since", _FORECASTS, _("In this archetype since"), Kind.DAY, Column("archetype", "archetype.since"),
        {"op": "within", "window": {"type": "last", "count": 7}},
        says={
            "within": (_("came into their archetype%(when)s"), _("did not come into their archetype%(when)s")),
            "exists": (_("have an archetype"), _("have no archetype")),
        },
    ),
    Field(
        "churn", _FORECASTS, _("Churn risk"), Kind.SHARE, _score("churn"), {"op": "more", "value": 60},
        noun=_("a churn risk"),
    ),
    Field(
        "churn_band", _FORECASTS, _("Churn band"), Kind.CHOICE, _score("band"), {"op": "is_one_of", "value": ["high"]},
        choices="churn_bands", noun=_("a churn band"),
        says={"is_one_of": (_("are in the churn band %(is)s"), _("are not in the churn band %(is)s"))},
    ),
    _value(
        "value_3", _("Value in 3 months"), 20,
        (
            _("have an expected value of %(is)s in 3 months"),
            _("do not have an expected value of %(is)s in 3 months"),
        ),
    ),
    _value(
        "value_6", _("Value in 6 months"), 40,
        (
            _("have an expected value of %(is)s in 6 months"),
            _("do not have an expected value of %(is)s in 6 months"),
        ),
    ),
    _value(
        "value_12", _("Value in 12 months"), 80,
        (
            _("have an expected value of %(is)s in 12 months"),
            _("do not have an expected value of %(is)s in 12 months"),
        ),
    ),
    _value(
        "value_at_risk", _("Value at risk"), 20,
        (_("have a value at risk of %(is)s"), _("do not have a value at risk of %(is)s")),
    ),
    Field(
        "next_purchase", _FORECASTS, _("Next purchase expected"), Kind.DAY, _score("next_purchase_on"),
        {"op": "within", "window": {"type": "next", "count": 14}},
        says={"": (_("are expected to buy again%(when)s"), _("are not expected to buy again%(when)s"))},
    ),
)  # fmt: skip
