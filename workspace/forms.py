"""Forms of the settings pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import LiveForm
from core.permissions import Role
from workspace.models import Business

EVERY_BUSINESS = ""


class BusinessForm(LiveForm):
    name = forms.CharField(label=_("Name"), max_length=80)
    category = forms.ChoiceField(label=_("Category"), choices=Business.Category.choices)
    contact_person = forms.CharField(label=_("Contact person"), max_length=120, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    address = forms.CharField(
        label=_("Address"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, business: Business | None = None, **kwargs: Any) -> None:
        self.business = business
        if business is not None:
            kwargs["initial"] = {name: getattr(business, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        others = Business.objects.filter(name__iexact=name)
        if self.business is not None:
            others = others.exclude(pk=self.business.pk)
        if others.exists():
            raise forms.ValidationError(_("Another business of this programme has this name."))
        return name


class RoleForm(LiveForm):
    """A role and the business it is limited to, as far as the person who gives it may choose."""

    role = forms.ChoiceField(label=_("Role"))
    business = forms.ChoiceField(label=_("Works in"), required=False)

    def __init__(
        self, *args: Any, businesses: Sequence[Business], giver_role: str, giver_sees_all: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        roles = [choice for choice in Role.choices if choice[0] != Role.OWNER or giver_role == Role.OWNER]
        everywhere = [(EVERY_BUSINESS, _("Every business"))] if giver_sees_all else []
        self._set_choices("role", roles)
        self._set_choices("business", [*everywhere, *((str(one.pk), one.name) for one in businesses)])

    def _set_choices(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_business(self) -> int | None:
        chosen = self.cleaned_data["business"]
        return int(chosen) if chosen else None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("role") == Role.CASHIER and data.get("business") is None and "business" not in self.errors:
            self.add_error("business", _("A cashier works in one business. Choose it."))
        if data.get("role") == Role.OWNER and data.get("business") is not None:
            self.add_error("business", _("An owner sees every business."))
        return data


class InvitationForm(RoleForm):
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"placeholder": "sam@example.com"})
    )
    field_order = ["email", "role", "business"]
