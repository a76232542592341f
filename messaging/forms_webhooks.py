"""Forms of the webhook pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.forms import LiveForm
from messaging.models_webhooks import MAX_URL, WebhookDelivery, WebhookEndpoint
from messaging.reports_webhooks import event_titles
from messaging.webhooks.url import read_url
from workspace.models import Business

ALL, CHOSEN = "all", "chosen"
WHICH = [(ALL, _("Every event, also new kinds when there are any")), (CHOSEN, _("Only those ticked below"))]
SINCE = [("1", _("an hour ago")), ("24", _("a day ago")), ("168", _("a week ago")), ("720", _("30 days ago"))]


class EndpointForm(LiveForm):
    url = forms.CharField(
        label=_("Address"),
        max_length=MAX_URL,
        help_text=_("Where your system listens, such as https://shop.example/hooks/regulars."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )
    description = forms.CharField(
        label=_("Description"), max_length=120, required=False, help_text=_("What it is for, such as Web shop.")
    )
    which = forms.ChoiceField(label=_("Events"), choices=WHICH, initial=ALL, widget=forms.RadioSelect)
    event_types = forms.MultipleChoiceField(
        label=_("Chosen events"), choices=(), required=False, widget=forms.CheckboxSelectMultiple
    )
    business = forms.ChoiceField(
        label=_("Limited to"), required=False, help_text=_("Choose one, and only what happens there is sent.")
    )

    def __init__(self, *args: Any, businesses: Sequence[Business], sees_all: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds, shops = self.fields["event_types"], self.fields["business"]
        assert isinstance(kinds, forms.MultipleChoiceField)
        assert isinstance(shops, forms.ChoiceField)
        kinds.choices = [(name, f"{title} ({name})") for name, title in event_titles()]
        everywhere = [("", _("Every business"))] if sees_all else []
        shops.choices = [*everywhere, *((one.code, one.name) for one in businesses)]

    @staticmethod
    def values_of(endpoint: WebhookEndpoint) -> dict[str, Any]:
        """What the form shows of an endpoint that is there."""
        return {
            "url": endpoint.url,
            "description": endpoint.description,
            "which": CHOSEN if endpoint.event_types else ALL,
            "event_types": endpoint.event_types,
            "business": endpoint.business.code if endpoint.business else "",
        }

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        try:
            read_url(url)
        except DomainError as error:
            raise forms.ValidationError(str(error.message)) from error
        return url

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("which") == CHOSEN and not cleaned.get("event_types") and not self.errors.get("event_types"):
            self.add_error("event_types", _("Choose at least one event."))
        return cleaned

    def chosen_events(self) -> list[str]:
        """The ticked ones; none for every event."""
        return list(self.cleaned_data["event_types"]) if self.cleaned_data["which"] == CHOSEN else []

    @property
    def takes_http(self) -> bool:
        return bool(settings.WEBHOOKS_TO_THIS_MACHINE)


class DeliveryFilterForm(forms.Form):
    """Filters of the log. What cannot be read is left out."""

    state = forms.ChoiceField(choices=[("", ""), *WebhookDelivery.State.choices], required=False)
    event = forms.CharField(max_length=60, required=False)


class ReplayForm(forms.Form):
    hours = forms.ChoiceField(choices=SINCE)
