"""What a download of somebody's data tells of imports."""

import pytest

from customers.models import Customer
from customers.tests.imports_fixtures import csv_of, import_csv
from screens.personal_data import sections


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def test_what_stood_there_before_an_import_is_theirs(business):
    import_csv(csv_of("1,A,x,1,2026-01-05,2.50,7,UK", "2,A,x,1,2026-01-05,2.50,8,UK"), business)
    import_csv(csv_of("3,A,x,1,2026-02-05,2.50,7,France", "4,A,x,1,2026-02-05,2.50,8,Spain"), business)
    (section,) = [one for one in sections() if one.name == "imports"]
    (row,) = section.rows(Customer.objects.get(external_id="7"))
    assert (row["before"], row["after"]) == ({"country": "UK"}, {"country": "France"})
