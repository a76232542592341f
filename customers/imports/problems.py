"""Why a file cannot be read, and why a row cannot be imported: a short code in the database, a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import InvalidInput

NO_RESULT = "#FORMULA!"  # in place of a formula whose result the file does not hold
# What a spreadsheet writes where there is no value; CSV files made by one hold the same words.
SPREADSHEET_ERRORS = frozenset(
    ["#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", NO_RESULT]
)

PROBLEMS: Mapping[str, str | Promise] = {
    "columns": _("The row has another number of columns than the header."),
    "quotes": _("The quotation marks of the row do not match."),
    "cell_error": _("A cell holds an error of the spreadsheet, or a formula without its result. Save the file again."),
    "required": _("A value that must be there is missing."),
    "too_long": _("A value is too long."),
    "phone": _("The phone number is not complete."),
    "email": _("The e-mail address is not valid."),
    "date": _("The date cannot be read in the chosen order of day and month."),
    "future": _("The date lies in the future."),
    "number": _("A number cannot be read."),
    "negative": _("A price or amount that must not be below zero is below zero."),
    "too_large": _("An amount is too large."),
    "digits": _("A number has too many digits after the point."),
    "nobody": _("The row names no customer: it needs a customer number, an e-mail address or a phone number."),
    "attribute": _("A value does not fit the field of your own that its column is."),
    "status": _("The status of the order is not known."),
    "refund_sign": _("A cancellation needs a quantity or total below zero."),
    "two_customers": _("The order has lines of two different customers."),
    "twice": _("The same order number is in the file twice."),
    "held_back": _("Another line of the same order has a problem; an order is imported whole or not at all."),
    "order_total": _("The lines of the order come to too large an amount."),
    "tag": _("A tag is a word or a few, of at most 40 characters."),
    "tags_of_customer": _("The customer would have more than 50 tags."),
    "tags_of_programme": _("There would be more than 500 tags. Merge or delete some that nobody needs."),
    "product": _("There is no product with this stock code. Import the products first."),
    "location": _("The business has no such place for stock. Add it, or correct its name."),
    "twice_at_place": _("The product is in the file twice for the same place."),
    "identity": _("Customer number, e-mail and phone of the row belong to different customers. Merge them first."),
    "shared": _("Another customer number in the file has the same e-mail address or phone number."),
}


class UnreadableFile(InvalidInput):
    """The upload is no file that can be imported; the message says what it is and what to do."""

    code = "unreadable_file"

    def __init__(self, message: object) -> None:
        super().__init__(str(message), field="file")
