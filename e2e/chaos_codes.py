"""`make chaos NAME=codes`: 10,000 requests for codes over 500 addresses, and 10,000 numbers one after the other.

The short forms of the same storms run with the other tests (messaging/tests/test_limits.py).
"""

from collections import Counter

from messaging.tests.storm import addresses, storm, texts
from messaging.tests.test_limits import make_customers

REQUESTS = 10_000


def test_10_000_requests_over_500_addresses_to_one_prefix_send_30_texts(client_of):
    numbers = [f"+44770090{number:04d}" for number in range(REQUESTS)]
    make_customers(numbers)
    asked = zip(numbers, addresses(500) * (REQUESTS // 500), strict=True)
    assert storm(client_of, asked) == Counter({429: REQUESTS - 30, 303: 30})
    assert texts() == 30


def test_walking_through_10_000_numbers_sends_no_more_than_the_programme_may(client_of):
    numbers = [f"+4477{number % 2000:04d}{number:04d}" for number in range(REQUESTS)]
    make_customers(numbers)
    asked = zip(numbers, addresses(5000) * (REQUESTS // 5000), strict=True)
    answered = storm(client_of, asked)
    assert answered == Counter({429: REQUESTS - 500, 303: 500})
    assert texts() == 500
