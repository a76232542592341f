"""Changing the team and the settings by API."""

from decimal import Decimal

import pytest

from core.permissions import Role
from loyalty.actions.points import add_points
from programs.models import ApiSession, Membership, Programme
from workspace.models import AuditEntry

SETTINGS = "/api/v1/settings/"


def of(user):
    return f"/api/v1/members/{Membership.objects.get(user=user).code}"


def patch(client, path, **body):
    return client.patch(path, body, content_type="application/json")


def refused(response, status, code):
    problem = response.json()
    assert response.status_code == status, problem
    assert code in {problem["code"], *(error["code"] for error in problem["errors"])}, problem


def test_a_member_is_changed_limited_and_removed(api, owner, marketer, business, make_tokens):
    boss, session = api(user=owner), make_tokens(marketer).session
    changed = patch(boss, of(marketer), role="analyst", business_id=business.code).json()
    assert (changed["role"], changed["business_id"]) == ("analyst", business.code)
    assert patch(boss, of(marketer), role="marketer").json()["business_id"] == business.code, "what is not said stays"
    assert patch(boss, of(marketer), business_id=None).json() == boss.get(of(marketer)).json()
    assert boss.get(of(marketer)).json()["business_id"] is None
    path = of(marketer)
    assert boss.delete(path).status_code == 204
    assert boss.delete(path).status_code == 404
    assert not Membership.objects.filter(user=marketer).exists()
    assert ApiSession.objects.get(pk=session.pk).revoked_at is not None
    assert AuditEntry.objects.filter(action="workspace.member.removed").exists()


def test_refusals_of_the_team(api, owner, manager, marketer, cashier, business):
    boss, second = api(user=owner), api(user=manager)
    refused(patch(boss, of(owner), role="manager"), 409, "last_owner")
    refused(boss.delete(of(owner)), 409, "last_owner")
    without = patch(boss, of(marketer), role="cashier")
    refused(without, 422, "business_needed")
    assert [error["field"] for error in without.json()["errors"]] == ["business_id"], "as the body calls it"
    refused(patch(boss, of(cashier), role="owner"), 422, "owner_not_limited")
    refused(patch(boss, of(marketer), role="king"), 422, "invalid_choice")
    refused(patch(boss, of(marketer), business_id="zzzzzzzzzzzz"), 404, "unknown_business")
    refused(patch(boss, of(marketer), salary=1), 422, "unknown_field")
    refused(patch(second, of(marketer), role="owner"), 403, "owners_only")
    refused(second.delete(of(owner)), 403, "owners_only")
    refused(patch(api(user=marketer), of(cashier), role="analyst"), 403, "permission_denied")
    assert Membership.objects.get(user=marketer).role == Role.MARKETER


def test_a_key_gives_no_more_than_it_has(api, owner, marketer):
    weak, strong = api("team:write", "customers:read"), api("admin")
    refused(patch(weak, of(marketer), role="manager"), 403, "permission_denied")
    refused(patch(strong, of(marketer), role="owner"), 403, "owners_only")
    refused(strong.delete(of(owner)), 403, "owners_only")
    assert patch(strong, of(marketer), role="manager").json()["role"] == "manager"
    refused(patch(api("write"), of(marketer), role="analyst"), 403, "permission_denied")


def test_callers_of_one_business_reach_its_people_only(api, marketer, cashier, business, other_business):
    limited = api("admin", business=business)
    assert limited.get(of(marketer)).status_code == 404
    assert limited.delete(of(marketer)).status_code == 404
    refused(patch(limited, of(cashier), business_id=other_business.code), 404, "unknown_business")
    refused(patch(limited, of(cashier), role="analyst", business_id=None), 403, "permission_denied")
    assert patch(limited, of(cashier), role="analyst").json()["business_id"] == business.code


def test_people_of_another_programme_are_not_there(api, outsider):
    assert api("admin").delete(of(outsider)).status_code == 404
    assert Membership.objects.filter(user=outsider).exists()


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
