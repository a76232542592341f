"""A business joins a programme: by the code, by invitation, with the owner's approval; nothing shows before it."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import PermissionRefused
from core.permissions import Role
from loyalty.actions.settings import change_settings
from loyalty.models import EarningRate
from programs.actions.people import create_person
from programs.models import BusinessInvitation, JoinRequest, JoinSettings, Membership, Programme, User
from screens.actions.joining import approve_request
from screens.joining import terms_of
from workspace.actions import join_codes, joining
from workspace.models import AuditEntry, Business

PAGE = "/settings/businesses/joining/"
GIVEN = {
    "name": "Fern & Fig",
    "category": "grocery",
    "contact_person": "Ines Duarte",
    "email": "shop@fern.example",
    "address": "3 Low Street",
    "points_per_unit": "2",
    "agree": "on",
}


@pytest.fixture
def ines(db):
    return create_person(email="ines@example.com", password="correct horse battery", name="Ines", is_verified=True)


@pytest.fixture
def code(programme, actor):
    """The join code of "harbour", switched on."""
    return join_codes.code_of(join_codes.rotate_join_code(programme=programme, actor=actor, now=timezone.now()))


def on_public(user=None):
    connection.set_schema_to_public()
    client = Client(headers={"host": "localhost"}, raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def ask(client, path, **changes):
    """Open the page, and send its form."""
    connection.set_schema_to_public()
    mark = re.search(r'name="terms" value="(\w+)"', client.get(path).content.decode())
    given = {**GIVEN, "terms": mark.group(1) if mark else "", **changes}
    return client.post(path, {key: value for key, value in given.items() if value is not None})


@pytest.fixture
def asked(ines, code, programme):
    """Ines has asked with the code."""
    response = ask(on_public(ines), f"/join/{code}/")
    assert response.status_code == 303, response.content
    connection.set_tenant(programme)
    return JoinRequest.objects.get()


def approve(client_of, owner, asked, **changes):
    path = f"{PAGE}requests/{asked.code}/approve/"
    return client_of(owner).post(path, {"name": asked.name, "points_per_unit": "3", **changes})


# -- the code ---------------------------------------------------------------------------------------------------------


def test_the_owner_switches_the_code_on_sees_it_with_a_picture_and_changes_it(client_of, owner, programme):
    browser = client_of(owner)
    assert "No business is waiting" in browser.get(PAGE).content.decode()
    assert not JoinSettings.objects.exists()  # looking makes nothing
    assert browser.post(f"{PAGE}code/", {"is_on": "on", "max_uses": "2"}).status_code == 303
    page = browser.get(PAGE).content.decode()
    stored = JoinSettings.objects.get()
    first = join_codes.code_of(stored)
    assert first in page
    assert f"http://localhost:8000/join/{first}/" in page
    assert "data:image/svg+xml" in page
    browser.post(f"{PAGE}code/rotate/")
    second = join_codes.code_of(JoinSettings.objects.get())
    assert second != first
    assert on_public().get(f"/join/{first}/").status_code == 404
    assert on_public().get(f"/join/{second}/").status_code == 200


def test_the_table_does_not_hold_the_code(code):
    stored = JoinSettings.objects.get()
    plain = code.replace("-", "")
    assert plain not in stored.seed.upper()
    assert plain.encode() not in bytes(stored.code_digest)


@pytest.mark.parametrize(
    "change",
    [
        {"is_on": False},
        {"expires_at": timezone.now() - timedelta(minutes=1)},
        {"max_uses": 2, "uses": 2},
    ],
)
def test_a_code_that_is_off_old_or_used_up_answers_as_one_that_never_was(code, change):
    JoinSettings.objects.update(**change)
    refused = on_public().get(f"/join/{code}/")
    never = on_public().get("/join/AAAA-BBBB-CCCC-DDDD/")
    assert (refused.status_code, never.status_code) == (404, 404)
    shown = [re.search(r"<main.*</main>", one.content.decode(), re.DOTALL).group() for one in (refused, never)]
    assert shown[0] == shown[1]
    assert b"Harbour" not in refused.content


def test_a_code_is_read_however_it_was_typed(code):
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " ")):
        assert "Join Harbour" in on_public().get(f"/join/{typed}/").content.decode()
    forward = on_public().get("/join/", {"code": f" {code.lower()} "})
    assert on_public().get(forward.url).status_code == 200


def test_a_code_of_a_closed_programme_opens_nothing(code, programme):
    type(programme).objects.update(is_active=False)
    assert on_public().get(f"/join/{code}/").status_code == 404


def test_trying_codes_is_limited_by_address(code, settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "join-code": (3, 10**9)}
    for _try in range(3):
        assert on_public().get("/join/AAAA-BBBB-CCCC-DDDD/").status_code == 404
    assert on_public().get(f"/join/{code}/").status_code == 429


def test_the_last_use_is_had_by_one(code):
    JoinSettings.objects.update(max_uses=1)
    people = [
        create_person(email=f"p{number}@example.com", password=None, name="P", is_verified=True) for number in range(2)
    ]
    assert ask(on_public(people[0]), f"/join/{code}/").status_code == 303
    assert ask(on_public(people[1]), f"/join/{code}/").status_code == 404
    assert JoinRequest.objects.count() == 1


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ANALYST, Role.CASHIER])
def test_only_owners_manage_joining(client_of, make_member, business, role):
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    assert client_of(person).get(PAGE).status_code == 403
    assert client_of(person).post(f"{PAGE}code/rotate/").status_code == 403
    assert "joining" not in client_of(person).get("/settings/businesses/").content.decode()


def test_a_key_limited_to_a_business_manages_nothing(programme, business):
    bound = Actor(kind="api", id="1", label="Key", business_id=business.pk)
    with pytest.raises(PermissionRefused):
        join_codes.rotate_join_code(programme=programme, actor=bound, now=timezone.now())


# -- asking -----------------------------------------------------------------------------------------------------------


def test_a_new_person_signs_up_asks_is_approved_and_runs_their_shop(
    client_of, owner, code, programme, run_queue, business
):
    path = f"/join/{code}/"
    browser = on_public()
    page = browser.get(path).content.decode()
    assert "Join Harbour" in page
    assert "100 points are worth" in page
    assert "£1.00" in page
    assert "Quayside" not in page
    next_path = re.search(r"/accounts/signup/\?(next=[^\"&]+)", page).group(1)
    values = {"name": "Ines", "email": "ines@example.com", "password1": "correct horse battery", "next": path}
    response = browser.post(f"/accounts/signup/?{next_path}", values)
    run_queue()
    digits = next(line for line in mail.outbox[-1].body.splitlines() if line.isdigit())
    assert browser.post(response.url, {"code": digits}).url == path
    response = ask(browser, path)
    state = response.url
    assert state.startswith("/join/requests/")
    assert "Waiting for approval" in browser.get(state).content.decode()
    assert browser.get(path).url == state  # one request at a time
    assert "Your requests to join" in browser.get("/programmes/").content.decode()
    run_queue()
    assert mail.outbox[-1].to == [owner.email]
    assert "Fern & Fig asks to join Harbour" in mail.outbox[-1].subject

    asked = JoinRequest.objects.get()
    theirs = client_of(User.objects.get(email="ines@example.com"))
    assert theirs.get("/settings/businesses/").status_code != 200
    assert browser.get("/enter/harbour/?state=x").status_code == 403
    admin = client_of(owner)
    assert "1 business asks to join your programme" in admin.get("/").content.decode()
    page = admin.get(f"{PAGE}requests/{asked.code}/").content.decode()
    assert "3 Low Street" in page
    assert approve(client_of, owner, asked).status_code == 303
    run_queue()
    assert mail.outbox[-1].to == ["ines@example.com"]
    assert "part of Harbour" in mail.outbox[-1].subject
    connection.set_tenant(programme)
    shop = Business.objects.get(name="Fern & Fig")
    assert (shop.email, shop.address, shop.category) == ("shop@fern.example", "3 Low Street", "grocery")
    assert EarningRate.objects.get(business=shop).points_per_unit == Decimal(3)
    member = Membership.objects.get(user__email="ines@example.com")
    assert (member.role, member.business_id) == (Role.MANAGER, shop.pk)
    page = theirs.get("/settings/businesses/").content.decode()
    assert "Fern &amp; Fig" in page
    assert "Quayside" not in page
    assert "asks to join" not in admin.get("/").content.decode()
    acts = AuditEntry.objects.filter(action__contains="join").values_list("action", flat=True)
    assert {"workspace.join_request.sent", "workspace.join_request.approved", "workspace.member.joined"} <= set(acts)


@pytest.mark.parametrize("field", ["name", "contact_person", "email", "address", "points_per_unit", "agree"])
def test_each_field_is_needed(ines, code, field):
    response = ask(on_public(ines), f"/join/{code}/", **{field: None})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not JoinRequest.objects.exists()


def test_terms_that_changed_meanwhile_are_agreed_to_again(ines, code, programme, actor):
    path, browser = f"/join/{code}/", on_public(ines)
    old = re.search(r'name="terms" value="(\w+)"', browser.get(path).content.decode()).group(1)
    with tenant_context(programme):
        change_settings(point_value=Decimal("0.05"), expiry_months=None, actor=actor)
    response = browser.post(path, {**GIVEN, "terms": old})
    assert response.status_code == 422
    page = response.content.decode()
    assert "The terms have changed" in page
    assert old not in page
    assert "checked" not in page
    assert ask(browser, path).status_code == 303
    assert JoinRequest.objects.get().terms["point_value"] == "0.050000"


def test_a_double_click_asks_once(ines, code):
    browser, path = on_public(ines), f"/join/{code}/"
    first, second = ask(browser, path), ask(browser, path)
    assert first.url == second.url
    assert (JoinRequest.objects.count(), JoinSettings.objects.get().uses) == (1, 1)


def test_who_is_on_the_team_asks_for_no_other_business(code, marketer):
    refused = ask(on_public(marketer), f"/join/{code}/")
    assert refused.status_code == 409
    assert "on the team" in refused.content.decode()
    assert JoinSettings.objects.get().uses == 0


def test_a_request_is_withdrawn_by_its_sender_only(ines, asked, outsider, client_of, owner):
    path = f"/join/requests/{asked.code}/"
    assert on_public(outsider).get(path).status_code == 404
    assert on_public(outsider).post(f"{path}withdraw/").status_code == 404
    assert on_public().get(path).status_code == 302
    for _time in range(2):
        assert on_public(ines).post(f"{path}withdraw/").status_code == 303
    asked.refresh_from_db()
    assert asked.state == "withdrawn"
    connection.set_tenant(asked.programme)
    assert approve(client_of, owner, asked).status_code == 409
    assert not Business.objects.filter(name=asked.name).exists()


# -- deciding ---------------------------------------------------------------------------------------------------------


def test_approving_twice_opens_one_business(client_of, owner, asked, programme):
    assert [approve(client_of, owner, asked).status_code for _time in range(2)] == [303, 303]
    connection.set_tenant(programme)
    assert Business.objects.filter(name=asked.name).count() == 1
    assert AuditEntry.objects.filter(action="workspace.join_request.approved").count() == 1


def test_two_owners_who_approve_at_the_same_moment_open_one_business(in_threads):
    connection.set_schema_to_public()
    programme = Programme.objects.get(slug="harbour")
    owner = User.objects.create_user("maya@example.com", None, name="Maya")
    ines = create_person(email="ines@example.com", password=None, name="Ines", is_verified=True)
    Membership.objects.create(user=owner, programme=programme, role=Role.OWNER)
    asked = JoinRequest.objects.create(
        programme=programme, user=ines, name="Fern", contact_person="I", email="i@example.com", category="cafe",
        points_per_unit=2,
    )  # fmt: skip
    connection.set_tenant(programme)
    actor = Actor(kind="user", id=str(owner.pk), label="Maya", user_id=owner.pk)

    def act():
        return approve_request(
            programme=programme, code=asked.code, name="Fern", points_per_unit=Decimal(2), actor=actor,
            now=timezone.now(),
        ).business_id  # fmt: skip

    made = in_threads([act, act, act])
    assert len(set(made)) == 1, made
    assert Business.objects.filter(name="Fern").count() == 1
    assert Membership.objects.filter(user=ines).count() == 1


def test_a_name_that_is_taken_is_changed_by_the_owner(client_of, owner, asked, business):
    response = approve(client_of, owner, asked, name="Quayside")
    assert response.status_code == 422
    assert "Another business" in response.content.decode()
    assert approve(client_of, owner, asked, points_per_unit="-1").status_code == 422
    assert not Membership.objects.filter(user=asked.user).exists()
    assert approve(client_of, owner, asked, name="Quayside Two").status_code == 303


def test_an_address_that_is_not_proved_cannot_be_approved(client_of, owner, asked):
    EmailAddress.objects.filter(user=asked.user).update(verified=False)
    assert "not proved yet" in client_of(owner).get(f"{PAGE}requests/{asked.code}/").content.decode()
    assert approve(client_of, owner, asked).status_code == 409
    assert not Business.objects.filter(name=asked.name).exists()


def test_who_joined_the_team_meanwhile_is_told_apart(client_of, owner, asked, programme, business):
    Membership.objects.create(user=asked.user, programme=programme, role=Role.CASHIER, business_id=business.pk)
    response = approve(client_of, owner, asked)
    assert response.status_code == 409
    assert "on the team" in response.content.decode()
    assert not Business.objects.filter(name=asked.name).exists()


def test_a_decline_has_a_reason_that_is_mailed(client_of, owner, asked, ines, run_queue, programme):
    path = f"{PAGE}requests/{asked.code}/decline/"
    assert client_of(owner).post(path, {"reason": " "}).status_code == 422
    assert client_of(owner).post(path, {"reason": "Too far away"}).status_code == 303
    assert client_of(owner).post(path, {"reason": "Again"}).status_code == 303
    run_queue()
    assert [message.to for message in mail.outbox if "declined" in message.subject] == [["ines@example.com"]]
    assert "Too far away" in mail.outbox[-1].body
    assert "Too far away" in on_public(ines).get(f"/join/requests/{asked.code}/").content.decode()
    connection.set_tenant(programme)
    assert approve(client_of, owner, asked).status_code == 409


def test_another_programmes_owner_finds_no_request(client_of, outsider, other_programme, asked):
    browser = client_of(outsider, on=other_programme)
    for path in ("", "approve/", "decline/"):
        call = browser.post if path else browser.get
        body = {"name": "X", "points_per_unit": "1", "reason": "No"}
        assert call(f"{PAGE}requests/{asked.code}/{path}", body).status_code == 404
    page = browser.get(PAGE).content.decode()
    assert "Fern" not in page
    asked.refresh_from_db()
    assert asked.state == "waiting"


# -- invitations ------------------------------------------------------------------------------------------------------


def invited(client_of, owner, run_queue, **changes):
    given = {"name": "Fern & Fig", "email": "Ines@Example.com", "points_per_unit": "1,5", **changes}
    response = client_of(owner).post(f"{PAGE}invited/", given)
    assert response.status_code == 303, response.context["invitation_form"].errors
    run_queue()
    return next(word for word in mail.outbox[-1].body.split() if "/join/" in word).removeprefix("http://localhost:8000")


def test_an_invited_business_is_in_when_it_accepts_the_terms(client_of, owner, ines, run_queue, programme):
    path = invited(client_of, owner, run_queue)
    assert "Ines" not in on_public().get(path).content.decode()
    response = ask(on_public(ines), path, points_per_unit="9")
    assert "Approved" in on_public(ines).get(response.url).content.decode()
    connection.set_tenant(programme)
    shop = Business.objects.get(name="Fern & Fig")
    assert EarningRate.objects.get(business=shop).points_per_unit == Decimal("1.5")  # as the owner said
    assert Membership.objects.get(user=ines).business_id == shop.pk
    assert on_public(ines).get(path).status_code == 404  # works once


def test_a_programme_may_want_to_approve_invited_ones_too(client_of, owner, ines, run_queue, programme):
    client_of(owner).post(f"{PAGE}code/", {"asks_invited": "on"})
    path = invited(client_of, owner, run_queue)
    response = ask(on_public(ines), path)
    assert "Waiting for approval" in on_public(ines).get(response.url).content.decode()
    connection.set_tenant(programme)
    assert not Business.objects.filter(name="Fern & Fig").exists()


def test_an_invitation_is_for_one_address(client_of, owner, outsider, run_queue):
    EmailAddress.objects.create(user=outsider, email=outsider.email, verified=True, primary=True)
    path = invited(client_of, owner, run_queue)
    page = on_public(outsider).get(path).content.decode()
    assert "The invitation is for ines@example.com" in page
    assert 'name="agree"' not in page
    door = joining.find_door(path.split("/")[2], now=timezone.now())
    sent = on_public(outsider).post(path, {**GIVEN, "terms": terms_of(door.programme, door.settings).mark})
    assert sent.status_code == 403
    assert not JoinRequest.objects.exists()


def test_invitations_are_sent_again_and_withdrawn(client_of, owner, run_queue, programme):
    first = invited(client_of, owner, run_queue)
    code = BusinessInvitation.objects.get().code
    browser = client_of(owner)
    assert browser.post(f"{PAGE}invited/{code}/renew/").status_code == 303
    run_queue()
    second = next(word for word in mail.outbox[-1].body.split() if "/join/" in word).removeprefix(
        "http://localhost:8000"
    )
    assert [on_public().get(path).status_code for path in (first, second)] == [404, 200]
    assert browser.post(f"{PAGE}invited/{code}/revoke/").status_code == 303
    assert on_public().get(second).status_code == 404
    assert browser.post(f"{PAGE}invited/{code}/revoke/").status_code == 404


def test_a_name_taken_after_the_invitation_waits_for_the_owner(client_of, owner, ines, run_queue, programme):
    path = invited(client_of, owner, run_queue)
    with tenant_context(programme):
        Business.objects.create(name="Fern & Fig")
    ask(on_public(ines), path)
    assert JoinRequest.objects.get().state == "waiting"


def test_bad_invitations_say_where(client_of, owner, marketer, business):
    for change, field in (
        ({"email": "x"}, "email"),
        ({"email": "elif@example.com"}, "email"),
        ({"name": "Quayside"}, "name"),
        ({"points_per_unit": "lots"}, "points_per_unit"),
    ):
        given = {"name": "Fern", "email": "i@example.com", "points_per_unit": "1", **change}
        response = client_of(owner).post(f"{PAGE}invited/", given)
        assert response.status_code == 422
        assert list(response.context["invitation_form"].errors) == [field]
    assert not BusinessInvitation.objects.exists()
