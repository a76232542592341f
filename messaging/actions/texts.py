"""Choosing who carries the programme's texts, and trying it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings as deployment
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from core.actor import Actor
from core.codes import random_code
from core.phones import parse_phone
from core.tenancy import active_programme
from messaging.actions.outbox import queue_message
from messaging.connection import Opened, SettingsUnreadable, route_of, seal, unseal
from messaging.errors import NoTextProvider, UnfitSetting, UnknownProvider
from messaging.languages import language_of
from messaging.models import OutboundMessage, SmsConnection
from messaging.providers import all_providers
from messaging.providers.contract import Account, Field, Provider
from programs.actions.provider_routes import drop_routes, set_route
from workspace.actions import audit

CODE_LENGTH = 26  # 129 bits: the code in a webhook's path is all that proves who calls
NOTHING = Opened({}, "")


def choose_provider(
    *, provider: str, sender: str, settings: Mapping[str, str], is_active: bool, actor: Actor, now: datetime
) -> SmsConnection:
    """Store the programme's account with a provider, in place of any other. Safe to repeat.

    A secret that is left out or empty stays as it is while the provider does. Raises UnknownProvider, UnfitSetting and
    InvalidInput (naming the field), RouteTaken, PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    chosen = find_provider(provider)
    with transaction.atomic():
        stored = SmsConnection.objects.select_for_update().first()
        known = opened_or_nothing(stored) if stored is not None and stored.provider == provider else NOTHING
        account = Account(_clean(chosen.sender, sender), _clean_all(chosen, settings, known.settings))
        chosen.check(account)
        code = ""
        if not chosen.has_webhooks:
            drop_routes()
        else:
            if not chosen.is_signed:
                code = known.webhook_code or random_code(CODE_LENGTH).lower()
            set_route(provider=provider, address=route_of(chosen, account, code))
        connection, _is_new = SmsConnection.objects.update_or_create(
            pk=SmsConnection.THE_ONE,
            defaults={
                "provider": provider,
                "sender": account.sender,
                "sealed": seal(account.settings, webhook_code=code),
                "is_active": is_active,
                "changed_at": now,
                "last_test": None,
            },
        )
        changed = [name for name, value in account.settings.items() if known.settings.get(name) != value]
        data = {"provider": provider, "sender": account.sender, "switched_on": is_active, "fields": sorted(changed)}
        audit.record(actor, "messaging.texts.changed", data=data)
    return connection


def send_test(*, phone: str, actor: Actor, now: datetime) -> OutboundMessage:
    """Queue a test text to a number as a person types it; its row says what became of it. It is tried once.

    Raises NoTextProvider, InvalidPhone, PermissionRefused for people limited to one business.
    """
    actor.check_sees_all()
    programme = active_programme()
    number = parse_phone(phone, programme.country)
    with transaction.atomic():
        connection = SmsConnection.objects.select_for_update().filter(is_active=True).first()
        if connection is None:
            raise NoTextProvider
        with translation.override(language_of(None)):
            body = _("A test: texts of %(programme)s arrive.") % {"programme": programme.name}
        message = queue_message(
            channel=OutboundMessage.Channel.SMS,
            purpose=OutboundMessage.Purpose.TEST,
            recipient=number,
            body=body,
            dedupe_key=f"test:{random_code()}",
            now=now,
        )
        connection.last_test = message
        connection.save(update_fields=["last_test"])
        audit.record(actor, "messaging.texts.tested", data={"provider": connection.provider})
    return message


def find_provider(name: str) -> Provider:
    """The provider, if programmes may choose it here. Raises UnknownProvider."""
    found = all_providers().get(name)
    if found is None or (found.is_for_development and not deployment.DEVELOPMENT):
        raise UnknownProvider(field="provider")
    return found


def opened_or_nothing(connection: SmsConnection) -> Opened:
    """The stored settings; nothing where they cannot be read any more, so that they can be typed anew."""
    try:
        return unseal(connection)
    except SettingsUnreadable:
        return NOTHING


def _clean_all(provider: Provider, given: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Every field of the provider, checked. Raises UnfitSetting, InvalidInput for a field that it does not have."""
    if unknown := sorted(set(given) - {field.name for field in provider.fields}):
        raise UnfitSetting(_("This provider has no such setting."), field=unknown[0])
    cleaned = {}
    for field in provider.fields:
        value = given.get(field.name, "")
        if field.kind == "secret" and not value:
            value = known.get(field.name, "")
        elif field.name not in given:
            value = known.get(field.name, field.initial)
        cleaned[field.name] = _clean(field, value)
    return cleaned


def _clean(field: Field, value: str) -> str:
    value = value.strip()
    if not value and field.is_required:
        raise UnfitSetting(_("This is needed."), field=field.name)
    if len(value) > field.max_length or "\x00" in value:
        raise UnfitSetting(_("This is too long."), field=field.name)
    if value and field.pattern and not re.fullmatch(field.pattern, value):
        raise UnfitSetting(_("This has not the form that the provider gives it."), field=field.name)
    if value and field.choices and value not in {choice for choice, _label in field.choices}:
        raise UnfitSetting(_("Choose one of the list."), field=field.name)
    return value
