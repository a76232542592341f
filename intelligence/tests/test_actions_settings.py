"""What the owner decides about forecasts and archetypes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django_tenants.utils import tenant_context

from core.actor import SYSTEM, Actor
from core.errors import InvalidInput, PermissionRefused
from intelligence.actions.settings import SettingsValues, change_settings, settings_now
from programs.models import Programme
from workspace.models import AuditEntry, Business


def test_defaults_hold_until_somebody_decides(programme: Programme) -> None:
    assert settings_now().max_k == 10
    change_settings(values=SettingsValues(margin=Decimal("0.35"), horizon_days=120), actor=SYSTEM)
    change_settings(values=SettingsValues(margin=Decimal("0.35"), horizon_days=120), actor=SYSTEM)
    assert (settings_now().margin, settings_now().horizon_days) == (Decimal("0.35"), 120)
    told = AuditEntry.objects.get(action="intelligence.settings.changed").data["changes"]
    assert told == {
        "margin": {"before": "1.0000", "after": "0.35"},
        "horizon_days": {"before": None, "after": 120},
    }


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"margin": Decimal("1.01")}, "margin"),
        ({"discount_rate": Decimal(-1)}, "discount_rate"),
        ({"horizon_days": 6}, "horizon_days"),
        ({"nightly_sample": 99}, "nightly_sample"),
        ({"min_k": 1}, "min_k"),
        ({"min_k": 6, "max_k": 5}, "max_k"),
        ({"retention_churn": float("nan")}, "retention_churn"),
    ],
)
def test_wrong_values_are_named_and_nothing_is_kept(programme: Programme, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        change_settings(values=SettingsValues(**wrong), actor=SYSTEM)
    assert refused.value.field == field
    assert settings_now().pk == 1
    assert not AuditEntry.objects.filter(action="intelligence.settings.changed").exists()


def test_another_programme_keeps_its_own(programme: Programme, other_programme: Programme) -> None:
    change_settings(values=SettingsValues(max_k=5), actor=SYSTEM)
    with tenant_context(other_programme):
        assert settings_now().max_k == 10


def test_people_of_one_business_decide_nothing(programme: Programme, business: Business) -> None:
    limited = Actor(kind="user", id="1", label="Ada", business_id=business.pk)
    with pytest.raises(PermissionRefused):
        change_settings(values=SettingsValues(max_k=5), actor=limited)
