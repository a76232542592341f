"""The team page and the invitation's own page: inviting, joining, changing, leaving."""

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django_tenants.utils import tenant_context

from core.permissions import Role
from programs.models import Invitation, Membership
from workspace.actions.jobs import request_cancel
from workspace.actions.team_mail import mail_invitation, mail_joined
from workspace.models import Business, Job

PUBLIC = {"host": "localhost"}


def test_the_team_page_shows_this_programmes_people_only(client_of, owner, manager, outsider, foreign):
    page = client_of(owner).get("/settings/team/").content.decode()
    assert "jonas@example.com" in page
    assert "omar@example.com" not in page
    assert "other@example.com" not in page


def test_an_invitation_is_sent_and_accepted_by_a_new_person(client_of, owner, business, programme, run_queue):
    browser = client_of(owner)
    data = {"email": "Ann@Example.com", "role": "cashier", "business": str(business.pk)}
    assert browser.post("/settings/team/invitations/", data).status_code == 303
    assert not mail.outbox  # a slow mail server holds nobody
    run_queue()
    message = mail.outbox[0]
    assert message.to == ["ann@example.com"]
    assert "Harbour" in message.subject
    link = next(word for word in message.body.split() if "/invitations/" in word)
    assert link.startswith("http://localhost:8000/invitations/")
    path = link.removeprefix("http://localhost:8000")
    assert "ann@example.com" in browser.get("/settings/team/").content.decode()

    connection.set_schema_to_public()
    ann = Client(headers=PUBLIC)
    page = ann.get(path).content.decode()
    assert "Join Harbour" in page
    assert "Quayside" in page
    response = ann.post(
        f"/accounts/signup/?next={path}",
        {"name": "Ann", "email": "ann@example.com", "password1": "correct horse battery", "next": path},
    )
    run_queue()
    code = next(line for line in mail.outbox[1].body.splitlines() if line.isdigit())
    assert ann.post(response.url, {"code": code}).url == path
    assert "Join the team" in ann.get(path).content.decode()
    response = ann.post(path)
    assert (response.status_code, response.url) == (303, "/enter/harbour/")
    assert ann.post(path).status_code == 303
    run_queue()
    membership = Membership.objects.get(user__email="ann@example.com")
    assert (membership.role, membership.business_id) == ("cashier", business.pk)
    assert mail.outbox[-1].to == [owner.email]
    assert "joined" in mail.outbox[-1].subject
    assert len(mail.outbox) == 3


@pytest.fixture
def broken_mail(settings):
    """A mail server that says no to everything."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1


def test_an_invitation_that_could_not_be_mailed_says_so_and_is_sent_again(
    client_of, owner, run_queue, broken_mail, settings
):
    browser, told = client_of(owner), "the e-mail could not be sent"
    browser.post("/settings/team/invitations/", {"email": "ann@example.com", "role": "analyst"})
    assert told not in browser.get("/settings/team/").content.decode()
    run_queue()
    assert told in browser.get("/settings/team/").content.decode()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    browser.post(f"/settings/team/invitations/{Invitation.objects.get().code}/renew/")
    run_queue()
    assert told not in browser.get("/settings/team/").content.decode()
    assert [message.to for message in mail.outbox] == [["ann@example.com"]]


def test_an_invitation_whose_mail_was_stopped_says_so(client_of, owner, actor, now):
    browser = client_of(owner)
    browser.post("/settings/team/invitations/", {"email": "ann@example.com", "role": "analyst"})
    request_cancel(job=Job.objects.get(), actor=actor, now=now)
    assert "the e-mail could not be sent" in browser.get("/settings/team/").content.decode()


def test_a_withdrawn_invitation_is_not_mailed(client_of, owner, run_queue):
    browser = client_of(owner)
    browser.post("/settings/team/invitations/", {"email": "ann@example.com", "role": "analyst"})
    browser.post(f"/settings/team/invitations/{Invitation.objects.get().code}/revoke/")
    run_queue()
    assert not mail.outbox


def test_a_mail_job_of_one_programme_finds_nothing_in_another(programme, other_programme, client_of, owner):
    client_of(owner).post("/settings/team/invitations/", {"email": "ann@example.com", "role": "analyst"})
    code = Invitation.objects.get().code
    with tenant_context(other_programme):
        mail_invitation(code=code)
        mail_joined(member=owner.memberships.get().code, owner=owner.memberships.get().code)
    assert not mail.outbox


def test_the_wrong_person_is_told_and_refused(client_of, owner, marketer, run_queue):
    client_of(owner).post("/settings/team/invitations/", {"email": "ann@example.com", "role": "analyst"})
    run_queue()
    path = next(word for word in mail.outbox[0].body.split() if "/invitations/" in word).split("8000")[1]
    connection.set_schema_to_public()
    other = Client(headers=PUBLIC)
    other.force_login(marketer)
    assert "The invitation is for ann@example.com" in other.get(path).content.decode()
    assert other.post(path).status_code == 403
    assert Client(headers=PUBLIC).post(path).status_code == 200  # anonymous: the page that asks to log in
    assert Client(headers=PUBLIC).get("/invitations/nonsense/").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "ann@"},
        {"email": "jonas@example.com"},
        {"role": "king"},
        {"business": "999999"},
        {"business": "abc"},
    ],
)
def test_a_bad_invitation_is_422_and_sends_nothing(client_of, owner, manager, changes):
    data = {"email": "ann@example.com", "role": "analyst", "business": "", **changes}
    response = client_of(owner).post("/settings/team/invitations/", data)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == set(changes)
    assert not mail.outbox
    assert not Invitation.objects.exists()


def test_a_role_is_changed_and_a_removed_person_is_outside_at_once(client_of, owner, marketer):
    browser, theirs = client_of(owner), client_of(marketer)
    assert theirs.get("/settings/businesses/").status_code == 200
    code = Membership.objects.get(user=marketer).code
    browser.post(f"/settings/team/{code}/", {"role": "manager", "business": ""})
    assert theirs.get("/settings/team/").status_code == 200
    browser.post(f"/settings/team/{code}/remove/")
    assert theirs.get("/settings/businesses/").url == "/login/?next=/settings/businesses/"
    assert browser.post(f"/settings/team/{code}/remove/").status_code == 404


def test_a_new_role_leaves_somebody_limited_to_a_business_that_is_closed(client_of, owner, cashier, business):
    Business.objects.filter(pk=business.pk).update(is_active=False)
    browser, member = client_of(owner), Membership.objects.get(user=cashier)
    page = browser.get("/settings/team/").content.decode()
    assert page.count(f'<option value="{business.pk}" selected>{business.name}</option>') == 1
    assert page.count(f'<option value="{business.pk}"') == 1, "nobody else is offered it"
    assert (
        browser.post(f"/settings/team/{member.code}/", {"role": "analyst", "business": business.pk}).status_code == 303
    )
    member.refresh_from_db()
    assert (member.role, member.business_id) == (Role.ANALYST, business.pk)


def test_who_leaves_the_team_is_outside_at_once(client_of, owner, manager):
    theirs, code = client_of(manager), Membership.objects.get(user=manager).code
    assert theirs.post(f"/settings/team/{code}/remove/").status_code == 303
    assert theirs.get("/settings/team/").url == "/login/?next=/settings/team/"


def test_the_last_owner_is_told_why_not(client_of, owner):
    code = Membership.objects.get(user=owner).code
    response = client_of(owner).post(f"/settings/team/{code}/remove/")
    assert response.status_code == 409
    assert "at least one owner" in response.content.decode()


def test_a_manager_is_not_offered_owners(client_of, manager, owner):
    page = client_of(manager).get("/settings/team/").content.decode()
    assert '<option value="owner"' not in page
    code = Membership.objects.get(user=owner).code
    assert client_of(manager).post(f"/settings/team/{code}/", {"role": "analyst"}).status_code == 403


def test_the_team_page_costs_the_same_for_many(client_of, owner, make_member, django_assert_max_num_queries):
    browser = client_of(owner)
    browser.get("/settings/team/")
    for number in range(12):
        make_member(f"p{number}@example.com", Role.ANALYST)
    with django_assert_max_num_queries(10):
        browser.get("/settings/team/")


def test_leaving_is_asked_in_other_words_than_removing(client_of, owner, make_member):
    make_member("ben@example.com", Role.MARKETER)
    page = client_of(owner).get("/settings/team/").content.decode()
    assert page.count("Leave the team?") == 1
    assert "Remove Ben?" in page
    assert f"Remove {owner.get_full_name()}" not in page
