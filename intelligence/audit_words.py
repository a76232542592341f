"""The audit log's words for what happens to forecasts and archetypes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from intelligence.models import IntelligenceSettings
from workspace.audit_registry import FIELDS, Group, register_act

register_act(
    "intelligence.settings.changed",
    group=Group.SETTINGS,
    title=_("Settings of the intelligence changed"),
    sentence=_("{who} changed how customers are forecast and grouped"),
)
register_act(
    "intelligence.archetypes.rolled_back",
    group=Group.CUSTOMERS,
    title=_("Archetypes rolled back"),
    sentence=_("{who} took archetypes of an earlier run again"),
)

FIELDS |= {
    field.name: field.verbose_name for field in IntelligenceSettings._meta.concrete_fields if not field.primary_key
}
