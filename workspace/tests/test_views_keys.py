"""The API keys page and the audit log: for owners, with the secret shown once."""

import re

import pytest
from django.http import Http404
from django.test import Client

from core.actor import Actor
from core.permissions import Role
from programs.models import Membership
from workspace import views_keys
from workspace.models import ApiClient, AuditEntry

PAGE, NEW, AUDIT = "/settings/api-keys/", "/settings/api-keys/new/", "/settings/audit/"
KEY = re.compile(r"rg_live_[0-9a-z]{10}_[A-Za-z0-9_-]{43}")


def secret_in(response):
    return KEY.search(response.content.decode()).group()


def test_a_key_is_made_shown_once_and_works(client_of, owner, programme, business):
    browser = client_of(owner)
    made = browser.post(NEW, {"name": "Web shop", "access": "write", "business": business.code, "life": "90"})
    secret = secret_in(made)
    assert "no-store" in made.headers["Cache-Control"]
    client = ApiClient.objects.get()
    assert (client.name, client.business, client.created_by) == ("Web shop", business, "Maya")
    assert not KEY.search(browser.get(PAGE).content.decode())
    assert client.keys.get().prefix in browser.get(PAGE).content.decode()
    caller = Client(headers={"host": "harbour.localhost", "x-api-key": secret})
    assert caller.get("/api/v1/auth/me").json()["business"]["id"] == business.code
    assert AuditEntry.objects.filter(
        action="workspace.api_client.created", subject=f"api_client:{client.code}"
    ).exists()


def test_permissions_one_by_one(client_of, owner):
    browser = client_of(owner)
    assert browser.post(NEW, {"name": "X", "access": "custom"}).status_code == 422
    assert not ApiClient.objects.exists()
    browser.post(NEW, {"name": "X", "access": "custom", "scopes": ["points:read"]})
    assert ApiClient.objects.get().scopes == ["points:read"]


def test_rotating_and_revoking(client_of, owner, make_key):
    browser, issued = client_of(owner), make_key("read")
    rotated = browser.post(f"{PAGE}{issued.client.code}/rotate/", {"overlap_hours": "0"})
    assert secret_in(rotated) != issued.secret
    assert browser.post(f"{PAGE}{issued.client.code}/rotate/", {"overlap_hours": "9999"}).status_code == 404
    assert browser.post(f"{PAGE}{issued.client.code}/revoke/").status_code == 303
    assert not ApiClient.objects.get().is_active
    assert browser.post(f"{PAGE}zzzzzzzzzzzz/revoke/").status_code == 404


@pytest.mark.parametrize("role", [Role.MANAGER, Role.MARKETER, Role.ANALYST, Role.CASHIER])
def test_only_owners_manage_keys(client_of, make_member, business, role):
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    browser = client_of(person)
    assert browser.get(PAGE).status_code == 403
    assert browser.post(NEW, {"name": "X", "access": "admin"}).status_code == 403
    assert not ApiClient.objects.exists()
    assert browser.get(AUDIT).status_code == (200 if role == Role.MANAGER else 403)


def test_people_of_one_business_see_its_keys_only(programme, business, other_business, make_member, make_key, rf):
    """No role with this permission is limited to a business today; the page does not rely on that."""
    own, foreign, everywhere = (make_key("read", business=one) for one in (business, other_business, None))
    limited = make_member("lead@example.com", Role.MANAGER, business=business)
    membership = Membership.objects.get(user=limited)

    def request_of(request):
        request.user, request.programme, request.membership = limited, programme, membership
        request.actor = Actor(kind="user", id=str(limited.pk), label="Lead", business_id=business.pk)
        return request

    page = views_keys.api_keys(request_of(rf.get(PAGE))).content.decode()
    assert own.key.prefix in page
    assert foreign.key.prefix not in page
    assert everywhere.key.prefix not in page
    for issued in (foreign, everywhere):
        for act in (views_keys.api_key_revoke, views_keys.api_key_rotate):
            with pytest.raises(Http404):
                act(request_of(rf.post(PAGE, {"overlap_hours": "0"})), issued.client.code)


def test_the_audit_log_is_searchable(client_of, owner, make_key):
    browser = client_of(owner)
    make_key("read", name="Aardvark")
    make_key("read", name="Badger")
    page = browser.get(AUDIT)
    assert "Aardvark" in page.content.decode()
    code = ApiClient.objects.get(name="Badger").code
    found = browser.get(AUDIT, {"q": f"api_client:{code}"}).content.decode()
    assert "Badger" in found
    assert "Aardvark" not in found
    assert "Nothing found" in browser.get(AUDIT, {"q": "zebra"}).content.decode()
    assert browser.get(AUDIT, {"from_day": "2000-01-01", "to_day": "2000-01-02"}).content.decode().count("<tr>") == 0
    for filters in ({"from_day": "rubbish", "cursor": "%00"}, {"to_day": "9999-12-31"}, {"from_day": "0001-01-01"}):
        assert "Badger" in browser.get(AUDIT, filters).content.decode(), "what cannot be read is left out"
