from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, InvalidInput


class WebhookAddressRefused(InvalidInput):
    code = "webhook_address_refused"
    message = _("This address cannot be used.")


class UnknownEventType(InvalidInput):
    code = "unknown_event_type"
    message = _("There is no such event.")


class TooManyEndpoints(DomainError):
    code = "too_many_webhooks"
    message = _("This programme has as many webhooks as it may have. Delete one first.")


class EndpointIsOff(DomainError):
    code = "webhook_is_off"
    message = _("This webhook is switched off. Switch it on first.")


class DeliveryUnderWay(DomainError):
    code = "webhook_under_way"
    message = _("This one is on its way already.")
