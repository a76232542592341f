"""What staff decide about recommendations. Ranges are the action's business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from loyalty.actions.recommender_settings import RuleValues
from loyalty.models import CrossPromotion
from loyalty.recommenders import Recommender
from workspace.models import Business

_NUMBER = {"inputmode": "numeric", "autocomplete": "off"}


class RuleForm(forms.Form):
    """The rule's own parameters between what all rules have."""

    is_active = forms.BooleanField(label=gettext_lazy("Use this rule"), required=False)
    hold_back = forms.IntegerField(
        label=gettext_lazy("Left out by chance"),
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Without somebody left out, nobody knows what telling does."),
    )
    outcome_days = forms.IntegerField(
        label=gettext_lazy("Days to come back"),
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("As long, a member is told the same, or left out."),
    )

    def __init__(self, data: Any = None, *, rule: Recommender, values: RuleValues) -> None:
        initial = {
            "is_active": values.is_active,
            "hold_back": values.hold_back,
            "outcome_days": values.outcome_days,
            **values.parameters,
        }
        super().__init__(data, initial=initial)
        self.rule = rule
        for one in rule.parameters:
            self.fields[one.name] = forms.IntegerField(
                label=str(one.label), help_text=str(one.help_text), widget=forms.TextInput(attrs=_NUMBER)
            )
        self.order_fields(["is_active", *rule.defaults, "hold_back", "outcome_days"])

    @property
    def parameter_fields(self) -> list[tuple[forms.BoundField, str]]:
        """Each with its unit."""
        return [(self[one.name], str(one.unit)) for one in self.rule.parameters]

    def values(self) -> RuleValues:
        said = self.cleaned_data
        return RuleValues(
            is_active=said["is_active"],
            parameters={name: said[name] for name in self.rule.defaults},
            hold_back=said["hold_back"],
            outcome_days=said["outcome_days"],
        )


class PromotionForm(forms.Form):
    verdict = forms.ChoiceField(label=gettext_lazy("What to do"), choices=CrossPromotion.Verdict.choices)
    other = forms.ChoiceField(label=gettext_lazy("Business"))
    business = forms.ChoiceField(label=gettext_lazy("To those who buy at"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Why, for members"),
        required=False,
        max_length=140,
        help_text=gettext_lazy("“Ten percent off with your points page.” Empty: our words."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, businesses: Sequence[Business]) -> None:
        super().__init__(data)
        choices = [(shop.code, shop.name) for shop in businesses]
        self.fields["other"].choices = choices  # type: ignore[attr-defined]
        anywhere: tuple[str, object] = ("", gettext_lazy("any business"))
        self.fields["business"].choices = [anywhere, *choices]  # type: ignore[attr-defined]
