"""Forms of a business that leaves: what its manager asks for, what an owner decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LiveForm
from loyalty.models import Leaving, LeavingWay


class LastDayForm(LiveForm):
    last_day = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("The business sells and redeems until its end."),
    )


class AskToLeaveForm(LastDayForm):
    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )


class DecideLeavingForm(LastDayForm):
    way = forms.ChoiceField(
        label=_("Points that members still hold"),
        choices=[
            (LeavingWay.PAID.value, _("The business pays for them, at the value of a point")),
            (LeavingWay.TAKEN_OVER.value, _("The programme takes them over and is not paid")),
        ],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, leaving: Leaving | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"way": LeavingWay.PAID.value})
        if leaving is not None:
            kwargs["initial"] = {"way": leaving.way, "last_day": leaving.last_day}
        super().__init__(*args, **kwargs)
