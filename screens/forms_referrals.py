"""What staff decide about referrals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from loyalty.actions.referral_settings import ReferralValues
from screens.forms_programme import NumberField


class ReferralForm(forms.Form):
    is_active = forms.BooleanField(
        label=gettext_lazy("Members bring friends"),
        required=False,
        help_text=gettext_lazy("Their points page then shows a link and a code to pass on."),
    )
    referrer_points = forms.IntegerField(label=gettext_lazy("Points for the member"), min_value=0)
    friend_points = forms.IntegerField(label=gettext_lazy("Points for the friend"), min_value=0)
    min_spend = NumberField(
        label=gettext_lazy("First purchase of at least"),
        required=False,
        max_length=14,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("Both get their points with it. Empty: any purchase."),
    )
    days = forms.IntegerField(label=gettext_lazy("Days to come and buy"), min_value=1)
    monthly_limit = forms.IntegerField(
        label=gettext_lazy("Friends of one member in a month"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("More give nothing. Empty: no limit."),
    )
    weekly_review = forms.IntegerField(
        label=gettext_lazy("Look at them from so many in a week"),
        min_value=1,
        help_text=gettext_lazy("Of one member: the next ones wait here until somebody agrees."),
    )

    def values(self) -> ReferralValues:
        said: dict[str, Any] = dict(self.cleaned_data)
        said["min_spend"] = said["min_spend"] or Decimal(0)
        return ReferralValues(**said)
