"""Opening a shop: all of it or nothing, once."""

from decimal import Decimal

import pytest
from django.db import DataError, connection, transaction
from django_tenants.utils import tenant_context

from core.errors import InvalidInput
from core.permissions import Role
from programs.actions.programmes import SlugInvalid, SlugTaken
from programs.models import Domain, DueWork, Membership, Programme, User
from screens.actions.onboarding import open_shop
from workspace.jobs import DUE_WORK
from workspace.models import AuditEntry, Business


@pytest.fixture
def founder(db):
    return User.objects.create_user("ada@example.com", "correct horse battery", name="Ada Byron")


def shop(founder, now, **changes):
    values = {
        "name": "Corner",
        "slug": "corner",
        "currency": "GBP",
        "country": "GB",
        "time_zone": "Europe/London",
        "owner": founder,
        "business_name": "Corner shop",
        "points_per_unit": Decimal(5),
        "now": now,
        **changes,
    }
    return open_shop(**values)


def test_a_shop_has_host_owner_business_and_regular_work(founder, now):
    programme = shop(founder, now)
    assert Domain.objects.get(tenant=programme).domain == "corner.localhost"
    assert Membership.objects.get(programme=programme).role == Role.OWNER
    assert set(DueWork.objects.filter(programme=programme).values_list("kind", flat=True)) == set(DUE_WORK)
    with tenant_context(programme):
        business = Business.objects.get()
        assert (business.name, business.contact_person, business.email) == ("Corner shop", "Ada Byron", founder.email)
        assert business.earning_rate.points_per_unit == 5
        assert AuditEntry.objects.filter(action="workspace.business.opened", actor=f"user:{founder.pk}").count() == 1
    assert connection.schema_name == "public"


def test_the_same_form_sent_twice_opens_one_shop(founder, now):
    first = shop(founder, now, request_key="k1")
    again = shop(founder, now, request_key="k1", slug="corner")
    assert again.pk == first.pk
    assert Programme.objects.filter(memberships__user=founder).count() == 1


def test_the_same_form_sent_twice_at_once_opens_one_shop(in_threads, now):
    founder = User.objects.create_user("ada@example.com", "correct horse battery")
    found = in_threads([lambda: shop(founder, now, request_key="k1")] * 3)
    assert len({programme.pk for programme in found}) == 1
    connection.set_schema_to_public()
    assert Programme.objects.filter(slug="corner").count() == 1


def test_one_address_wanted_by_two_people_at_once_goes_to_one(in_threads, now):
    people = [User.objects.create_user(f"p{n}@example.com", "correct horse battery") for n in range(3)]
    found = in_threads([lambda person=person: shop(person, now) for person in people])
    assert sum(isinstance(one, Programme) for one in found) == 1
    assert sum(isinstance(one, SlugTaken) for one in found) == 2


def test_another_persons_key_is_not_mine(founder, now):
    shop(founder, now, request_key="k1")
    other = User.objects.create_user("eve@example.com", "correct horse battery")
    with pytest.raises(SlugTaken):
        shop(other, now, request_key="k1")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"slug": "www"}, SlugInvalid),
        ({"slug": "harbour"}, SlugTaken),
        ({"business_name": "x" * 200}, DataError),
        ({"points_per_unit": Decimal("NaN")}, InvalidInput),
        ({"points_per_unit": Decimal(-1)}, InvalidInput),
    ],
)
def test_what_is_refused_leaves_nothing(founder, now, changes, error):
    before = Programme.objects.count()
    with pytest.raises(error), transaction.atomic():
        shop(founder, now, **changes)
    connection.set_schema_to_public()
    assert Programme.objects.count() == before
    assert not Membership.objects.filter(user=founder).exists()
