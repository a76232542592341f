"""The fields that a file's columns can be, in one registry; and the guess which column is which."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.imports import values
from customers.imports.values import Convert
from customers.models import ImportRun

CUSTOMERS, ORDERS, LINES = ImportRun.Kind.CUSTOMERS, ImportRun.Kind.ORDERS, ImportRun.Kind.LINES
PRODUCTS, STOCK = ImportRun.Kind.PRODUCTS, ImportRun.Kind.STOCK
WITH_PEOPLE = frozenset({CUSTOMERS, ORDERS, LINES})
WITH_PRODUCTS, ONLY_PRODUCTS = frozenset({LINES, PRODUCTS}), frozenset({PRODUCTS})
ONLY_CUSTOMERS, ONLY_STOCK = frozenset({CUSTOMERS}), frozenset({STOCK})
WITH_CODES, WITH_QUANTITIES = frozenset({LINES, PRODUCTS, STOCK}), frozenset({LINES, STOCK})
SALES = frozenset({ORDERS, LINES})
ONLY_ORDERS, ONLY_LINES = frozenset({ORDERS}), frozenset({LINES})
# Clocks of tills run ahead; an order of tomorrow is a slip.
CLOCK_TOLERANCE = timedelta(days=1)
# A slip of the pen in a long name; shorter ones are other words ("city" and "cite", "tax" and "fax").
LIKENESS, LONG_ENOUGH = 0.87, 6


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
    kinds: frozenset[ImportRun.Kind] = WITH_PEOPLE,
    required: Iterable[ImportRun.Kind] = (),
) -> ImportField:
    return ImportField(name, label, kinds, convert, tuple(aliases.split()), frozenset(required))


# Most telling first: a header is given to the first field that knows it. Aliases are headers as `squeeze` leaves them.
FIELDS: Sequence[ImportField] = (
    _field(
        "order_reference", _("Order number"), "reference 120",
        "invoice invoiceno invoicenumber orderid order ordernumber orderno orderreference reference receipt "
        "receiptno transactionid saleid bestellnummer bestellnr auftragsnummer rechnungsnummer belegnummer belegnr "
        "beleg rechnung name",
        SALES, SALES,
    ),
    _field(
        "placed_at", _("Date of the order"), "moment",
        "invoicedate orderdate date placedat createdat created datetime saledate transactiondate processedat "
        "timestamp paidat datum bestelldatum rechnungsdatum kaufdatum belegdatum",
        SALES, SALES,
    ),
    _field(
        "order_total", _("Order total"), "total",
        "total ordertotal grandtotal amount totalprice paid summe gesamt gesamtbetrag gesamtsumme betrag umsatz",
        ONLY_ORDERS, [ORDERS],
    ),
    _field(
        "sku", _("Stock code"), "reference 64",
        "stockcode sku lineitemsku productid productcode itemcode code item variantsku artikelnummer artikelnr "
        "artnr artikel barcode",
        WITH_CODES, WITH_CODES,
    ),
    _field(
        "quantity", _("Quantity"), "quantity",
        "quantity qty lineitemquantity units count menge anzahl stück onhand onhandcurrent available instock "
        "stocklevel stock bestand lagerbestand",
        WITH_QUANTITIES, WITH_QUANTITIES,
    ),
    _field(
        "location", _("Place"), "name 80",
        "location locationname place warehouse storeroom lagerort lager standort",
        ONLY_STOCK,
    ),
    _field(
        "low_at", _("Reorder point"), "measure",
        "reorderpoint reorderlevel lowat lowstock lowstockamount minimum minimumstock meldebestand mindestbestand",
        ONLY_STOCK,
    ),
    _field(
        "unit_price", _("Unit price"), "price",
        "unitprice price lineitemprice priceperunit itemprice regularprice variantprice einzelpreis stückpreis preis",
        WITH_PRODUCTS, [LINES],
    ),
    _field(
        "title", _("Product title"), "cut 200",
        "description title product productname itemname lineitemname productdescription bezeichnung artikelname "
        "produkt produktname name",
        WITH_PRODUCTS,
    ),
    _field("vendor", _("Vendor"), "cut 120", "vendor brand manufacturer supplier hersteller marke", WITH_PRODUCTS),
    _field(
        "category", _("Product category"), "cut 120",
        "category producttype productcategory department kategorie warengruppe",
        WITH_PRODUCTS,
    ),
    _field("cost", _("Cost"), "amount", "cost costperitem purchaseprice einkaufspreis", ONLY_PRODUCTS),
    _field("barcode", _("Barcode"), "reference 64", "barcode ean gtin upc variantbarcode", ONLY_PRODUCTS),
    _field("line_discount", _("Discount of the line"), "amount", "linediscount lineitemdiscount", ONLY_LINES),
    _field(
        "customer_external_id", _("Customer number"), "customer",
        "customerid customerno customernumber customer clientid externalid customerexternalid memberid userid "
        "kundennummer kundennr kunde id",
        WITH_PEOPLE,
    ),
    _field(
        "email", _("E-mail"), "email",
        "email emailaddress mail customeremail emailadresse useremail billingemail",
        WITH_PEOPLE,
    ),
    _field(
        "phone", _("Phone"), "phone",
        "phone phonenumber mobile mobilenumber telephone tel cell customerphone telefon telefonnummer handy "
        "handynummer mobil mobiltelefon rufnummer",
        WITH_PEOPLE,
    ),
    _field("first_name", _("First name"), "cut 80", "firstname givenname forename vorname", WITH_PEOPLE),
    _field("last_name", _("Last name"), "cut 80", "lastname surname familyname nachname familienname", WITH_PEOPLE),
    _field(
        "address", _("Address"), "cut 250",
        "address address1 street streetaddress billingaddress1 strasse adresse anschrift",
        WITH_PEOPLE,
    ),
    _field("city", _("Town or city"), "cut 120", "city town billingcity ort stadt wohnort", WITH_PEOPLE),
    _field("region", _("Region"), "cut 120", "region state province county billingprovince bundesland", WITH_PEOPLE),
    _field(
        "postcode", _("Postcode"), "postcode",
        "postcode zip zipcode postalcode billingzip plz postleitzahl",
        WITH_PEOPLE,
    ),
    _field("country", _("Country"), "cut 60", "country countrycode billingcountry land", WITH_PEOPLE),
    _field("birthday", _("Birthday"), "day", "birthday birthdate dateofbirth dob geburtstag geburtsdatum", WITH_PEOPLE),
    _field("language", _("Language"), "cut 10", "language locale lang sprache", WITH_PEOPLE),
    _field("tags", _("Tags"), "tags", "tags tag customertags labels schlagworte schlagwörter", ONLY_CUSTOMERS),
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
        SALES,
    ),
    _field("tax", _("Tax"), "amount", "tax taxes vat totaltax steuer mwst", SALES),
    _field("shipping", _("Shipping"), "amount", "shipping postage delivery shippingtotal versand versandkosten", SALES),
    _field("status", _("Status of the order"), "status", "financialstatus paymentstatus", SALES),
    _field(
        "refunded", _("Given back of the order"), "amount",
        "refundedamount totalrefunded refundtotal erstattet",
        SALES,
    ),
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
    if name in ("cut", "name"):
        return values.text_of(int(argument), cut=name == "cut")
    latest = reading.now + CLOCK_TOLERANCE
    converters: Mapping[str, Callable[[], Convert]] = {
        "customer": lambda: values.customer_number,
        "postcode": lambda: values.postcode,
        "status": lambda: values.order_status,
        "tags": lambda: values.tag_names,
        "measure": lambda: values.number_of(decimals=3, largest=values.MAX_QUANTITY, signed=False),
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
    mapped = guess_mapping(PRODUCTS, header)
    stock = guess_mapping(STOCK, header)
    if {"sku", "quantity"} <= stock.keys() and ("location" in stock or not {"unit_price", "cost"} & mapped.keys()):
        return STOCK
    is_catalogue = "sku" in mapped and not {"email", "phone"} & set(guess_mapping(CUSTOMERS, header))
    return PRODUCTS if is_catalogue else CUSTOMERS


def guess_mapping(kind: str, header: Sequence[str]) -> dict[str, int]:
    """Our field → the position of the column that is probably it. Our own names and labels always fit, then names that
    are known for it, then names that nearly are: "E-Mail Adress", "Custmer No"."""
    squeezed = [squeeze(name) for name in header]
    mapping: dict[str, int] = {}
    missing: list[ImportField] = []
    for field in fields_of(kind):
        for alias in (squeeze(field.name), squeeze(str(field.label)), *field.aliases):
            if alias in squeezed and squeezed.index(alias) not in mapping.values():
                mapping[field.name] = squeezed.index(alias)
                break
        else:
            missing.append(field)
    for field in missing:
        left = [name for at, name in enumerate(squeezed) if at not in mapping.values() and len(name) >= LONG_ENOUGH]
        near = (get_close_matches(alias, left, 1, LIKENESS) for alias in field.aliases if len(alias) >= LONG_ENOUGH)
        if found := next(filter(None, near), None):
            mapping[field.name] = squeezed.index(found[0])
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
