"""docs/api/webhooks.md against the registry of events."""

import re

from django.conf import settings
from django.core.checks import run_checks

from customers.events import EVENT_TYPES
from messaging.models_webhooks import WebhookAttempt
from messaging.webhooks.catalogue import FIELDS, MEANINGS, written_into
from messaging.webhooks.rules import MAX_ATTEMPTS

PAGE = (settings.BASE_DIR / "docs" / "api" / "webhooks.md").read_text()


def test_every_event_is_described_and_nothing_else():
    assert set(MEANINGS) == set(EVENT_TYPES), "say in messaging/webhooks/catalogue.py what the event means"


def test_every_field_is_described_and_nothing_else():
    used = {name.rstrip("?") for kind in EVENT_TYPES.values() for name in kind.fields}
    assert set(FIELDS) == used


def test_the_page_is_current():
    assert written_into(PAGE) == PAGE, "run `manage.py webhooks_doc`"


def test_the_page_names_every_fault():
    assert set(re.findall(r"^\| `(\w+)` \| \w", PAGE, re.MULTILINE)) >= set(WebhookAttempt.Fault.values)


def test_the_page_tells_the_number_of_tries():
    assert f"{MAX_ATTEMPTS} tries" in PAGE


def test_a_deployment_that_may_call_itself_is_told(settings):
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    assert "messaging.E003" in {found.id for found in run_checks(include_deployment_checks=True)}
    settings.WEBHOOKS_TO_THIS_MACHINE = False
    assert "messaging.E003" not in {found.id for found in run_checks(include_deployment_checks=True)}
