"""The auditor's page: for owners and managers, and it shows every rule."""

from __future__ import annotations

from core.permissions import Role
from loyalty.audit import INVARIANTS


def test_the_page_shows_every_rule(client_of, owner):
    response = client_of(owner).get("/loyalty/audit/")
    assert response.status_code == 200
    assert all(f">{invariant.code}<" in response.content.decode() for invariant in INVARIANTS)
    assert response.content.decode().count("Kept") == len(INVARIANTS)


def test_who_may_not_audit_is_refused(client_of, cashier, analyst, outsider):
    for person in (cashier, analyst, outsider):
        assert client_of(person).get("/loyalty/audit/").status_code == 403
    assert client_of(None).get("/loyalty/audit/").status_code == 302


def test_people_of_one_business_do_not_audit_the_programme(client_of, make_member, business):
    """Balances are shared, so the figures are about every business."""
    bound = client_of(make_member("bo@example.com", Role.MANAGER, business=business))
    assert bound.get("/loyalty/audit/").status_code == 403
    assert "/loyalty/audit/" not in bound.get("/loyalty/").content.decode()


def test_the_page_is_a_tab_for_those_who_may_audit(client_of, owner, analyst):
    for url in ("/loyalty/", "/loyalty/transactions/", "/loyalty/audit/"):
        assert 'href="/loyalty/audit/"' in client_of(owner).get(url).content.decode()
    response = client_of(analyst).get("/loyalty/")
    assert response.status_code == 200
    assert "/loyalty/audit/" not in response.content.decode()
