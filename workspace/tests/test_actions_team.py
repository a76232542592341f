"""The rules of a team, below its page: last owner, limits, invitations that work once."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.errors import InvalidInput, NotFound, PermissionRefused
from core.permissions import Role
from programs.models import ApiSession, Invitation, Membership, Programme, User
from workspace.actions import team
from workspace.models import AuditEntry, Business


def actor_for(user):
    return Actor(kind="user", id=str(user.pk), label=str(user), user_id=user.pk)


def change(programme, who, by, role, business=None):
    return team.change_member(
        programme=programme,
        code=Membership.objects.get(user=who).code,
        changes={"role": role, "business_id": business.pk if business else None},
        actor=actor_for(by),
    )


def remove(programme, who, by):
    code = Membership.objects.get(user=who, programme=programme).code
    team.remove_member(programme=programme, code=code, actor=actor_for(by), now=timezone.now())


def invite(programme, by, now, email="ann@example.com", role=Role.MARKETER, business=None):
    return team.invite(
        programme=programme,
        email=email,
        role=role,
        business_id=business.pk if business else None,
        actor=actor_for(by),
        now=now,
    )


@pytest.fixture
def ann(db):
    user = User.objects.create_user("ann@example.com", "correct horse battery", name="Ann")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def accept(issued, user, now):
    connection.set_schema_to_public()
    try:
        return team.accept_invitation(token=team.token_of(issued), user=user, ip="192.0.2.7", now=now)
    finally:
        connection.set_tenant(issued.programme)


# -- members


def test_the_last_owner_can_neither_leave_nor_step_down(programme, owner):
    with pytest.raises(team.LastOwner):
        remove(programme, owner, owner)
    with pytest.raises(team.LastOwner):
        change(programme, owner, owner, Role.MANAGER)
    assert Membership.objects.get(user=owner).role == Role.OWNER
    assert not AuditEntry.objects.exists()


def test_an_owner_in_another_programme_or_a_closed_account_is_no_second_owner(programme, owner, outsider, make_member):
    gone = make_member("gone@example.com", Role.OWNER)
    gone.is_active = False
    gone.save()
    with pytest.raises(team.LastOwner):
        remove(programme, owner, owner)


def test_two_owners_who_remove_each_other_at_once_leave_one(in_threads):
    programme = Programme.objects.get(slug="harbour")
    people = [User.objects.create_user(f"o{n}@example.com", "correct horse battery") for n in range(2)]
    for person in people:
        Membership.objects.create(user=person, programme=programme, role=Role.OWNER)
    connection.set_tenant(programme)
    results = in_threads(
        [lambda: remove(programme, people[1], people[0]), lambda: remove(programme, people[0], people[1])]
    )
    assert Membership.objects.filter(programme=programme, role=Role.OWNER).count() == 1
    assert results.count(None) == 1


def test_two_changes_at_once_keep_what_the_other_wrote(in_threads):
    programme = Programme.objects.get(slug="harbour")
    boss, ann = (User.objects.create_user(f"{name}@example.com", "correct horse battery") for name in ("boss", "ann"))
    Membership.objects.create(user=boss, programme=programme, role=Role.OWNER)
    member = Membership.objects.create(user=ann, programme=programme, role=Role.MARKETER)
    connection.set_tenant(programme)
    business = Business.objects.create(name="Quayside")

    def write(changes):
        return team.change_member(programme=programme, code=member.code, changes=changes, actor=actor_for(boss))

    in_threads([lambda: write({"role": Role.ANALYST}), lambda: write({"business_id": business.pk})])
    member.refresh_from_db()
    assert (member.role, member.business_id) == (Role.ANALYST, business.pk)


@pytest.mark.parametrize("now_they_are", [{"role": Role.ANALYST}, None], ids=["demoted", "removed"])
def test_who_managed_the_team_a_moment_ago_changes_nothing(programme, owner, manager, marketer, now, now_they_are):
    """The request had checked the permission; the change waited for its turn."""
    late, code = actor_for(manager), Membership.objects.get(user=marketer).code
    open_one = invite(programme, owner, now).code
    theirs = Membership.objects.filter(user=manager)
    theirs.update(**now_they_are) if now_they_are else theirs.delete()
    who = {"programme": programme, "actor": late}
    for act in (
        lambda: team.change_member(**who, code=code, changes={"role": Role.MANAGER}),
        lambda: team.remove_member(**who, code=code, now=now),
        lambda: team.invite(**who, email="x@example.com", role=Role.MANAGER, business_id=None, now=now),
        lambda: team.renew_invitation(**who, code=open_one, now=now),
        lambda: team.revoke_invitation(**who, code=open_one, now=now),
    ):
        with pytest.raises(PermissionRefused):
            act()
    assert Membership.objects.get(user=marketer).role == Role.MARKETER
    assert [one.code for one in Invitation.objects.filter(revoked_at=None)] == [open_one]


def test_who_was_limited_a_moment_ago_reaches_their_business_only(programme, manager, marketer, business):
    late = actor_for(manager)
    Membership.objects.filter(user=manager).update(business_id=business.pk)
    with pytest.raises(NotFound):
        team.change_member(
            programme=programme,
            code=Membership.objects.get(user=marketer).code,
            changes={"role": Role.ANALYST},
            actor=late,
        )


def test_a_change_is_written_once_with_before_and_after(programme, owner, marketer, business):
    change(programme, marketer, owner, Role.ANALYST, business)
    change(programme, marketer, owner, Role.ANALYST, business)
    entry = AuditEntry.objects.get(action="workspace.member.changed")
    assert entry.data["before"] == {"role": "marketer", "business": None}
    assert (entry.data["role"], entry.data["business"]) == ("analyst", business.pk)


def test_a_cashier_needs_a_business(programme, owner, marketer):
    with pytest.raises(team.BusinessNeeded):
        change(programme, marketer, owner, Role.CASHIER)
    assert Membership.objects.get(user=marketer).role == Role.MARKETER


def test_a_manager_neither_withdraws_nor_replaces_the_invitation_of_an_owner(programme, owner, manager, now):
    code = invite(programme, owner, now, role=Role.OWNER).code
    with pytest.raises(team.OwnersOnly):
        invite(programme, manager, now)
    with pytest.raises(team.OwnersOnly):
        team.revoke_invitation(programme=programme, code=code, actor=actor_for(manager), now=now)
    assert Invitation.objects.get(code=code).revoked_at is None


def test_somebody_limited_to_a_business_replaces_no_invitation_of_others(programme, owner, make_member, business, now):
    lead = make_member("lead@example.com", Role.MANAGER, business=business)
    code = invite(programme, owner, now).code
    with pytest.raises(PermissionRefused):
        invite(programme, lead, now, role=Role.CASHIER, business=business)
    assert Invitation.objects.get(code=code).revoked_at is None


def test_an_owner_cannot_be_limited(programme, owner, marketer, business):
    with pytest.raises(team.OwnerNotLimited):
        change(programme, marketer, owner, Role.OWNER, business)


def test_a_business_of_another_programme_cannot_be_given(programme, other_programme, owner, marketer):
    with tenant_context(other_programme):
        foreign = Business.objects.create(pk=424242, name="Elsewhere")
    with pytest.raises(InvalidInput):
        change(programme, marketer, owner, Role.CASHIER, foreign)


def test_only_owners_touch_owners(programme, owner, manager, marketer):
    for who, role in ((marketer, Role.OWNER), (owner, Role.ANALYST)):
        with pytest.raises(team.OwnersOnly):
            change(programme, who, manager, role)
    with pytest.raises(team.OwnersOnly):
        remove(programme, owner, manager)


def test_somebody_limited_to_a_business_reaches_only_its_people(
    programme, business, other_business, make_member, marketer, cashier
):
    lead = make_member("lead@example.com", Role.MANAGER, business=business)
    with pytest.raises(NotFound):
        change(programme, marketer, lead, Role.ANALYST, business)
    with pytest.raises(PermissionRefused):
        change(programme, cashier, lead, Role.CASHIER, other_business)
    assert change(programme, cashier, lead, Role.ANALYST, business).role == Role.ANALYST


def test_a_member_of_another_programme_is_not_there(programme, owner, outsider):
    foreign = Membership.objects.get(user=outsider)
    with pytest.raises(NotFound):
        team.remove_member(programme=programme, code=foreign.code, actor=actor_for(owner), now=timezone.now())
    assert Membership.objects.filter(pk=foreign.pk).exists()


def test_who_is_removed_and_comes_back_logs_in_again(
    programme, other_programme, owner, marketer, manager, client_of, make_tokens
):
    """Sessions of an earlier membership stay dead, here only: those of others and of elsewhere live on."""

    def status(browser):
        return browser.get("/settings/businesses/").status_code

    def session(user, of):
        return ApiSession.objects.get(pk=make_tokens(user, of=of).session.pk)

    Membership.objects.create(user=marketer, programme=other_programme, role=Role.MARKETER)
    browser, colleague = client_of(marketer), client_of(manager)
    elsewhere = client_of(marketer, on=other_programme)
    ended, untouched = session(marketer, programme), [session(manager, programme), session(marketer, other_programme)]
    assert [status(one) for one in (browser, colleague, elsewhere)] == [200, 200, 200]
    connection.set_tenant(programme)
    remove(programme, marketer, owner)
    Membership.objects.create(user=marketer, programme=programme, role=Role.MARKETER)
    assert [status(one) for one in (browser, colleague, elsewhere)] == [302, 200, 200]
    ended.refresh_from_db()
    assert ended.revoked_at is not None
    assert not ApiSession.objects.filter(pk__in=[one.pk for one in untouched], revoked_at__isnull=False).exists()


# -- invitations


def test_an_invitation_makes_a_member_once(programme, owner, ann, business, now):
    issued = invite(programme, owner, now, role=Role.CASHIER, business=business)
    first = accept(issued, ann, now)
    assert (first.role, first.business_id) == (Role.CASHIER, business.pk)
    assert accept(issued, ann, now).pk == first.pk
    assert Membership.objects.filter(user=ann).count() == 1
    entry = AuditEntry.objects.get(action="workspace.member.joined")
    assert (entry.actor, entry.ip) == (f"user:{ann.pk}", "192.0.2.7")


def test_only_a_digest_of_the_token_is_kept(programme, owner, now):
    issued = invite(programme, owner, now)
    stored = Invitation.objects.get()
    assert len(bytes(stored.token_digest)) == 32
    assert team.token_of(issued) not in str(stored.__dict__)


def test_another_e_mail_is_refused(programme, owner, ann, now):
    issued = invite(programme, owner, now, email="somebody.else@example.com")
    with pytest.raises(team.WrongEmail):
        accept(issued, ann, now)
    assert not Membership.objects.filter(user=ann).exists()


def test_an_e_mail_that_nobody_proved_is_refused(programme, owner, ann, now):
    EmailAddress.objects.update(verified=False)
    issued = invite(programme, owner, now)
    with pytest.raises(team.WrongEmail):
        accept(issued, ann, now)


@pytest.mark.parametrize("days", [7, 30])
def test_after_seven_days_it_is_over(programme, owner, ann, now, days):
    issued = invite(programme, owner, now)
    with pytest.raises(team.InvitationGone):
        accept(issued, ann, now + timedelta(days=days))
    assert team.find_invitation(token=team.token_of(issued), now=now + timedelta(days=6, hours=23))


def test_a_renewed_link_works_and_the_old_one_does_not(programme, owner, ann, now):
    old = invite(programme, owner, now)
    new = team.renew_invitation(programme=programme, code=old.code, actor=actor_for(owner), now=now + timedelta(days=8))
    with pytest.raises(team.InvitationGone):
        accept(old, ann, now)
    assert accept(new, ann, now + timedelta(days=9)).role == Role.MARKETER


def test_inviting_again_replaces_the_open_one(programme, owner, ann, now):
    old = invite(programme, owner, now)
    new = invite(programme, owner, now, email="ANN@example.com", role=Role.ANALYST)
    with pytest.raises(team.InvitationGone):
        accept(old, ann, now)
    assert accept(new, ann, now).role == Role.ANALYST


def test_a_withdrawn_one_is_gone(programme, owner, ann, now):
    issued = invite(programme, owner, now)
    revoke = {"programme": programme, "code": issued.code, "now": now, "actor": actor_for(owner)}
    team.revoke_invitation(**revoke)
    with pytest.raises(team.InvitationGone):
        accept(issued, ann, now)
    with pytest.raises(NotFound):
        team.revoke_invitation(**revoke)


def test_a_member_is_not_invited_again(programme, owner, marketer, now):
    with pytest.raises(team.AlreadyMember):
        invite(programme, owner, now, email=marketer.email.upper())
    assert not Invitation.objects.exists()


def test_a_manager_cannot_invite_an_owner(programme, manager, now):
    with pytest.raises(team.OwnersOnly):
        invite(programme, manager, now, role=Role.OWNER)


def test_an_invitation_never_lifts_somebody_who_is_a_member_meanwhile(programme, owner, ann, now):
    issued = invite(programme, owner, now, role=Role.OWNER)
    Membership.objects.create(user=ann, programme=programme, role=Role.ANALYST)
    assert accept(issued, ann, now).role == Role.ANALYST


def test_a_spent_link_is_no_way_back_after_removal(programme, owner, ann, now):
    issued = invite(programme, owner, now)
    accept(issued, ann, now)
    remove(programme, ann, owner)
    with pytest.raises(team.InvitationGone):
        accept(issued, ann, now)


def test_one_link_used_many_times_at_once_makes_one_member(in_threads, now):
    programme = Programme.objects.get(slug="harbour")
    boss = User.objects.create_user("boss@example.com", "correct horse battery")
    ann = User.objects.create_user("ann@example.com", "correct horse battery")
    EmailAddress.objects.create(user=ann, email=ann.email, verified=True, primary=True)
    Membership.objects.create(user=boss, programme=programme, role=Role.OWNER)
    connection.set_tenant(programme)
    issued = invite(programme, boss, now)
    connection.set_schema_to_public()
    results = in_threads([lambda: team.accept_invitation(token=team.token_of(issued), user=ann, ip=None, now=now)] * 4)
    assert len({one.pk for one in results}) == 1
    connection.set_tenant(programme)
    assert AuditEntry.objects.filter(action="workspace.member.joined").count() == 1
