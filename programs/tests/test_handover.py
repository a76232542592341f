"""From the public host into a programme: once, soon, in one browser, for members only."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.test import Client

from programs.actions import handover
from programs.models import HandoverCode, Membership, Programme, User
from programs.rules import safe_path

HARBOUR, MEADOW = {"host": "harbour.localhost"}, {"host": "meadow.localhost"}


def query(response):
    return {key: values[0] for key, values in parse_qs(urlsplit(response.url).query).items()}


def ask(browser, host=HARBOUR, path="/login/?next=/settings/team/"):
    """The programme's log-in: sets the nonce and points at the public host."""
    response = browser.get(path, headers=host)
    assert response.status_code == 302
    return query(response)["state"]


@pytest.fixture
def maya(owner, public_client):
    """The owner, logged in on the public host, with one browser for every host (cookies are kept per test client)."""
    connection.set_schema_to_public()
    public_client.force_login(owner)
    return owner


@pytest.fixture
def programme_browser(programme):
    return Client(headers=HARBOUR)


def code_for(public_client, state, slug="harbour", next_path="/settings/team/"):
    response = public_client.get(f"/enter/{slug}/", {"state": state, "next": next_path})
    assert response.status_code == 302
    return response


def test_a_member_arrives_where_they_wanted_with_a_session_of_their_own(maya, public_client, programme_browser):
    first = programme_browser.get("/settings/team/")
    assert first.status_code == 302
    assert first.url == "/login/?next=/settings/team/"
    state = ask(programme_browser, path=first.url)
    cookie = programme_browser.cookies["handover"]
    assert cookie["httponly"]
    assert not cookie["domain"]
    to_programme = code_for(public_client, state)
    assert to_programme.url.startswith("http://harbour.localhost:8000/enter/?code=")
    arrived = programme_browser.get("/enter/", query(to_programme))
    assert (arrived.status_code, arrived.url) == (302, "/settings/team/")
    assert programme_browser.get("/settings/team/").status_code == 200
    assert Membership.objects.get(user=maya).last_seen_at is not None


def test_the_key_of_an_anonymous_session_does_not_survive_log_in(maya, public_client, programme_browser):
    session = programme_browser.session
    session["planted"] = 1
    session.save()
    planted = session.session_key
    to_programme = code_for(public_client, ask(programme_browser))
    programme_browser.get("/enter/", query(to_programme))
    assert programme_browser.session.session_key != planted
    assert programme_browser.session[SESSION_KEY] == str(maya.pk)


def refused(browser, code):
    response = browser.get("/enter/", {"code": code})
    assert response.status_code == 403
    assert SESSION_KEY not in browser.session
    return response


def test_a_code_works_once(maya, public_client, programme_browser):
    code = query(code_for(public_client, ask(programme_browser)))["code"]
    programme_browser.get("/enter/", {"code": code})
    thief = Client(headers=HARBOUR)
    thief.cookies["handover"] = "x" * 32
    refused(thief, code)


def test_of_many_requests_with_one_code_one_wins(in_threads, now):
    programme = Programme.objects.get(slug="harbour")
    user = User.objects.create_user("ann@example.com", "correct horse battery")
    Membership.objects.create(user=user, programme=programme, role="owner")
    connection.set_tenant(programme)
    code = handover.issue_code(user=user, programme=programme, state="s", next_path="/", session_key="", now=now)

    def consume():
        return handover.consume_code(code=code, state="s", programme=programme, now=now)

    results = in_threads([consume] * 6)
    assert sum(isinstance(one, HandoverCode) for one in results) == 1
    assert sum(isinstance(one, handover.CodeRefused) for one in results) == 5


def test_a_code_of_another_browser_is_refused_and_spent(maya, public_client, programme_browser):
    code = query(code_for(public_client, ask(programme_browser)))["code"]
    victim = Client(headers=HARBOUR)
    ask(victim)
    refused(victim, code)
    refused(programme_browser, code)


def test_a_browser_without_the_nonce_is_refused(maya, public_client, programme_browser):
    code = query(code_for(public_client, ask(programme_browser)))["code"]
    refused(Client(headers=HARBOUR), code)


def test_a_code_of_one_programme_is_refused_on_the_other(maya, public_client, programme_browser, other_programme):
    Membership.objects.create(user=maya, programme=other_programme, role="owner")
    state = ask(programme_browser)
    code = query(code_for(public_client, state))["code"]
    elsewhere = Client(headers=MEADOW)
    elsewhere.cookies["handover"] = state
    refused(elsewhere, code)


def test_a_code_is_too_old_after_a_minute(programme, owner, now):
    code = handover.issue_code(user=owner, programme=programme, state="s", next_path="/", session_key="", now=now)
    with pytest.raises(handover.CodeRefused):
        handover.consume_code(code=code, state="s", programme=programme, now=now + timedelta(seconds=60))
    assert handover.consume_code(code=code, state="s", programme=programme, now=now + timedelta(seconds=59))


def test_a_membership_that_ended_meanwhile_counts(programme, owner, now):
    code = handover.issue_code(user=owner, programme=programme, state="s", next_path="/", session_key="", now=now)
    Membership.objects.filter(user=owner).delete()
    with pytest.raises(handover.NotAMember):
        handover.consume_code(code=code, state="s", programme=programme, now=now)


def test_nothing_secret_is_stored(programme, owner, now):
    code = handover.issue_code(user=owner, programme=programme, state="st", next_path="/", session_key="", now=now)
    stored = HandoverCode.objects.get()
    assert len(code) >= 43  # 256 bits
    assert code.encode() not in bytes(stored.code_digest)
    assert bytes(stored.state_digest) != b"st"


def test_old_codes_are_swept_away(programme, owner, now):
    make = {"user": owner, "programme": programme, "state": "s", "next_path": "/", "session_key": ""}
    handover.issue_code(**make, now=now)
    handover.issue_code(**make, now=now + timedelta(minutes=5))
    assert HandoverCode.objects.count() == 1


def test_outsiders_get_no_code(outsider, public_client, programme):
    connection.set_schema_to_public()
    public_client.force_login(outsider)
    response = public_client.get("/enter/harbour/", {"state": "x" * 32})
    assert response.status_code == 403
    assert "omar@example.com" in response.content.decode()
    assert not HandoverCode.objects.exists()


def test_platform_staff_have_no_silent_power(public_client, programme):
    root = User.objects.create_superuser("root@example.com", "correct horse battery")
    connection.set_schema_to_public()
    public_client.force_login(root)
    assert public_client.get("/enter/harbour/", {"state": "x" * 32}).status_code == 403
    inside = Client(headers=HARBOUR)
    connection.set_tenant(programme)
    inside.force_login(root)
    assert inside.get("/settings/team/").status_code == 403


def test_anonymous_people_log_in_first_and_come_back(public_client, programme):
    response = public_client.get("/enter/harbour/", {"state": "abc", "next": "/x/"})
    assert response.status_code == 302
    login = public_client.get(response.url)
    assert login.url.startswith("/accounts/login/?next=%2Fenter%2Fharbour%2F%3Fstate%3Dabc")


def test_a_link_without_a_state_starts_at_the_programme(maya, public_client):
    response = public_client.get("/enter/harbour/")
    assert response.url == "http://harbour.localhost:8000/login/?next=%2F"
    assert not HandoverCode.objects.exists()


@pytest.mark.parametrize("slug", ["nowhere", "public"])
def test_a_programme_that_is_not_there_is_404(maya, public_client, slug):
    assert public_client.get(f"/enter/{slug}/", {"state": "x"}).status_code == 404


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "", "x"]
)
def test_log_in_leads_nowhere_else(maya, public_client, programme_browser, path):
    assert safe_path(path) == "/"
    to_programme = code_for(public_client, ask(programme_browser), next_path=path)
    assert programme_browser.get("/enter/", query(to_programme)).url == "/"


def test_a_session_of_one_programme_is_anonymous_on_the_other(owner, client_of, other_programme):
    Membership.objects.create(user=owner, programme=other_programme, role="owner")
    browser = client_of(owner)
    assert browser.get("/settings/team/").status_code == 200
    response = browser.get("/settings/team/", headers=MEADOW)
    assert (response.status_code, response.url) == (302, "/login/?next=/settings/team/")


def test_logging_out_ends_both_sessions(maya, public_client, programme_browser):
    to_programme = code_for(public_client, ask(programme_browser))
    programme_browser.get("/enter/", query(to_programme))
    assert programme_browser.get("/logout/").status_code == 405
    response = programme_browser.post("/logout/")
    assert (response.status_code, response.url) == (303, "http://localhost:8000/")
    assert programme_browser.get("/settings/team/").status_code == 302
    assert public_client.get("/programmes/").status_code == 302


def test_members_do_not_go_round_again(owner, client_of):
    assert client_of(owner).get("/login/?next=/settings/team/").url == "/settings/team/"


def test_the_switcher_shows_a_persons_own_programmes(owner, outsider, client_of, other_programme):
    page = client_of(owner).get("/switcher/").content.decode()
    assert "Harbour" in page
    assert "Meadow" not in page
    Membership.objects.create(user=owner, programme=other_programme, role="analyst")
    page = client_of(owner).get("/switcher/").content.decode()
    assert "http://localhost:8000/enter/meadow/" in page
    assert client_of(None).get("/switcher/").status_code == 302
    assert client_of(outsider).get("/switcher/").status_code == 403
