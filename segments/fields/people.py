"""Who somebody is: what they told, and what the team marked them with."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from segments.fields.base import Field, Says
from segments.fields.columns import Column, Time, Words
from segments.fields.sets import Marks
from segments.operators import Kind

_PERSON = _("Person")
_TAGS = """
    SELECT own.customer_id, tag.code FROM customers_customertag AS own
    JOIN customers_tag AS tag ON tag.id = own.tag_id AND NOT tag.is_going
"""
# The same for a person for good, and evenly spread over 0 to 1: bands that do not meet are groups without overlap.
_LOT = "(('x' || substr(md5(customer.code), 1, 8))::bit(32)::bigint / 4294967296::float8)"
_LIVE: Says = (_("live in %(is)s"), _("do not live in %(is)s"))


def _said(column: str) -> Words:
    return Words("customer", f"customer.{column}")


FIELDS: Sequence[Field] = (
    Field(
        "first_name", _PERSON, _("First name"), Kind.TEXT, _said("first_name"), {"op": "is", "value": "Ada"},
        noun=_("a first name"), says={"is": (_("are called %(is)s"), _("are not called %(is)s"))},
    ),
    Field(
        "last_name", _PERSON, _("Last name"), Kind.TEXT, _said("last_name"), {"op": "starts_with", "value": "Mac"},
        noun=_("a last name"),
    ),
    Field(
        "email", _PERSON, _("E-mail"), Kind.TEXT, _said("email"), {"op": "ends_with", "value": ".edu"},
        noun=_("an e-mail address"),
    ),
    Field(
        "phone", _PERSON, _("Phone"), Kind.TEXT, _said("phone"), {"op": "starts_with", "value": "+44"},
        noun=_("a phone number"),
    ),
    Field(
        "city", _PERSON, _("Town or city"), Kind.TEXT, _said("city"), {"op": "is", "value": "Leeds"},
        noun=_("a town"), says={"is": _LIVE},
    ),
    Field(
        "region", _PERSON, _("Region"), Kind.TEXT, _said("region"), {"op": "is", "value": "Texas"},
        noun=_("a region"), says={"is": _LIVE},
    ),
    Field(
        "postcode", _PERSON, _("Postcode"), Kind.TEXT, _said("postcode"), {"op": "starts_with", "value": "LS1"},
        noun=_("a postcode"),
    ),
    Field(
        "country", _PERSON, _("Country"), Kind.CHOICE, _said("country"), {"op": "is_one_of", "value": ["GB", "IE"]},
        choices="countries", noun=_("a country"), says={"is_one_of": _LIVE},
    ),
    Field(
        "language", _PERSON, _("Language"), Kind.CHOICE, _said("language"), {"op": "is_one_of", "value": ["de"]},
        choices="languages", noun=_("a language"),
        says={"is_one_of": (_("read %(is)s"), _("do not read %(is)s"))},
    ),
    Field(
        "birthday", _PERSON, _("Birthday"), Kind.ANNIVERSARY, Column("customer", "customer.birthday"),
        {"op": "within", "window": {"type": "next", "count": 30}},
        says={
            "within": (_("have their birthday%(when)s"), _("do not have their birthday%(when)s")),
            "exists": (_("told their birthday"), _("did not tell their birthday")),
        },
    ),
    Field(
        "created", _PERSON, _("Added"), Kind.DAY, Time("customer", "customer.created_at"),
        {"op": "within", "window": {"type": "last", "count": 30}},
        says={"": (_("were added%(when)s"), _("were not added%(when)s"))},
    ),
    Field(
        "source", _PERSON, _("Came from"), Kind.TEXT, _said("source"), {"op": "starts_with", "value": "import"},
        noun=_("a source"), says={"is": (_("came from %(is)s"), _("did not come from %(is)s"))},
    ),
    Field(
        "tags", _PERSON, _("Tags"), Kind.CHOICES, Marks(_TAGS), {"op": "has_one_of", "value": ["k3v9w2p8"]},
        choices="tags", says={"": (_("are tagged %(is)s"), _("are not tagged %(is)s"))},
    ),
    Field(
        "lot", _PERSON, _("Random number"), Kind.SHARE, Column("customer", _LOT), {"op": "less", "value": 10},
        noun=_("a random number"),
    ),
)  # fmt: skip
