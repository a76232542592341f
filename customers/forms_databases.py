"""A database that is read regularly: where it is, what of it is read, how often."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError
from customers.databases.address import MAX_ADDRESS
from customers.databases.mapping import MAX_MAPPING
from customers.models import DatabaseSync
from workspace.models import Business

INTERVALS = (
    (15, _("every 15 minutes")),
    (60, _("every hour")),
    (6 * 60, _("every 6 hours")),
    (24 * 60, _("every day")),
    (7 * 24 * 60, _("every week")),
)


class DatabaseForm(forms.Form):
    business = forms.ModelChoiceField(Business.objects.none(), label=_("Business"), empty_label=None)
    name = forms.CharField(label=_("Name"), max_length=60)
    url = forms.CharField(
        label=_("Address"),
        max_length=MAX_ADDRESS,
        help_text=_("postgresql://reader@db.example.com/shop or mysql://…, of an account that may only read."),
    )
    password = forms.CharField(
        label=_("Password"), max_length=200, required=False, widget=forms.PasswordInput(), strip=False
    )
    mapping = forms.CharField(
        label=_("Mapping"),
        max_length=MAX_MAPPING,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "class": "font-mono"}),
        help_text=_("Which table holds what, as TOML. The documentation has examples for WooCommerce and Magento."),
    )
    sales_every = forms.TypedChoiceField(
        label=_("Read orders, lines and refunds"), choices=INTERVALS, coerce=int, initial=60
    )
    people_every = forms.TypedChoiceField(
        label=_("Read customers and products"), choices=INTERVALS, coerce=int, initial=24 * 60
    )

    def __init__(self, *args: Any, actor: Actor, sync: DatabaseSync | None = None, **kwargs: Any) -> None:
        if sync is not None:
            kwargs["initial"] = {
                "url": sync.address,
                "mapping": sync.mapping,
                "sales_every": sync.sales_every,
                "people_every": sync.people_every,
            }
        super().__init__(*args, **kwargs)
        if sync is not None:
            del self.fields["business"], self.fields["name"]
            self.fields["password"].help_text = _("Left empty, the one that is kept stays.")
            return
        field = self.fields["business"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Business.objects.active().visible_to(actor)
        field.initial = field.queryset.first()

    def refuse(self, error: DomainError) -> None:
        field = getattr(error, "field", "")
        self.add_error(field if field in self.fields else None, str(error.message))
