"""Making browsers tills: how often one person may."""

import pytest
from django_tenants.utils import tenant_context

from core.actor import Actor
from core.api import TooManyRequests
from workspace.actions.tills import register_till
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
