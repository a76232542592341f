"""Joining a programme by API: registering with a join code, following it, and the owner's side."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from programs.models import JoinRequest, JoinSettings, Membership, Programme, User
from workspace.actions import join_codes
from workspace.actions.api_keys import create_client
from workspace.models import Business

PASSWORD = "correct horse battery"
GIVEN = {
    "name": "Fern & Fig",
    "contact_person": "Ines Duarte",
    "email": "ines@example.com",
    "password": PASSWORD,
    "loyalty_rate": "2",
    "category": "grocery",
    "address": "3 Low Street",
}


def public(method, path, body=None, host="localhost"):
    connection.set_schema_to_public()
    client = Client(headers={"host": host}, raise_request_exception=False)
    return getattr(client, method)(f"/api/v1/auth/{path}", body, content_type="application/json")


@pytest.fixture
def code(programme, actor):
    return join_codes.code_of(join_codes.rotate_join_code(programme=programme, actor=actor, now=timezone.now()))


def register(code, **changes):
    terms = public("get", f"join-codes/{code}").json().get("terms_id", "x")
    given = {**GIVEN, "join_code": code, "terms": terms, **changes}
    return public("post", "register-business", {key: value for key, value in given.items() if value is not None})


def codes_of(response):
    body = response.json()
    return {body["code"], *(error["code"] for error in body.get("errors", []))}


def verify(run_queue):
    run_queue()
    digits = re.search(r"\b\d{6}\b", mail.outbox[-1].body).group()
    assert public("post", "verify-email", {"email": GIVEN["email"], "code": digits}).status_code == 204


def test_a_code_tells_the_terms(code):
    body = public("get", f"join-codes/{code}").json()
    assert (body["programme"], body["currency"], body["point_value"]) == ("Harbour", "GBP", "0.010000")
    assert body["needs_approval"] is True
    missing = public("get", "join-codes/AAAA-BBBB-CCCC-DDDD")
    assert (missing.status_code, missing.json()["code"]) == (404, "join_code_invalid")


def test_registering_with_a_code_waits_and_is_approved(code, api, run_queue, programme):
    response = register(code)
    assert response.status_code == 202, response.content
    body = response.json()
    assert body["email_verified"] is False
    assert "tokens" not in body
    assert (body["request"]["state"], body["request"]["subdomain"]) == ("waiting", None)
    token = body["request"]["token"]
    assert public("get", f"join-requests/{token}").json()["state"] == "waiting"
    connection.set_tenant(programme)
    owner = api("admin")
    (listed,) = owner.get("/api/v1/join-requests/?state=waiting").json()["data"]
    assert (listed["name"], listed["applicant"], listed["points_per_unit"]) == (
        "Fern & Fig", "ines@example.com", "2.0000",
    )  # fmt: skip
    path = f"/api/v1/join-requests/{listed['id']}"
    early = owner.post(f"{path}/approve", {}, content_type="application/json")
    assert (early.status_code, early.json()["code"]) == (409, "applicant_not_verified")
    verify(run_queue)
    done = owner.post(f"{path}/approve", {"points_per_unit": "1.5"}, content_type="application/json")
    assert done.status_code == 200, done.content
    again = owner.post(f"{path}/approve", {}, content_type="application/json")
    assert again.json()["business_id"] == done.json()["business_id"]
    seen = public("get", f"join-requests/{token}").json()
    assert (seen["state"], seen["subdomain"]) == ("approved", "harbour")
    login = {"email": GIVEN["email"], "password": PASSWORD, "programme": "harbour"}
    access = public("post", "login", login).json()["access"]
    theirs = Client(headers={"host": "harbour.localhost", "authorization": f"Bearer {access}"})
    assert [one["name"] for one in theirs.get("/api/v1/businesses/").json()["data"]] == ["Fern & Fig"]
    assert theirs.get("/api/v1/join-requests/").status_code == 403
    rate = theirs.get(f"/api/v1/businesses/{done.json()['business_id']}/loyalty-rules").json()
    assert rate["points_per_unit"] == "1.5"


def test_nothing_of_the_programme_opens_before_approval(code, run_queue, programme, business):
    register(code)
    verify(run_queue)
    login = public("post", "login", {"email": GIVEN["email"], "password": PASSWORD, "programme": "harbour"})
    assert (login.status_code, login.json()["code"]) == (401, "wrong_credentials")
    assert not Membership.objects.filter(user__email=GIVEN["email"]).exists()


def test_registering_again_is_the_same_request(code):
    first, second = register(code), register(code)
    assert first.json()["request"]["id"] == second.json()["request"]["id"]
    assert (JoinRequest.objects.count(), JoinSettings.objects.get().uses) == (1, 1)
    assert register(code, password="another long battery").status_code == 401


def test_two_registrations_at_once_are_one_request(in_threads):
    connection.set_schema_to_public()
    programme = Programme.objects.get(slug="harbour")
    with tenant_context(programme):
        settings = join_codes.rotate_join_code(programme=programme, actor=SYSTEM, now=timezone.now())
    code = join_codes.code_of(settings)
    answers = in_threads([lambda: register(code), lambda: register(code)])
    assert {answer.status_code for answer in answers} == {202}, [answer.content for answer in answers]
    assert len({answer.json()["request"]["id"] for answer in answers}) == 1
    assert JoinRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"terms": "old"}, "terms_not_accepted"),
        ({"terms": None}, "required"),
        ({"subdomain": "corner"}, "not_both"),
        ({"currency": "GBP"}, "not_both"),
        ({"password": "short"}, "weak_password"),
        ({"loyalty_rate": "-1"}, "min_value"),
        ({"category": "castle"}, "invalid_choice"),
    ],
)
def test_bad_requests_write_nothing(code, changes, expected):
    response = register(code, **changes)
    assert response.status_code == 422, response.content
    assert expected in codes_of(response)
    assert not User.objects.filter(email=GIVEN["email"]).exists()
    assert not JoinRequest.objects.exists()


def test_a_new_programme_still_needs_its_fields(db):
    response = public("post", "register-business", GIVEN)
    assert response.status_code == 422
    assert {error["field"] for error in response.json()["errors"]} == {"subdomain", "currency", "country"}


def test_a_wrong_code_makes_no_person(code):
    response = public("post", "register-business", {**GIVEN, "join_code": "AAAABBBBCCCCDDDD", "terms": "x"})
    assert (response.status_code, response.json()["code"]) == (404, "join_code_invalid")
    assert not User.objects.filter(email=GIVEN["email"]).exists()


def test_the_sender_withdraws_with_their_token_only(code):
    asked = register(code).json()["request"]
    wrong = asked["token"][:-2] + "xx"
    assert public("get", f"join-requests/{wrong}").status_code == 404
    assert public("delete", f"join-requests/{asked['id']}").status_code == 404
    assert public("get", f"join-requests/{asked['token']}", host="harbour.localhost").status_code == 404
    assert public("delete", f"join-requests/{asked['token']}").status_code == 204
    assert public("get", f"join-requests/{asked['token']}").json()["state"] == "withdrawn"


# -- the owner's side -------------------------------------------------------------------------------------------------


def test_an_invited_new_person_proves_the_address_and_is_in(api, run_queue, programme):
    given = {"name": "Fern & Fig", "email": GIVEN["email"], "points_per_unit": "2"}
    assert api("admin").post("/api/v1/business-invitations/", given, content_type="application/json").status_code == 201
    run_queue()
    token = re.search(r"/join/([\w=-]+)/", mail.outbox[-1].body).group(1)
    assert codes_of(register(token, email="other@example.com")) == {"invitation_for_another"}
    refused = register(token)
    assert (refused.status_code, codes_of(refused)) == (403, {"invited_not_verified"})
    assert not JoinRequest.objects.exists()
    connection.set_tenant(programme)
    verify(run_queue)
    joined = register(token)
    assert (joined.status_code, joined.json()["request"]["state"]) == (202, "approved")
    connection.set_tenant(programme)
    assert Business.objects.filter(name="Fern & Fig").exists()


@pytest.mark.parametrize("token", ["%00", "abc%00.def", "%F0%9F%99%82.x", ".", "x" * 3000])
def test_a_token_that_cannot_be_one_is_unknown(code, token):
    assert public("get", f"join-requests/{token}").status_code == 404
    assert public("get", f"join-codes/{token}").status_code == 404


@pytest.mark.parametrize("ends", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_an_end_beyond_all_calendars_is_refused(api, client_of, owner, ends):
    response = api("admin").patch(
        "/api/v1/join-settings/", {"is_on": True, "expires_at": ends}, content_type="application/json"
    )
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "expires_at")
    page = client_of(owner).post("/settings/businesses/joining/code/", {"is_on": "on", "expires_on": ends[:10]})
    assert page.status_code == 422


def test_join_settings_by_api(api):
    client = api("admin")
    assert client.get("/api/v1/join-settings/").json()["code"] is None
    body = client.patch(
        "/api/v1/join-settings/", {"is_on": True, "max_uses": 5, "terms": "Be kind."}, content_type="application/json"
    ).json()
    assert (body["works"], body["max_uses"], body["terms"]) == (True, 5, "Be kind.")
    rotated = client.post("/api/v1/join-settings/rotate", headers={"idempotency-key": "k"}).json()
    again = client.post("/api/v1/join-settings/rotate", headers={"idempotency-key": "k"}).json()
    assert rotated["code"] == again["code"] != body["code"]
    assert rotated["link"].endswith(f"/join/{rotated['code']}/")
    refused = client.patch("/api/v1/join-settings/", {"max_uses": 0}, content_type="application/json")
    assert refused.status_code == 422


def test_businesses_are_invited_by_api(api, run_queue):
    client = api("admin")
    given = {"name": "Fern", "email": "ines@example.com", "points_per_unit": "2"}
    made = client.post("/api/v1/business-invitations/", given, content_type="application/json")
    assert made.status_code == 201, made.content
    run_queue()
    assert mail.outbox[-1].to == ["ines@example.com"]
    path = f"/api/v1/business-invitations/{made.json()['id']}"
    assert client.post(f"{path}/renew").status_code == 200
    assert [one["name"] for one in client.get("/api/v1/business-invitations/").json()["data"]] == ["Fern"]
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404


def test_the_owners_side_is_for_owners_and_for_whole_programmes(api, manager, owner, business):
    for path in ("join-settings/", "business-invitations/", "join-requests/"):
        assert api(user=owner).get(f"/api/v1/{path}").status_code == 200
        assert api(user=manager).get(f"/api/v1/{path}").status_code == 403
        assert api("write").get(f"/api/v1/{path}").status_code == 403
        assert api("admin", business=business).get(f"/api/v1/{path}").status_code == 403


def test_another_programme_sees_no_request(code, other_programme):
    asked = register(code).json()["request"]["id"]
    with tenant_context(other_programme):
        key = create_client(name="K", scopes=["admin"], business=None, actor=SYSTEM, now=timezone.now()).secret
    client = Client(headers={"host": "meadow.localhost", "x-api-key": key})
    assert client.get("/api/v1/join-requests/").json()["data"] == []
    for act in ("", "/approve", "/decline"):
        call = client.post if act else client.get
        body = {"reason": "No"} if act == "/decline" else {}
        assert call(f"/api/v1/join-requests/{asked}{act}", body, content_type="application/json").status_code == 404


def test_a_decline_by_api_is_read_by_the_sender(code, api, programme):
    asked = register(code).json()["request"]
    path = f"/api/v1/join-requests/{asked['id']}/decline"
    connection.set_tenant(programme)
    assert api("admin").post(path, {}, content_type="application/json").status_code == 422
    connection.set_tenant(programme)
    assert api("admin").post(path, {"reason": "Too far"}, content_type="application/json").status_code == 200
    seen = public("get", f"join-requests/{asked['token']}").json()
    assert (seen["state"], seen["reason"]) == ("declined", "Too far")
    connection.set_tenant(programme)
    late = api("admin").post(f"/api/v1/join-requests/{asked['id']}/approve", {}, content_type="application/json")
    assert (late.status_code, late.json()["code"]) == (409, "join_request_decided")
    assert not Business.objects.filter(name="Fern & Fig").exists()
