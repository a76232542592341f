"""Changing the settings by API."""

from decimal import Decimal

import pytest

from loyalty.actions.points import add_points
from programs.models import Programme
from workspace.models import AuditEntry

SETTINGS = "/api/v1/settings/"


def patch(client, path, **body):
    return client.patch(path, body, content_type="application/json")


def refused(response, status, code):
    problem = response.json()
    assert response.status_code == status, problem
    assert code in {problem["code"], *(error["code"] for error in problem["errors"])}, problem


def test_settings_are_changed(api, owner, other_programme):
    changed = patch(api(user=owner), SETTINGS, name="Harbour and Pine", time_zone="Europe/Paris", colour="#0f766e")
    assert changed.status_code == 200
    assert changed.json() == api(user=owner).get(SETTINGS).json()
    assert (changed.json()["name"], changed.json()["currency"]) == ("Harbour and Pine", "GBP")
    assert AuditEntry.objects.get(action="workspace.programme.changed").data["time_zone"][1] == "Europe/Paris"
    assert Programme.objects.get(pk=other_programme.pk).name == other_programme.name


def test_a_web_page_may_call_once_its_origin_is_listed(api, programme, django_capture_on_commit_callbacks):
    origin, boss = "https://shop.example.com", api("admin")

    def allowed():
        headers = {"origin": origin, "access-control-request-method": "GET"}
        return boss.options("/api/v1/customers/", headers=headers).headers.get("Access-Control-Allow-Origin")

    assert allowed() is None
    with django_capture_on_commit_callbacks(execute=True):
        changed = patch(boss, SETTINGS, cors_origins=["HTTPS://Shop.example.com/", origin, "http://localhost:3000"])
    assert changed.json()["cors_origins"] == [origin, "http://localhost:3000"]
    assert allowed() == origin
    with django_capture_on_commit_callbacks(execute=True):
        assert patch(boss, SETTINGS, cors_origins=[]).json()["cors_origins"] == []
    assert allowed() is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"currency": "POUNDS"}, "unknown_currency"),
        ({"country": "ZZ"}, "unknown_country"),
        ({"time_zone": "Mars/Olympus"}, "unknown_time_zone"),
        ({"language": "tlh"}, "invalid_choice"),
        ({"colour": "red"}, "invalid"),
        ({"name": ""}, "blank"),
        ({"subdomain": "other"}, "unknown_field"),
        ({"cors_origins": "https://shop.example.com"}, "not_a_list"),
        ({"cors_origins": ["*"]}, "not_an_origin"),
        ({"cors_origins": ["null"]}, "not_an_origin"),
        ({"cors_origins": [None]}, "null"),
        ({"cors_origins": ["https://shop.example.com"] * 21}, "max_length"),
    ],
)
def test_settings_that_are_refused_change_nothing(api, programme, body, code):
    refused(patch(api("admin"), SETTINGS, **body), 422, code)
    assert Programme.objects.get(pk=programme.pk).name == "Harbour"
    assert not AuditEntry.objects.filter(action="workspace.programme.changed").exists()


def test_who_may_not_change_settings(api, marketer, business, now, actor):
    refused(patch(api(user=marketer), SETTINGS, name="X"), 403, "permission_denied")
    refused(patch(api("write"), SETTINGS, name="X"), 403, "permission_denied")
    refused(patch(api("admin", business=business), SETTINGS, name="X"), 403, "permission_denied")
    add_points(
        business=business.pk, phone="+447700900142", amount=Decimal(5), key="a", source="page", actor=actor, now=now
    )
    refused(patch(api("admin"), SETTINGS, currency="EUR"), 409, "currency_frozen")
