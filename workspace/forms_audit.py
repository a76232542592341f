"""What the audit page is asked for. A filter that cannot be read is left out: links are kept and changed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from core.clock import day_start
from workspace.audit_registry import ACTS, Group
from workspace.reports_audit import AuditFilters

# The ends of the calendar have no midnight in every zone.
DAYS = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


class AuditFilterForm(forms.Form):
    q = forms.CharField(max_length=120, required=False)
    group = forms.ChoiceField(choices=Group.choices, required=False)
    action = forms.CharField(max_length=80, required=False)
    person = forms.CharField(max_length=80, required=False)
    subject = forms.CharField(max_length=80, required=False)
    business = forms.CharField(max_length=16, required=False)
    ip = forms.GenericIPAddressField(required=False, unpack_ipv4=True)
    from_day = forms.DateField(required=False, validators=DAYS)
    to_day = forms.DateField(required=False, validators=DAYS)

    def filters(self, zone: ZoneInfo) -> AuditFilters:
        """Days are the programme's: from the first midnight to the one after the last."""
        self.is_valid()
        given: Mapping[str, Any] = self.cleaned_data
        start, end = given.get("from_day"), given.get("to_day")
        action = given.get("action", "")
        return AuditFilters(
            text=" ".join(given.get("q", "").split()),
            group=given.get("group", ""),
            action=action if action in ACTS else "",
            actor=given.get("person", ""),
            subject=given.get("subject", ""),
            business=given.get("business", ""),
            ip=given.get("ip", ""),
            start=day_start(start, zone) if start else None,
            end=day_start(end + timedelta(days=1), zone) if end else None,
        )
