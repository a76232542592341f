"""How a download of a person's data reads on its page: names of columns, words for kinds and states, times, money.

The file for machines beside it has the names and values themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.presentation import format_money, format_number, format_points, format_signed

Words = Mapping[str, str | Promise]

COLUMNS: Words = {
    "expected_value_12_months": gettext_lazy("What you may spend in a year, as worth today"),
    "expected_value_from": gettext_lazy("Probably at least"),
    "expected_value_to": gettext_lazy("Probably at most"),
    "next_purchase_on": gettext_lazy("When you may come again"),
    "risk": gettext_lazy("What that means"),
    "within_days": gettext_lazy("Within days"),
    "kind_of_customer": gettext_lazy("Kind of customer"),
    "what_they_do": gettext_lazy("What such customers do"),
    "how_sure": gettext_lazy("How sure that is, 0 to 1"),
    "since_on": gettext_lazy("Since"),
    "address": gettext_lazy("Address"),
    "at": gettext_lazy("When"),
    "attributes": gettext_lazy("More about you"),
    "available": gettext_lazy("Points you can use"),
    "birthday": gettext_lazy("Birthday"),
    "business": gettext_lazy("Business"),
    "card": gettext_lazy("Card"),
    "chance_of_staying_away": gettext_lazy("Chance that you stay away, 0 to 1"),
    "channel": gettext_lazy("Sent as"),
    "computed_on": gettext_lazy("As known on"),
    "city": gettext_lazy("Town"),
    "country": gettext_lazy("Country"),
    "created_at": gettext_lazy("Known since"),
    "debt": gettext_lazy("Points to be made up for"),
    "earned_ever": gettext_lazy("Points collected so far"),
    "email": gettext_lazy("E-mail address"),
    "ended_at": gettext_lazy("Signed out"),
    "ends_at": gettext_lazy("Ends"),
    "entered": gettext_lazy("Came in"),
    "event": gettext_lazy("What happened"),
    "external_id": gettext_lazy("Number in other systems"),
    "feature": gettext_lazy("What about it"),
    "first_name": gettext_lazy("First name"),
    "has_pin": gettext_lazy("Has a PIN"),
    "id": gettext_lazy("Number here"),
    "ip": gettext_lazy("Internet address"),
    "is_granted": gettext_lazy("Agreed"),
    "kept_until": gettext_lazy("Kept until"),
    "kind": gettext_lazy("Kind"),
    "language": gettext_lazy("Language"),
    "last_name": gettext_lazy("Last name"),
    "last_seen_at": gettext_lazy("Last used"),
    "left": gettext_lazy("Left"),
    "lines": gettext_lazy("Items"),
    "member_since": gettext_lazy("Collecting since"),
    "number": gettext_lazy("Receipt number"),
    "order": gettext_lazy("Purchase"),
    "phone": gettext_lazy("Phone number"),
    "placed_at": gettext_lazy("Bought"),
    "points": gettext_lazy("Points"),
    "postcode": gettext_lazy("Postcode"),
    "properties": gettext_lazy("More about it"),
    "purpose": gettext_lazy("What for"),
    "quantity": gettext_lazy("Quantity"),
    "reason": gettext_lazy("Reason"),
    "came_back_at": gettext_lazy("You bought again"),
    "refunded": gettext_lazy("Refunded"),
    "refunded_at": gettext_lazy("Given back"),
    "region": gettext_lazy("Region"),
    "set_aside": gettext_lazy("Points set aside"),
    "signed_in_at": gettext_lazy("Signed in"),
    "since": gettext_lazy("Since"),
    "source": gettext_lazy("Told us through"),
    "state": gettext_lazy("State"),
    "stamps": gettext_lazy("Stamps"),
    "status": gettext_lazy("State"),
    "subject": gettext_lazy("Subject"),
    "text": gettext_lazy("Words"),
    "tier": gettext_lazy("Tier"),
    "tier_before": gettext_lazy("Tier before"),
    "title": gettext_lazy("What"),
    "to": gettext_lazy("Sent to"),
    "total": gettext_lazy("Total"),
    "unit_price": gettext_lazy("Price of one"),
    "value": gettext_lazy("What it is"),
    "was_told": gettext_lazy("Shown to you"),
    "what": gettext_lazy("What happened"),
}
FEATURES: Words = {  # every one of intelligence.features.registry
    "orders": gettext_lazy("How many times you bought"),
    "order_days": gettext_lazy("On how many days"),
    "first_order_on": gettext_lazy("The first time"),
    "last_order_on": gettext_lazy("The last time"),
    "recency_days": gettext_lazy("Days since the last time"),
    "tenure_days": gettext_lazy("Days since the first time"),
    "mean_gap_days": gettext_lazy("Days between two visits, on average"),
    "gap_deviation_days": gettext_lazy("How much those days differ"),
    "gross_spend": gettext_lazy("What you spent, before returns"),
    "net_spend": gettext_lazy("What you spent"),
    "average_order": gettext_lazy("What you spent each time"),
    "day_spend_deviation": gettext_lazy("How much that differs from day to day"),
    "repeat_spend": gettext_lazy("What you spent each time after the first"),
    "refunds": gettext_lazy("How many times you gave something back"),
    "refunded": gettext_lazy("What you got back for it"),
    "returned_share": gettext_lazy("Which part of what you spent that is"),
    "lines_per_order": gettext_lazy("Different things at a time"),
    "items_per_order": gettext_lazy("Pieces at a time"),
    "distinct_products": gettext_lazy("Different products in all"),
    "favourite_product": gettext_lazy("What you buy most often"),
    "favourite_category": gettext_lazy("What kind of product that is"),
    "orders_30": gettext_lazy("How many times in 30 days"),
    "orders_90": gettext_lazy("How many times in 90 days"),
    "orders_365": gettext_lazy("How many times in 365 days"),
    "spend_30": gettext_lazy("What you spent in 30 days"),
    "spend_90": gettext_lazy("What you spent in 90 days"),
    "spend_365": gettext_lazy("What you spent in 365 days"),
    "weekend_share": gettext_lazy("Which part of it at weekends"),
    "morning_share": gettext_lazy("Which part of it in the morning"),
    "evening_share": gettext_lazy("Which part of it in the evening"),
    "main_channel": gettext_lazy("Where you usually buy"),
    "channels": gettext_lazy("In how many ways you bought"),
    "businesses": gettext_lazy("In how many shops"),
}
# Words of these columns are ours; those of all others are the person's, or staff's, and stay as they are.
VALUES: Mapping[str, Words] = {
    "feature": FEATURES,
    "channel": {"sms": gettext_lazy("Text message"), "email": gettext_lazy("E-mail")},
    "kind": {
        "phone": gettext_lazy("Phone number"),
        "email": gettext_lazy("E-mail address"),
        "external": gettext_lazy("Number in other systems"),
        "anonymous": gettext_lazy("Browser or app"),
        "earn": gettext_lazy("Earned"),
        "redeem": gettext_lazy("Redeemed"),
        "reverse": gettext_lazy("Taken back"),
        "adjust": gettext_lazy("Adjusted"),
        "bonus": gettext_lazy("Bonus"),
        "referral": gettext_lazy("Referral"),
        "transfer": gettext_lazy("Passed on"),
        "merge": gettext_lazy("Moved from another entry of yours"),
        "expire": gettext_lazy("Ran out"),
        "hold": gettext_lazy("Set aside"),
        "void": gettext_lazy("No longer set aside"),
        "mature": gettext_lazy("Became available"),
        "brought": gettext_lazy("You brought somebody"),
        "was_brought": gettext_lazy("Somebody brought you"),
    },
    "purpose": {
        "one_time_code": gettext_lazy("One-time code"),
        "service": gettext_lazy("About your points"),
        "marketing": gettext_lazy("Offers and news"),
        "receipt": gettext_lazy("Receipt"),
        "reply": gettext_lazy("Answer to a text"),
        "opt_out_reply": gettext_lazy("Answer to STOP"),
        "test": gettext_lazy("Test"),
    },
    "source": {
        "api": gettext_lazy("The shop’s own system"),
        "events": gettext_lazy("The shop’s own system"),
        "staff": gettext_lazy("Somebody of the shop"),
        "import": gettext_lazy("A file of the shop"),
        "points page": gettext_lazy("The points page"),
        "text": gettext_lazy("A text message of yours"),
        "till": gettext_lazy("The till"),
    },
    "risk": {
        "low": gettext_lazy("Likely to come again"),
        "medium": gettext_lazy("May come again"),
        "high": gettext_lazy("May stay away"),
        "lost": gettext_lazy("Likely to stay away"),
    },
    "state": {
        "active": gettext_lazy("Active"),
        "archived": gettext_lazy("Archived"),
        "queued": gettext_lazy("Waiting"),
        "claimed": gettext_lazy("Being sent"),
        "sent": gettext_lazy("Sent"),
        "delivered": gettext_lazy("Delivered"),
        "undelivered": gettext_lazy("Not delivered"),
        "failed": gettext_lazy("Failed"),
        "unconfirmed": gettext_lazy("Perhaps sent"),
        "suppressed": gettext_lazy("Not sent"),
    },
    "what": {
        "reached": gettext_lazy("Reached"),
        "renewed": gettext_lazy("Kept for another period"),
        "dropped": gettext_lazy("Not reached again in time"),
        "undone": gettext_lazy("What reached it was given back"),
        "retired": gettext_lazy("The tier was taken away"),
        "set": gettext_lazy("Set by hand"),
    },
    "status": {
        "paid": gettext_lazy("Paid"),
        "part_refunded": gettext_lazy("Part refunded"),
        "refunded": gettext_lazy("Refunded"),
        "cancelled": gettext_lazy("Cancelled"),
        "pending": gettext_lazy("Waits for a purchase"),
        "review": gettext_lazy("To be looked at"),
        "completed": gettext_lazy("Completed"),
        "expired": gettext_lazy("Ran out"),
        "undone": gettext_lazy("Undone"),
    },
}
NAMED_BY_OTHERS = frozenset({"attributes", "properties"})  # names inside are those of staff or of other systems
TIMES = frozenset({"at", "since", "member_since"})  # and all that end in `_at`
DAYS = frozenset({"birthday", "computed_on", "kept_until", "next_purchase_on"})
MONEY = frozenset(
    {"expected_value_12_months", "expected_value_from", "expected_value_to", "refunded", "total", "unit_price"}
)


def say_column(name: str) -> str:
    return str(COLUMNS.get(name, name))


def say_value(name: str, value: object, currency: str) -> str:
    """The value of a column in the active language; what is nested becomes a line of text."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return "; ".join(say_value(name, one, currency) for one in value)
    if isinstance(value, dict):
        is_theirs = name in NAMED_BY_OTHERS
        named = (key if is_theirs else say_column(key) for key in value)
        said = (say_value(name if is_theirs else key, one, currency) for key, one in value.items())
        return ", ".join(f"{key}: {text}" for key, text in zip(named, said, strict=True))
    if isinstance(value, int | float) and name in NAMED_BY_OTHERS:
        return str(value)
    if isinstance(value, int):
        return format_signed(value) if name == "points" else format_points(value)
    text = str(value)
    if name in VALUES:
        plain = text.partition(":")[0] if name == "source" else text  # import:retail
        return str(VALUES[name].get(plain, text))
    return _say_text(name, text, currency)


def _say_text(name: str, text: str, currency: str) -> str:
    if name in MONEY:
        return format_money(Decimal(text), currency)
    if name == "quantity":
        number = Decimal(text).normalize()
        return format_number(number, max(0, -int(number.as_tuple().exponent)))
    if name in TIMES or name.endswith("_at"):
        return date_format(datetime.fromisoformat(text), _("j F Y, H:i"))
    if name in DAYS:
        return date_format(datetime.fromisoformat(text), _("j F Y"))
    return text
