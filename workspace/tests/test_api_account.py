"""A person's own preferences by API."""

import pytest

from programs.models import User
from workspace.tests.test_api_programme import patch, refused

ME = "/api/v1/me/preferences"


def test_a_person_changes_what_they_prefer_and_nothing_else(api, cashier, owner):
    me = api(user=cashier)
    assert me.get(ME).json() == {"name": "Sam", "language": "", "theme": "dark", "notifications": ["team"]}
    changed = patch(me, ME, theme="light", notifications=[])
    assert changed.json() == me.get(ME).json()
    assert changed.json() == {"name": "Sam", "language": "", "theme": "light", "notifications": []}
    patch(me, ME, language="en", name="Sam Lee")
    stored = User.objects.get(pk=cashier.pk)
    assert (stored.name, stored.language, stored.theme) == ("Sam Lee", "en", "light")
    assert User.objects.get(pk=owner.pk).theme == "dark"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": ""}, "blank"),
        ({"theme": "pink"}, "invalid_choice"),
        ({"language": "tlh"}, "invalid_choice"),
        ({"notifications": ["everything"]}, "invalid_choice"),
        ({"notifications": ["team", "team"]}, "max_length"),
        ({"email": "other@example.com"}, "unknown_field"),
        ({"is_staff": True}, "unknown_field"),
    ],
)
def test_bad_preferences_change_nothing(api, cashier, body, code):
    refused(patch(api(user=cashier), ME, **body), 422, code)
    assert User.objects.filter(pk=cashier.pk, name="Sam", email="sam@example.com", is_staff=False).exists()


def test_a_key_prefers_nothing(api):
    refused(api("admin").get(ME), 403, "people_only")
    refused(patch(api("admin"), ME, theme="light"), 403, "people_only")
