"""What a deployment is told about its texts."""

import pytest
from django.core.checks import run_checks


def found():
    return {one.id for one in run_checks(include_deployment_checks=True) if one.id.startswith("messaging.")}


@pytest.mark.parametrize(
    ("origin", "development", "is_told"),
    [("", False, False), ("http://localhost:9302", True, False), ("http://localhost:9302", False, True)],
)
def test_a_stand_in_has_no_place_in_production(settings, origin, development, is_told):
    settings.TWILIO_ORIGIN, settings.DEVELOPMENT = origin, development
    assert ("messaging.W002" in found()) is is_told


def test_a_channel_that_is_not_there_is_named(settings):
    assert "messaging.E001" not in found()
    settings.SMS_CHANNEL = "pigeon"
    assert "messaging.E001" in found()
