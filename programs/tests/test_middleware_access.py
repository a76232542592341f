"""A view that says nothing is refused; what it says is enforced before it runs."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory

from core.permissions import Perm, Role, member_only, open_to_all, requires, signed_in
from programs.access import access_of
from programs.middleware import MembershipMiddleware


def plain(request):
    return HttpResponse("ran")


def ask(view, user, programme):
    request = RequestFactory().get("/x/")
    request.user, request.programme = user, programme
    return MembershipMiddleware(plain).process_view(request, view, (), {})


def test_a_view_that_forgot_to_say_is_refused_to_the_owner(programme, owner):
    assert access_of(plain) is None
    with pytest.raises(PermissionDenied):
        ask(plain, owner, programme)


def test_what_it_says_is_enforced(programme, owner, analyst, outsider):
    team = requires(Perm.TEAM_MANAGE)(plain)
    assert ask(team, owner, programme) is None
    for person in (analyst, outsider):
        with pytest.raises(PermissionDenied):
            ask(team, person, programme)
    assert ask(team, AnonymousUser(), programme).status_code == 302
    assert ask(member_only(plain), analyst, programme) is None
    with pytest.raises(PermissionDenied):
        ask(member_only(plain), outsider, programme)
    assert ask(signed_in(plain), outsider, programme) is None
    assert ask(open_to_all(plain), AnonymousUser(), programme) is None


def test_a_closed_account_and_a_closed_programme_have_no_members(programme, make_member):
    person = make_member("p@example.com", Role.OWNER)
    team = requires(Perm.TEAM_MANAGE)(plain)
    person.is_active = False
    person.save()
    with pytest.raises(PermissionDenied):
        ask(team, person, programme)
    person.is_active = True
    person.save()
    programme.is_active = False
    programme.save()
    with pytest.raises(PermissionDenied):
        ask(team, person, programme)
