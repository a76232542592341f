"""The businesses of a programme on their settings page."""

import pytest

from core.permissions import Role
from workspace.models import AuditEntry, Business

BUSINESS = {"name": "Old Mill", "category": "bakery", "email": "mill@example.com", "address": "1 Mill Lane"}


def test_a_business_is_opened_changed_closed_and_opened_again(client_of, owner, business):
    browser = client_of(owner)
    assert browser.post("/settings/businesses/new/", BUSINESS).status_code == 303
    mill = Business.objects.get(name="Old Mill")
    assert browser.post(f"/settings/businesses/{mill.code}/", {**BUSINESS, "name": "New Mill"}).status_code == 303
    browser.post(f"/settings/businesses/{mill.code}/close/")
    assert not Business.objects.get(pk=mill.pk).is_active
    assert "Closed" in browser.get("/settings/businesses/").content.decode()
    browser.post(f"/settings/businesses/{mill.code}/reopen/")
    assert Business.objects.get(pk=mill.pk).is_active
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["workspace.business.opened", *["workspace.business.changed"] * 3]


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"name": "quayside"}, {"category": "pub"}, {"email": "mill@"}, {"address": "x" * 501}]
)
def test_a_bad_business_is_422_and_not_made(client_of, owner, business, changes):
    response = client_of(owner).post("/settings/businesses/new/", {**BUSINESS, **changes})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == set(changes)
    assert Business.objects.count() == 1


def test_the_only_business_stays_open(client_of, owner, business):
    assert client_of(owner).post(f"/settings/businesses/{business.code}/close/").status_code == 422
    assert Business.objects.get().is_active


def test_one_business_sees_itself_only(client_of, make_member, business, other_business):
    browser = client_of(make_member("lead@example.com", Role.MANAGER, business=business))
    page = browser.get("/settings/businesses/").content.decode()
    assert "Quayside" in page
    assert "Mill Lane" not in page
    assert browser.get(f"/settings/businesses/{other_business.code}/").status_code == 404
