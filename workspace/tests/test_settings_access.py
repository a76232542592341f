"""Every settings page and act: which role may, who is sent to log in, and nothing of another programme."""

import pytest
from django.db import connection

from core.permissions import Role
from programs.models import Invitation, Membership, Programme
from workspace.models import AuditEntry

ROLES = ["owner", "manager", "marketer", "analyst", "cashier"]
TABLE = [  # (method, path, {role: status}); a role that is not named gets 403
    ("get", "/settings/", {"owner": 200, "manager": 200}),
    ("post", "/settings/", {"owner": 422, "manager": 422}),
    ("post", "/settings/logo/remove/", {"owner": 303, "manager": 303}),
    ("get", "/settings/me/", dict.fromkeys(ROLES, 200)),
    ("post", "/settings/me/", dict.fromkeys(ROLES, 422)),
    ("get", "/settings/businesses/", {"owner": 200, "manager": 200, "marketer": 200, "analyst": 200}),
    ("get", "/settings/businesses/new/", {"owner": 200, "manager": 200}),
    ("post", "/settings/businesses/new/", {"owner": 422, "manager": 422}),
    ("get", "/settings/businesses/{business}/", {"owner": 200, "manager": 200}),
    ("post", "/settings/businesses/{business}/", {"owner": 422, "manager": 422}),
    ("post", "/settings/businesses/{business}/close/", {"owner": 303, "manager": 303}),
    ("post", "/settings/businesses/{business}/reopen/", {"owner": 303, "manager": 303}),
    ("get", "/settings/team/", {"owner": 200, "manager": 200}),
    ("post", "/settings/team/invitations/", {"owner": 422, "manager": 422}),
    ("post", "/settings/team/invitations/{invitation}/renew/", {"owner": 303, "manager": 303}),
    ("post", "/settings/team/invitations/{invitation}/revoke/", {"owner": 303, "manager": 303}),
    ("post", "/settings/team/{member}/", {"owner": 422, "manager": 422}),
    ("post", "/settings/team/{member}/remove/", {"owner": 303, "manager": 303}),
    ("get", "/switcher/", dict.fromkeys(ROLES, 200)),
]


@pytest.fixture
def ids(programme, business, other_business, make_member, owner, now):
    ann = make_member("ann@example.com", Role.ANALYST)
    invitation = Invitation.objects.create(
        programme=programme, email="new@example.com", role="analyst", token_digest=b"x" * 32, expires_at=now
    )
    return {
        "business": business.code,
        "member": Membership.objects.get(user=ann).code,
        "invitation": invitation.code,
    }


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "statuses"), TABLE, ids=[f"{m} {p}" for m, p, _ in TABLE])
def test_each_page_answers_each_role_as_the_table_says(ids, client_of, request, method, path, statuses, role):
    browser = client_of(request.getfixturevalue(role))
    audit = AuditEntry.objects.count()
    response = getattr(browser, method)(path.format(**ids))
    assert response.status_code == statuses.get(role, 403)
    if response.status_code in (403, 422):
        connection.set_tenant(Programme.objects.get(slug="harbour"))
        assert AuditEntry.objects.count() == audit


@pytest.mark.parametrize(("method", "path"), [row[:2] for row in TABLE], ids=[f"{m} {p}" for m, p, _ in TABLE])
def test_anonymous_people_are_sent_to_log_in(ids, client_of, method, path):
    response = getattr(client_of(None), method)(path.format(**ids))
    assert (response.status_code, response.url.split("?")[0]) == (302, "/login/")
    told = getattr(client_of(None), method)(path.format(**ids), headers={"hx-request": "true"})
    assert told.status_code == 401


@pytest.mark.parametrize(("method", "path"), [row[:2] for row in TABLE], ids=[f"{m} {p}" for m, p, _ in TABLE])
def test_outsiders_are_refused(ids, client_of, outsider, method, path):
    assert getattr(client_of(outsider), method)(path.format(**ids)).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/settings/"),
        ("put", "/settings/me/"),
        ("get", "/settings/logo/remove/"),
        ("post", "/settings/businesses/"),
        ("get", "/settings/businesses/{business}/close/"),
        ("get", "/settings/team/invitations/"),
        ("get", "/settings/team/{member}/"),
        ("get", "/settings/team/{member}/remove/"),
        ("get", "/settings/team/invitations/{invitation}/revoke/"),
        ("post", "/settings/team/"),
    ],
)
def test_the_wrong_method_is_405(ids, client_of, owner, method, path):
    assert getattr(client_of(owner), method)(path.format(**ids)).status_code == 405


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("get", "/settings/businesses/{business}/", {}),
        ("post", "/settings/businesses/{business}/", {"name": "X", "category": "cafe"}),
        ("post", "/settings/businesses/{business}/close/", {}),
        ("post", "/settings/team/{member}/", {"role": "analyst"}),
        ("post", "/settings/team/{member}/remove/", {}),
        ("post", "/settings/team/invitations/{invitation}/renew/", {}),
        ("post", "/settings/team/invitations/{invitation}/revoke/", {}),
    ],
)
def test_ids_of_another_programme_and_invented_ones_are_404(foreign, client_of, owner, method, path, data):
    browser = client_of(owner)
    assert getattr(browser, method)(path.format(**foreign), data).status_code == 404
    invented = dict.fromkeys(foreign, "abcdefghjkmn")
    assert getattr(browser, method)(path.format(**invented), data).status_code == 404
    assert not AuditEntry.objects.exists()
