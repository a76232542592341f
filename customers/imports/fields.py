"""The fields that a file's columns can be, in one registry; and the guess which column is which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.imports import values
from customers.imports.values import Convert
from customers.models import ImportRun

CUSTOMERS, ORDERS, LINES = ImportRun.Kind.CUSTOMERS, ImportRun.Kind.ORDERS, ImportRun.Kind.LINES
EVERY_KIND = frozenset({CUSTOMERS, ORDERS, LINES})
SALES = frozenset({ORDERS, LINES})
ONLY_ORDERS, ONLY_LINES = frozenset({ORDERS}), frozenset({LINES})
# Clocks of tills run ahead; an order of tomorrow is a slip.
CLOCK_TOLERANCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What conversions depend on: the programme's country and zone, the file's order of day and month, the time."""

    country: str
    zone: ZoneInfo
    date_order: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ImportField:
    """A target of the column mapping; `name` is the column of `ImportRow`. `aliases` are headers, squeezed."""

    name: str
    label: str | Promise
    kinds: frozenset[ImportRun.Kind]
    convert: str
    aliases: Sequence[str]
    required: frozenset[ImportRun.Kind] = frozenset()


def _field(
    name: str,
    label: str | Promise,
    convert: str,
    aliases: str,
    kinds: frozenset[ImportRun.Kind] = EVERY_KIND,
    required: Iterable[ImportRun.Kind] = (),
) -> ImportField:
    return ImportField(name, label, kinds, convert, tuple(aliases.split()), frozenset(required))


# Most telling first: a header is given to the first field that knows it. Aliases are headers as `squeeze` leaves them.
FIELDS: Sequence[ImportField] = (
    _field(
        "order_reference", _("Order number"), "reference 120",
        "invoice invoiceno invoicenumber orderid order ordernumber orderno orderreference reference receipt "
        "receiptno transactionid saleid name",
        SALES, SALES,
    ),
    _field(
        "placed_at", _("Date of the order"), "moment",
        "invoicedate orderdate date placedat createdat created datetime saledate transactiondate processedat "
        "timestamp paidat",
        SALES, SALES,
    ),
    _field(
        "order_total", _("Order total"), "total",
        "total ordertotal grandtotal amount totalprice paid",
        ONLY_ORDERS, [ORDERS],
    ),
    _field(
        "sku", _("Stock code"), "reference 64",
        "stockcode sku lineitemsku productid productcode itemcode code item variantsku barcode",
        ONLY_LINES, [LINES],
    ),
    _field("quantity", _("Quantity"), "quantity", "quantity qty lineitemquantity units count", ONLY_LINES, [LINES]),
    _field(
        "unit_price", _("Unit price"), "price",
        "unitprice price lineitemprice priceperunit itemprice",
        ONLY_LINES, [LINES],
    ),
    _field(
        "title", _("Product title"), "cut 200",
        "description title product productname itemname lineitemname productdescription",
        ONLY_LINES,
    ),
    _field("vendor", _("Vendor"), "cut 120", "vendor brand manufacturer supplier", ONLY_LINES),
    _field(
        "category", _("Product category"), "cut 120",
        "category producttype productcategory department",
        ONLY_LINES,
    ),
    _field("line_discount", _("Discount of the line"), "amount", "linediscount lineitemdiscount", ONLY_LINES),
    _field(
        "customer_external_id", _("Customer number"), "customer",
        "customerid customerno customernumber customer clientid externalid customerexternalid memberid userid "
        "id",
        EVERY_KIND,
    ),
    _field("email", _("E-mail"), "email", "email emailaddress mail customeremail", EVERY_KIND),
    _field(
        "phone", _("Phone"), "phone",
        "phone phonenumber mobile mobilenumber telephone tel cell customerphone",
        EVERY_KIND,
    ),
    _field("first_name", _("First name"), "cut 80", "firstname givenname forename", EVERY_KIND),
    _field("last_name", _("Last name"), "cut 80", "lastname surname familyname", EVERY_KIND),
    _field("address", _("Address"), "cut 250", "address address1 street streetaddress billingaddress1", EVERY_KIND),
    _field("city", _("Town or city"), "cut 120", "city town billingcity", EVERY_KIND),
    _field("region", _("Region"), "cut 120", "region state province county billingprovince", EVERY_KIND),
    _field("postcode", _("Postcode"), "cut 20", "postcode zip zipcode postalcode billingzip", EVERY_KIND),
    _field("country", _("Country"), "cut 60", "country countrycode billingcountry", EVERY_KIND),
    _field("birthday", _("Birthday"), "day", "birthday birthdate dateofbirth dob", EVERY_KIND),
    _field("language", _("Language"), "cut 10", "language locale lang", EVERY_KIND),
    _field("order_number", _("Order number as shown"), "cut 60", "displaynumber", SALES),
    _field(
        "refund_of", _("Order that a refund belongs to"), "reference 120",
        "refundof originalorder originalinvoice parentorder",
        SALES,
    ),
    _field("channel", _("Channel"), "cut 20", "channel source saleschannel", SALES),
    _field(
        "discount", _("Discount of the order"), "amount",
        "discount discountamount totaldiscount discounts",
        ONLY_ORDERS,
    ),
    _field("tax", _("Tax"), "amount", "tax taxes vat totaltax", ONLY_ORDERS),
    _field("shipping", _("Shipping"), "amount", "shipping postage delivery shippingtotal", ONLY_ORDERS),
)  # fmt: skip
BY_NAME: Mapping[str, ImportField] = {field.name: field for field in FIELDS}
# What tells who somebody is, strongest first, with the letter that begins a person's key.
IDENTIFIERS: Sequence[tuple[str, str]] = (("customer_external_id", "x"), ("phone", "p"), ("email", "e"))
PERSON_FIELDS: Sequence[str] = (
    "customer_external_id", "phone", "email", "first_name", "last_name", "address", "city", "region", "postcode",
    "country", "birthday", "language",
)  # fmt: skip


def fields_of(kind: str) -> list[ImportField]:
    """The fields that a file of `kind` can fill, required ones first."""
    chosen = [field for field in FIELDS if kind in field.kinds]
    return sorted(chosen, key=lambda field: kind not in field.required)


def required_of(kind: str) -> list[ImportField]:
    return [field for field in FIELDS if kind in field.required]


def converter(field: ImportField, reading: Reading) -> Convert:
    """How a cell of `field` is read."""
    name, _space, argument = field.convert.partition(" ")
    if name == "reference":
        return values.reference_of(int(argument))
    if name == "cut":
        return values.text_of(int(argument), cut=True)
    latest = reading.now + CLOCK_TOLERANCE
    converters: Mapping[str, Callable[[], Convert]] = {
        "customer": lambda: values.customer_number,
        "email": lambda: values.email,
        "phone": lambda: values.phone_of(reading.country),
        "moment": lambda: values.moment_of(reading.date_order, reading.zone, latest),
        "day": lambda: values.day_of(reading.date_order, latest.date()),
        "quantity": lambda: values.number_of(decimals=3, largest=values.MAX_QUANTITY, signed=True),
        "price": lambda: values.number_of(decimals=4, largest=values.MAX_PRICE, signed=False),
        "amount": lambda: values.number_of(decimals=4, largest=values.MAX_PRICE, signed=False),
        "total": lambda: values.number_of(decimals=4, largest=values.MAX_PRICE, signed=True),
    }
    return converters[name]()


def squeeze(header: str) -> str:
    """A header without case, blanks and punctuation: "Customer ID" and customer_id are the same."""
    return re.sub(r"[\W_]+", "", header.casefold())


def guess_kind(header: Sequence[str]) -> ImportRun.Kind:
    """What the rows of a file are, by its columns."""
    for kind in (LINES, ORDERS):
        mapped = guess_mapping(kind, header)
        if all(field.name in mapped for field in required_of(kind)):
            return kind
    return CUSTOMERS


def guess_mapping(kind: str, header: Sequence[str]) -> dict[str, int]:
    """Our field → the position of the column that is probably it. Our own field names always fit."""
    squeezed = [squeeze(name) for name in header]
    mapping: dict[str, int] = {}
    for field in fields_of(kind):
        for alias in (squeeze(field.name), *field.aliases):
            if alias in squeezed and squeezed.index(alias) not in mapping.values():
                mapping[field.name] = squeezed.index(alias)
                break
    return mapping


_TRIPLE = re.compile(r"\s*(\d{1,4})[./\- ](\d{1,2})[./\- ](\d{1,4})")


def guess_date_order(samples: Iterable[str], country: str) -> str:
    """ymd, dmy or mdy: by a part above 12, otherwise by what the country writes."""
    orders = ["dmy", "mdy"] if country != "US" else ["mdy", "dmy"]
    for sample in samples:
        found = _TRIPLE.match(sample)
        if not found:
            continue
        if len(found[1]) == 4:
            return "ymd"
        if int(found[1]) > 12:
            return "dmy"
        if int(found[2]) > 12:
            return "mdy"
    return orders[0]
