"""Making browsers tills: how often one person may."""

import pytest
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.api import TooManyRequests
from workspace.actions.tills import register_till, till_of_token, tills_of_browser
from workspace.models import AuditEntry, Business, TillDevice


@pytest.fixture(autouse=True)
def few(settings):
    settings.API_LIMITS = {**settings.API_LIMITS, "till-register": (2, 3600)}


def person(number):
    return Actor(kind="user", id=str(number), label=f"Person {number}", user_id=number)


def test_one_person_makes_few_tills_an_hour(business, now):
    for index in range(2):
        register_till(business=business, name=f"Till {index}", actor=person(1), now=now)
    with pytest.raises(TooManyRequests) as refused:
        register_till(business=business, name="One more", actor=person(1), now=now)
    assert 0 < refused.value.data["retry_after"] <= 3600
    assert TillDevice.objects.count() == AuditEntry.objects.count() == 2
    register_till(business=business, name="A colleague's", actor=person(2), now=now)


def test_tills_of_another_programme_do_not_count_here(business, other_programme, now):
    with tenant_context(other_programme):
        elsewhere = Business.objects.create(name="Elsewhere")
        for index in range(2):
            register_till(business=elsewhere, name=f"Till {index}", actor=person(1), now=now)
    assert register_till(business=business, name="Till 1", actor=person(1), now=now)


def test_a_browser_that_was_moved_knows_every_till_that_it_was(business, now):
    first, token = register_till(business=business, name="Counter", actor=person(1), now=now)
    assert till_of_token(token) == first
    second, _token = register_till(business=business, name="Door", actor=person(1), now=now, moved_from=first)
    third, _token = register_till(business=business, name="Yard", actor=person(2), now=now, moved_from=second)
    assert set(tills_of_browser(third)) == {first.code, second.code, third.code}
    assert set(tills_of_browser(first)) == {first.code}


@pytest.mark.parametrize("token", ["", "guessed"])
def test_a_token_of_no_till_names_none(token, business):
    assert till_of_token(token) is None
