"""What staff type about a reward. Limits and meanings are the action's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.clock import day_start
from loyalty.actions.rewards import RewardValues, values_of
from loyalty.models import Reward, Tier
from screens.forms_till import PointsField
from workspace.models import Business

HOUR, DAY = 60, 24 * 60
LASTS = {
    15: gettext_lazy("15 minutes"),
    HOUR: gettext_lazy("1 hour"),
    DAY: gettext_lazy("1 day"),
    7 * DAY: gettext_lazy("7 days"),
    30 * DAY: gettext_lazy("30 days"),
}
PICTURES = (
    ("gift", gettext_lazy("Gift")),
    ("coffee", gettext_lazy("Cup")),
    ("croissant", gettext_lazy("Croissant")),
    ("cake-slice", gettext_lazy("Cake")),
    ("utensils", gettext_lazy("Meal")),
    ("shopping-bag", gettext_lazy("Bag")),
    ("shirt", gettext_lazy("Shirt")),
    ("ticket-percent", gettext_lazy("Voucher")),
)
_NUMBER = {"inputmode": "numeric", "autocomplete": "off"}


class PreviewForm(forms.Form):
    """What is typed so far; what does not fit yet is left out of the picture."""

    name = forms.CharField(required=False, max_length=80)
    points = PointsField(required=False)
    icon = forms.ChoiceField(required=False, choices=PICTURES)


class RewardForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Any coffee"), "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give the reward a name. Members read it.")},
    )
    points = PointsField(
        label=gettext_lazy("Cost in points"), error_messages={"required": gettext_lazy("Enter what it costs.")}
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("What is in it and what is not, in a sentence or two."),
    )
    image = forms.FileField(
        label=gettext_lazy("Picture"),
        required=False,
        help_text=gettext_lazy("PNG, JPEG or WebP, up to 8 MB. Wide ones look best."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    icon = forms.ChoiceField(label=gettext_lazy("Without a picture, show"), choices=PICTURES, initial="gift")
    business = forms.ModelChoiceField(
        label=gettext_lazy("Given at"), queryset=Business.objects.none(), required=False, to_field_name="code"
    )
    tier = forms.ModelChoiceField(
        label=gettext_lazy("For members from tier"), queryset=Tier.objects.none(), required=False, to_field_name="code"
    )
    stock = forms.IntegerField(
        label=gettext_lazy("How many there are"),
        required=False,
        min_value=0,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Empty: as many as are asked for."),
    )
    member_limit = forms.IntegerField(
        label=gettext_lazy("Times for each member"),
        required=False,
        min_value=1,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Empty: as often as they like."),
    )
    member_limit_days = forms.IntegerField(
        label=gettext_lazy("Within how many days"),
        required=False,
        min_value=1,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Empty: ever. 1 is once a day."),
    )
    starts_on = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    claim_minutes = forms.TypedChoiceField(
        label=gettext_lazy("A claimed code lasts"),
        coerce=int,
        help_text=gettext_lazy("Members claim on their phone and show the code at the till. Then the points go back."),
    )

    def __init__(
        self,
        *args: Any,
        businesses: Any,
        sees_all: bool,
        zone: ZoneInfo,
        reward: Reward | None,
        suggested: Mapping[str, Any] | None = None,
    ) -> None:
        given = _initial(reward, zone) if reward is not None else {"claim_minutes": 7 * DAY, "icon": "gift"}
        super().__init__(*args)
        self.initial = {**given, **(suggested or {})}
        self._zone, self._reward = zone, reward
        self._set_places(businesses, sees_all=sees_all)
        lasts: dict[int, Any] = dict(LASTS)
        if reward is not None and reward.claim_minutes not in lasts:
            lasts[reward.claim_minutes] = _("%(minutes)s minutes") % {"minutes": reward.claim_minutes}
        self.fields["claim_minutes"].choices = sorted(lasts.items())  # type: ignore[attr-defined]
        if reward is not None:
            del self.fields["stock"]  # it moves while the form is open: the reward's own page counts it

    def _set_places(self, businesses: Any, *, sees_all: bool) -> None:
        field: Any = self.fields["business"]
        field.queryset = businesses
        field.required = not sees_all
        field.empty_label = _("All businesses") if sees_all else None
        tiers: Any = self.fields["tier"]
        tiers.queryset = Tier.objects.filter(is_active=True)
        tiers.empty_label = _("Every member")
        kept = self._reward.tier if self._reward is not None else None
        if kept is not None and not kept.is_active:
            tiers.queryset = Tier.objects.filter(pk=kept.pk) | tiers.queryset
        if not tiers.queryset.exists():
            del self.fields["tier"]

    def values(self) -> RewardValues:
        """What was typed. A day that was not changed keeps the moment that it stands for."""
        data = self.cleaned_data
        before = values_of(self._reward) if self._reward is not None else RewardValues(name=data["name"], points=1)
        days = {
            "starts_at": ("starts_on", 0),
            "ends_at": ("ends_on", 1),  # the last day is part of it
        }
        moments: dict[str, datetime | None] = {}
        for moment, (day, more) in days.items():
            chosen = data[day]
            if self._reward is not None and chosen == self.initial.get(day):
                moments[moment] = getattr(before, moment)
            else:
                moments[moment] = day_start(chosen + timedelta(days=more), self._zone) if chosen else None
        return replace(
            before,
            name=data["name"],
            points=data["points"],
            description=data["description"],
            icon=data["icon"],
            business_id=data["business"].pk if data["business"] else None,
            tier_id=data["tier"].pk if data.get("tier") else None,
            member_limit=data["member_limit"],
            member_limit_days=data["member_limit_days"],
            claim_minutes=data["claim_minutes"],
            **moments,
        )

    # Where the form shows what the action refused.
    PLACES = {"business_id": "business", "tier_id": "tier", "starts_at": "starts_on", "ends_at": "ends_on"}


def _initial(reward: Reward, zone: ZoneInfo) -> dict[str, Any]:
    """`ends_on` is the last day on which the reward is given."""
    last = reward.ends_at - timedelta(microseconds=1) if reward.ends_at is not None else None
    return {
        "name": reward.name,
        "points": reward.points,
        "description": reward.description,
        "icon": reward.icon,
        "business": reward.business.code if reward.business is not None else None,
        "tier": reward.tier.code if reward.tier is not None else None,
        "member_limit": reward.member_limit,
        "member_limit_days": reward.member_limit_days,
        "starts_on": reward.starts_at.astimezone(zone).date() if reward.starts_at is not None else None,
        "ends_on": last.astimezone(zone).date() if last is not None else None,
        "claim_minutes": reward.claim_minutes,
    }


class StockForm(forms.Form):
    """Either how many are left, counted anew (empty: nobody counts), or how many come or go."""

    stock = forms.IntegerField(
        label=gettext_lazy("Count anew"),
        required=False,
        min_value=0,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=gettext_lazy("Empty: as many as are asked for."),
    )


class ChangeForm(forms.Form):
    change = forms.IntegerField(
        label=gettext_lazy("Add or take away"),
        widget=forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off", "placeholder": "12"}),
        help_text=gettext_lazy("Such as 12, or -3. What is sold meanwhile stays counted."),
        error_messages={
            "required": gettext_lazy("Enter how many come or go, such as 12 or -3."),
            "invalid": gettext_lazy("Enter how many come or go, such as 12 or -3."),
        },
    )
