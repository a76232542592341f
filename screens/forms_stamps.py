"""What staff type about a stamp card, and about a member's stamps. Limits and meanings are the action's business."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.actions.stamp_cards import FIXED, MAX_STAMPS, MIN_STAMPS, CardValues, values_of
from loyalty.actions.stamps import MAX_BY_HAND
from loyalty.models import StampCard
from screens.forms_rewards import PICTURES
from screens.forms_rules import WordsField
from screens.forms_till import KeyField
from workspace.models import Business

_NUMBER = {"inputmode": "numeric", "autocomplete": "off"}
_TEXT = {"autocomplete": "off"}
_DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _number(label: Any, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=1, widget=forms.TextInput(attrs=_NUMBER), help_text=help_text
    )


class CardPreviewForm(forms.Form):
    """What is typed so far; what does not fit yet is left out of the picture."""

    name = forms.CharField(required=False, max_length=60)
    gives = forms.CharField(required=False, max_length=80)
    stamps = forms.IntegerField(required=False, min_value=MIN_STAMPS, max_value=MAX_STAMPS)
    icon = forms.ChoiceField(required=False, choices=PICTURES)


class CardForm(forms.Form):
    """A new card or an old one. What members were promised is no field of a card that they collect on."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Coffee card"), **_TEXT}),
        error_messages={"required": gettext_lazy("Give the card a name. Members read it.")},
    )
    gives = forms.CharField(
        label=gettext_lazy("A full card gives"),
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("A free coffee"), **_TEXT}),
        error_messages={"required": gettext_lazy("Say what a full card gives, such as “A free coffee”.")},
    )
    stamps = forms.IntegerField(
        label=gettext_lazy("Stamps on a card"),
        min_value=MIN_STAMPS,
        max_value=MAX_STAMPS,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Nine stamps make the tenth one free."),
    )
    icon = forms.ChoiceField(label=gettext_lazy("Picture"), choices=PICTURES, initial="coffee")
    per = forms.ChoiceField(label=gettext_lazy("One stamp for"), choices=StampCard.Per.choices)
    business = forms.ModelChoiceField(
        label=gettext_lazy("Collected at"), queryset=Business.objects.none(), required=False, to_field_name="code"
    )
    categories = WordsField(
        label=gettext_lazy("Only these categories"),
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=gettext_lazy("Commas between them. Empty: anything counts."),
    )
    products = WordsField(
        label=gettext_lazy("Only these stock codes"),
        required=False,
        max_length=4000,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=gettext_lazy("Beside the categories. Commas between them."),
    )
    min_spend = forms.DecimalField(
        label=gettext_lazy("From an amount of"),
        required=False,
        min_value=0,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("Of a sale. Empty: any amount."),
    )
    sale_limit = _number(
        gettext_lazy("Stamps of one sale at most"), gettext_lazy("Where each item gives one. Empty: any number.")
    )
    day_limit = _number(
        gettext_lazy("Stamps of one day at most"), gettext_lazy("By the sales of a member. Empty: any number.")
    )
    reward_days = _number(
        gettext_lazy("A full card is used within days"), gettext_lazy("Empty: it waits as long as it takes.")
    )
    starts_on = forms.DateField(label=gettext_lazy("First day"), required=False, widget=_DAY)
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=_DAY,
        help_text=gettext_lazy("Of collecting. Full cards can be used afterwards."),
    )

    # Where the form shows what the action refused.
    PLACES = {"business_id": "business"}

    def __init__(
        self,
        *args: Any,
        businesses: Any,
        sees_all: bool,
        card: StampCard | None = None,
        is_fixed: bool = False,
        **kwargs: Any,
    ) -> None:
        if card is not None:
            kwargs["initial"] = _initial(card)
        super().__init__(*args, **kwargs)
        self._before = values_of(card) if card is not None else None
        place: Any = self.fields["business"]
        place.queryset = businesses
        place.required = not sees_all
        place.empty_label = _("All businesses") if sees_all else None
        if is_fixed:
            for name in FIXED:
                del self.fields[name.removesuffix("_id")]

    def values(self) -> CardValues:
        data = dict(self.cleaned_data)
        if "business" in data:
            place = data.pop("business")
            data["business_id"] = place.pk if place else None
        if "min_spend" in data:
            data["min_spend"] = data["min_spend"] or Decimal(0)
        before = self._before or CardValues(name=data["name"], gives=data["gives"])
        return replace(before, **data)


def _initial(card: StampCard) -> dict[str, Any]:
    values = {name: getattr(card, name) for name in CardForm.base_fields if name != "business"}
    values["min_spend"] = f"{card.min_spend.normalize():f}" if card.min_spend else None
    return {**values, "business": card.business.code if card.business is not None else None}


class GiveStampsForm(forms.Form):
    """Stamps by hand, in the office: on paper before, forgotten, or given by mistake."""

    card = forms.ModelChoiceField(
        label=gettext_lazy("Card"), queryset=StampCard.objects.none(), to_field_name="code", empty_label=None
    )
    stamps = forms.IntegerField(
        label=gettext_lazy("Stamps"),
        min_value=-MAX_BY_HAND,
        max_value=MAX_BY_HAND,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "2"}),
        help_text=gettext_lazy("Such as 2, or -1 to take one back."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        widget=forms.TextInput(attrs=_TEXT),
        error_messages={"required": gettext_lazy("Say why, so that the history explains itself.")},
    )
    key = KeyField()

    def __init__(self, *args: Any, cards: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["card"].queryset = cards  # type: ignore[attr-defined]
