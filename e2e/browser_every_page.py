"""Every page of the staff in both themes; the test suite looks at them in one or the other by turns."""

import json

import pytest

from e2e.test_every_page import look_at, pages_of_the_staff

pytestmark = pytest.mark.e2e


def test_every_page_of_the_staff_dark_and_light(open_browser, server):
    page = open_browser("maya@example.com")
    seen, faults = look_at(page, pages_of_the_staff(page, server), both_themes=True)
    assert not faults, json.dumps(faults, indent=1)
    assert seen >= 100
