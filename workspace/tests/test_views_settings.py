"""Settings pages: who may, what is refused, what is written, and nothing of another programme."""

import struct
import zlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Role
from core.tenancy import enter
from customers.actions.facts import ROLLUPS
from customers.actions.rollups import rebuild_rollups
from customers.models import DailySales
from customers.tests.test_actions_facts import refund, sale
from loyalty.actions.points import add_points
from programs.models import DueWork, Invitation, Membership, Programme, User
from workspace.actions.jobs import request_cancel
from workspace.actions.settings import CurrencyFrozen, change_programme
from workspace.actions.team_mail import mail_invitation, mail_joined
from workspace.models import AuditEntry, Business, Job
from workspace.tasks import run_due

PUBLIC = {"host": "localhost"}
SETTINGS = {
    "name": "Harbour and Pine",
    "country": "GB",
    "currency": "GBP",
    "time_zone": "Europe/London",
    "language": "en",
    "colour": "#0f766e",
}


def png(size=(1, 1)):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + b"\0\0\0" * size[0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def upload(data, name="logo.png"):
    return SimpleUploadedFile(name, data, content_type="image/png")


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


# -- who may: (method, path, {role: status}); a role that is not named gets 403 -------------------------------------

ROLES = ["owner", "manager", "marketer", "analyst", "cashier"]
TABLE = [
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


@pytest.fixture
def foreign(other_programme, outsider):
    """The other programme's ids."""
    with tenant_context(other_programme):
        business = Business.objects.create(name="Meadow Inn")
    invitation = Invitation.objects.create(
        programme=other_programme,
        email="other@example.com",
        role="analyst",
        token_digest=b"y" * 32,
        expires_at="2030-01-01T00:00Z",
    )
    return {
        "business": business.code,
        "member": Membership.objects.get(user=outsider).code,
        "invitation": invitation.code,
    }


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


# -- the programme -----------------------------------------------------------------------------------------------------


def test_settings_are_saved_and_seen_at_once(client_of, owner, django_capture_on_commit_callbacks):
    browser = client_of(owner)
    browser.get("/settings/")
    with django_capture_on_commit_callbacks(execute=True):
        response = browser.post("/settings/", SETTINGS)
    assert (response.status_code, response.url) == (303, "/settings/")
    page = browser.get("/settings/").content.decode()
    assert page.count("Harbour and Pine") >= 2
    assert "Settings saved" in page
    stored = Programme.objects.get(slug="harbour")
    assert (stored.name, stored.colour) == ("Harbour and Pine", "#0f766e")
    assert Programme.objects.get(slug="meadow").name == "Meadow"
    entry = AuditEntry.objects.get()
    assert entry.action == "workspace.programme.changed"
    assert entry.data == {"name": ["Harbour", "Harbour and Pine"], "colour": ["#2563eb", "#0f766e"]}
    browser.post("/settings/", SETTINGS)
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"currency": "XXX"},
        {"country": "ZZ"},
        {"time_zone": "Mars/Olympus"},
        {"colour": "red"},
        {"colour": "#12345g"},
        {"language": "tlh"},
    ],
)
def test_bad_settings_are_422_and_change_nothing(client_of, owner, changes):
    response = client_of(owner).post("/settings/", {**SETTINGS, **changes})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == set(changes)
    assert Programme.objects.get(slug="harbour").name == "Harbour"


def test_the_currency_is_frozen_after_the_first_sale(client_of, owner, business, actor, now, other_programme, outsider):
    browser = client_of(owner)
    browser.post("/settings/", {**SETTINGS, "currency": "EUR"})
    assert Programme.objects.get(slug="harbour").currency == "EUR"
    assert "Fixed since the first sale" not in browser.get("/settings/").content.decode()
    enter(Programme.objects.get(slug="harbour"))  # as a later request would
    add_points(business=business.pk, phone="07700 900123", amount=Decimal("3"), key="k", actor=actor, now=now)
    assert "Fixed since the first sale" in browser.get("/settings/").content.decode()

    refused = browser.post("/settings/", {**SETTINGS, "name": "Renamed", "currency": "USD"})
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["currency"]
    assert "The currency cannot change after the first sale" in refused.content.decode()
    stored = Programme.objects.get(slug="harbour")
    assert (stored.name, stored.currency) == ("Harbour and Pine", "EUR")
    with pytest.raises(CurrencyFrozen):
        change_programme(programme=stored, changes={"currency": "USD"}, actor=actor, now=now)

    rest = {key: value for key, value in SETTINGS.items() if key != "currency"}  # what a browser sends then
    assert browser.post("/settings/", {**rest, "name": "Renamed"}).status_code == 303
    stored.refresh_from_db()
    assert (stored.name, stored.currency) == ("Renamed", "EUR")

    meadow = client_of(outsider, on=other_programme)
    assert meadow.post("/settings/", {**SETTINGS, "name": "Meadow", "currency": "USD"}).status_code == 303
    assert Programme.objects.get(slug="meadow").currency == "USD", "only the other programme has sold"


def test_imported_refunds_alone_freeze_the_currency_too(client_of, owner, business):
    refund(business, None, "r", "4.00")
    refused = client_of(owner).post("/settings/", {**SETTINGS, "currency": "USD"})
    assert list(refused.context["form"].errors) == ["currency"]


def test_a_new_time_zone_counts_the_days_again(client_of, owner, business, programme, other_programme, now):
    sale(business, None, "1", "5.00", placed_at=datetime(2026, 5, 4, 23, 30, tzinfo=UTC))
    rebuild_rollups(now=now)
    assert DailySales.objects.get().day == date(2026, 5, 5), "half past midnight in London"
    due = DueWork.objects.filter(kind=ROLLUPS)
    due.update(next_due_at=now + timedelta(days=400))

    client_of(owner).post("/settings/", SETTINGS)
    assert not due.filter(next_due_at__lte=timezone.now()).exists(), "the zone is the same"
    client_of(owner).post("/settings/", {**SETTINGS, "time_zone": "America/New_York"})
    assert list(due.filter(next_due_at__lte=timezone.now()).values_list("programme_id", flat=True)) == [programme.pk]
    run_due(ROLLUPS)
    assert DailySales.objects.get().day == date(2026, 5, 4)


def test_a_field_is_checked_when_it_is_left(client_of, owner):
    browser = client_of(owner)
    response = browser.post("/settings/", {**SETTINGS, "name": "", "_check": "name"}, headers={"hx-request": "true"})
    page = response.content.decode()
    assert response.status_code == 200
    assert page.strip().startswith('<div class="field')
    assert 'aria-invalid="true"' in page
    assert "<html" not in page
    assert browser.post("/settings/", {**SETTINGS, "_check": "name"}).status_code == 200
    assert Programme.objects.get(slug="harbour").name == "Harbour"


def test_somebody_limited_to_a_business_does_not_change_the_programme(client_of, make_member, business):
    lead = make_member("lead@example.com", Role.MANAGER, business=business)
    browser = client_of(lead)
    assert browser.get("/settings/").status_code == 200
    assert browser.post("/settings/", SETTINGS).status_code == 403
    assert browser.get("/settings/businesses/new/").status_code == 403
    assert Programme.objects.get(slug="harbour").name == "Harbour"


# -- the logo ----------------------------------------------------------------------------------------------------------


def test_a_logo_is_kept_served_safely_and_not_on_another_host(client_of, owner, programme):
    browser = client_of(owner)
    assert browser.post("/settings/", {**SETTINGS, "logo": upload(png())}).status_code == 303
    stored = Programme.objects.get(pk=programme.pk)
    assert default_storage.exists(f"brand/{stored.logo}")
    response = Client(headers={"host": "harbour.localhost"}).get(stored.logo_url)
    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"".join(response.streaming_content) == png()
    assert Client(headers={"host": "meadow.localhost"}).get(stored.logo_url).status_code == 404
    assert browser.post("/settings/logo/remove/").status_code == 303
    assert Programme.objects.get(pk=programme.pk).logo == ""


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "logo.svg"),
        (b"<html><script>alert(1)</script>", "logo.png"),
        (b"GIF89a" + b"\0" * 50, "logo.gif"),
        (png()[:-12], "cut.png"),
        (b"\x89PNG\r\n\x1a\n", "head.png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "cut.jpg"),
        (b"RIFF\xff\xff\x00\x00WEBPVP8 ", "cut.webp"),
        (png() + b"\0" * 600_000, "large.png"),
    ],
)
def test_what_is_no_picture_is_refused_and_not_kept(client_of, owner, data, name, tmp_path):
    response = client_of(owner).post("/settings/", {**SETTINGS, "logo": upload(data, name)})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"logo"}
    assert not list(tmp_path.rglob("*.*"))
    assert Programme.objects.get(slug="harbour").name == "Harbour"


@pytest.mark.parametrize("name", ["..%2f..%2fsecret", "x.png", "0" * 32 + ".svg", "0" * 32 + ".png"])
def test_only_names_that_we_gave_are_served(client_of, programme, name):
    assert client_of(None).get(f"/brand/{name}").status_code == 404


# -- businesses --------------------------------------------------------------------------------------------------------

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


# -- team --------------------------------------------------------------------------------------------------------------


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
    with django_assert_max_num_queries(9):
        browser.get("/settings/team/")


# -- oneself -----------------------------------------------------------------------------------------------------------


def test_a_person_changes_themselves(client_of, cashier):
    browser = client_of(cashier)
    data = {"name": " Sam  Lee ", "language": "de", "theme": "light"}
    response = browser.post("/settings/me/", data)
    assert response.status_code == 303
    assert response.cookies["theme"].value == "light"
    assert response.cookies["django_language"].value == "de"
    stored = User.objects.get(pk=cashier.pk)
    assert (stored.name, stored.language, stored.theme, stored.notifications) == ("Sam Lee", "de", "light", [])
    assert 'data-theme="light"' in browser.get("/settings/me/").content.decode()


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"theme": "pink"}, {"language": "xx"}, {"notifications": ["everything"]}]
)
def test_a_bad_profile_is_422(client_of, cashier, changes):
    response = client_of(cashier).post("/settings/me/", {"name": "Sam", "language": "", "theme": "dark", **changes})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == set(changes)
