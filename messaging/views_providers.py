"""Calls of providers of texts: what people wrote, and what became of our texts.

Twilio's calls are signed with the programme's own token over the public address. Others have a random code of 129 bits
in their address. Who proves nothing is refused before anything of a programme is read out or written.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django_tenants.utils import tenant_context

from core.hosts import public_url
from core.permissions import open_to_all
from messaging.actions.inbound import receive_report, receive_text
from messaging.connection import SettingsUnreadable, account_of, route_of_code
from messaging.models import SmsConnection
from messaging.providers import all_providers
from messaging.providers.contract import Delivery, Provider
from programs.actions.provider_routes import programme_of

logger = logging.getLogger(__name__)

What = Literal["inbound", "status"]
SIGNED = "twilio"  # the one that calls the addresses without a code
SIGNATURE = "X-Twilio-Signature"
NO_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
MOST_FIELDS = 200  # of a JSON body


@csrf_exempt
@require_POST
@open_to_all  # the signature is checked against the token of the programme whose account it names
def signed_inbound(request: HttpRequest) -> HttpResponse:
    return _receive(request, "inbound", all_providers()[SIGNED])


@csrf_exempt
@require_POST
@open_to_all  # as above
def signed_status(request: HttpRequest) -> HttpResponse:
    return _receive(request, "status", all_providers()[SIGNED])


@csrf_exempt
@require_POST
@open_to_all  # only who knows the programme's random code gets further than a refusal
def coded_inbound(request: HttpRequest, provider: str, webhook_code: str) -> HttpResponse:
    return _receive(request, "inbound", all_providers().get(provider), webhook_code)


@csrf_exempt
@require_POST
@open_to_all  # as above
def coded_status(request: HttpRequest, provider: str, webhook_code: str) -> HttpResponse:
    return _receive(request, "status", all_providers().get(provider), webhook_code)


def _receive(request: HttpRequest, what: What, provider: Provider | None, webhook_code: str = "") -> HttpResponse:
    if provider is None or provider.is_signed is bool(webhook_code):
        return _refused(what, "no such provider")
    delivery = Delivery(
        url=public_url(request.get_full_path()),
        form=_form_of(request),
        query=request.GET.dict(),
        signature=request.headers.get(SIGNATURE, ""),
    )
    named = [route_of_code(webhook_code)] if webhook_code else provider.routes_in(_storable(delivery.form))
    addresses: Collection[str] = named
    programme = programme_of(provider=provider.name, addresses=addresses)
    if programme is None:
        return _refused(what, "no such account")
    with tenant_context(programme):
        return _receive_in_programme(what, provider, delivery)


def _receive_in_programme(what: What, provider: Provider, delivery: Delivery) -> HttpResponse:
    """Proven or refused, then written. Also while the provider is switched off: a STOP still counts."""
    connection = SmsConnection.objects.filter(provider=provider.name).first()
    if connection is None:
        return _refused(what, "not connected")
    try:
        account = account_of(connection)
    except SettingsUnreadable:
        return _refused(what, "settings cannot be read")
    if not provider.is_genuine(delivery, account):
        return _refused(what, "wrong signature")
    delivery = replace(delivery, form=_storable(delivery.form), query=_storable(delivery.query))
    now = timezone.now()
    if what == "inbound":
        inbound = provider.read_inbound(delivery, account)
        if inbound is None:
            return HttpResponse("This is no text.", status=400, content_type="text/plain")
        receive_text(provider=provider, inbound=inbound, now=now)
        return HttpResponse(NO_REPLY, content_type="text/xml") if provider.is_signed else _taken()
    report = provider.read_report(delivery, account)
    if report is not None:  # a word that we do not know is no reason to be told again
        receive_report(provider=provider, report=report, now=now)
    return _taken()


def _taken() -> HttpResponse:
    return HttpResponse("OK", content_type="text/plain")


def _refused(what: What, reason: str) -> HttpResponse:
    """One answer for whatever is wrong: it says nothing about which accounts and codes there are."""
    logger.warning("messaging.webhook.refused", extra={"webhook": what, "reason": reason})
    return HttpResponse("Not proven.", status=403, content_type="text/plain")


def _storable(values: Mapping[str, str]) -> Mapping[str, str]:
    """Without what the database takes in no text: NUL, and halves of characters, which JSON may carry."""
    return {name: text.replace("\x00", "").encode(errors="replace").decode() for name, text in values.items()}


def _form_of(request: HttpRequest) -> Mapping[str, str]:
    """What the call carries: a form, or JSON whose nested values are named `messages.0.id`."""
    if request.content_type != "application/json":
        return request.POST
    try:
        return dict(_flat("", json.loads(request.body)))
    except (ValueError, RecursionError):
        return {}


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in list(value.items())[:MOST_FIELDS]:
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value[:MOST_FIELDS]):
            yield from _flat(f"{name}.{index}" if name else str(index), inner)
    elif value is not None and not isinstance(value, bool):
        yield name, str(value)
