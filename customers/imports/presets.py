"""Exports of well-known shop systems, recognised by the names of their columns.

Header names are the vendors' own. Sources: Shopify, help.shopify.com/en/manual/fulfillment/managing-orders/
exporting-orders, /manual/customers/import-export-customers and /manual/products/import-export/using-csv; WooCommerce,
woocommerce.com/document/import-and-export-of-woocommerce-orders and github.com/woocommerce/woocommerce/wiki/
Product-CSV-Import-Schema; Magento (Adobe Commerce), docs.magento.com/user-guide/sales/orders-workspace.html and
experienceleague.adobe.com/docs/commerce-admin/systems/data-transfer (data-attributes-customer, data-csv).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from customers.imports.fields import squeeze
from customers.models import ImportRun

CUSTOMERS, ORDERS = ImportRun.Kind.CUSTOMERS, ImportRun.Kind.ORDERS
LINES, PRODUCTS = ImportRun.Kind.LINES, ImportRun.Kind.PRODUCTS
STOCK = ImportRun.Kind.STOCK


@dataclass(frozen=True, slots=True)
class Preset:
    """`marks` are the columns that no other export has together; `columns`: our field → theirs, where the file has it.

    `repeats`: an order spreads over several rows, of which only the first says everything.
    """

    name: str
    kind: ImportRun.Kind
    marks: Sequence[str]
    columns: Mapping[str, str]
    date_order: str = "ymd"
    repeats: bool = False


_SHOPIFY_PERSON = {
    "email": "Email", "phone": "Phone", "first_name": "First Name", "last_name": "Last Name",
    "address": "Default Address Address1", "city": "Default Address City", "region": "Default Address Province Code",
    "country": "Default Address Country Code", "postcode": "Default Address Zip",
}  # fmt: skip
_WOO_PERSON = {
    "email": "customer_email", "phone": "billing_phone", "first_name": "billing_first_name",
    "last_name": "billing_last_name", "address": "billing_address_1", "city": "billing_city",
    "region": "billing_state", "postcode": "billing_postcode", "country": "billing_country",
}  # fmt: skip

PRESETS: Sequence[Preset] = (
    Preset(
        "Shopify", LINES, ("Name", "Financial Status", "Lineitem quantity", "Lineitem name", "Lineitem price"),
        {
            "order_reference": "Name", "placed_at": "Created at", "status": "Financial Status", "email": "Email",
            "phone": "Phone", "address": "Billing Address1", "city": "Billing City", "region": "Billing Province",
            "postcode": "Billing Zip", "country": "Billing Country", "sku": "Lineitem sku", "title": "Lineitem name",
            "quantity": "Lineitem quantity", "unit_price": "Lineitem price", "line_discount": "Lineitem discount",
            "vendor": "Vendor", "discount": "Discount Amount", "tax": "Taxes", "shipping": "Shipping",
            "refunded": "Refunded Amount", "channel": "Source",
        },
        repeats=True,
    ),
    Preset(
        "Shopify", CUSTOMERS, ("First Name", "Accepts Email Marketing", "Default Address City", "Total Spent"),
        {"customer_external_id": "Customer ID", **_SHOPIFY_PERSON, "tags": "Tags"},
    ),
    Preset(
        "Shopify", PRODUCTS, ("Handle", "Title", "Variant SKU", "Variant Price"),
        {
            "sku": "Variant SKU", "title": "Title", "vendor": "Vendor", "category": "Type",
            "unit_price": "Variant Price", "cost": "Cost per item", "barcode": "Variant Barcode",
        },
        repeats=True,
    ),
    Preset(
        "WooCommerce", ORDERS, ("order_id", "order_date", "status", "order_total", "billing_first_name"),
        {
            "order_reference": "order_id", "order_number": "order_number", "placed_at": "order_date",
            "status": "status", "order_total": "order_total", "discount": "discount_total", "tax": "tax_total",
            "shipping": "shipping_total", **_WOO_PERSON,
        },
    ),
    Preset(
        "WooCommerce", CUSTOMERS, ("user_login", "user_email", "billing_first_name"),
        {"customer_external_id": "customer_id", **_WOO_PERSON, "email": "user_email"},
    ),
    Preset(
        "WooCommerce", PRODUCTS, ("SKU", "Name", "Published", "Regular price"),
        {
            "sku": "SKU", "title": "Name", "category": "Categories", "unit_price": "Regular price", "vendor": "Brands",
            "barcode": "GTIN, UPC, EAN, or ISBN",
        },
    ),
    Preset(
        "Magento", ORDERS, ("ID", "Purchase Point", "Purchase Date", "Grand Total (Base)", "Status"),
        {
            "order_reference": "ID", "placed_at": "Purchase Date", "status": "Status",
            "order_total": "Grand Total (Base)", "email": "Customer Email", "shipping": "Shipping and Handling",
            "refunded": "Total Refunded",
        },
        date_order="mdy",
    ),
    Preset(
        "Magento", CUSTOMERS, ("email", "_website", "firstname", "lastname"),
        {"email": "email", "first_name": "firstname", "last_name": "lastname", "birthday": "dob"},
    ),
    Preset(
        "Magento", PRODUCTS, ("sku", "attribute_set_code", "product_type", "name"),
        {
            "sku": "sku", "title": "name", "category": "categories", "unit_price": "price", "cost": "cost",
            "vendor": "manufacturer",
        },
    ),
)  # fmt: skip


def recognise(header: Sequence[str]) -> Preset | None:
    """The export that has these columns, if it is one of ours."""
    there = {squeeze(name) for name in header}
    return next((preset for preset in PRESETS if all(squeeze(mark) in there for mark in preset.marks)), None)


def mapping_of(preset: Preset, header: Sequence[str]) -> dict[str, int]:
    """Our field → the position of its column, for those that the file has."""
    at = {squeeze(name): position for position, name in reversed(list(enumerate(header)))}
    return {field: at[squeeze(name)] for field, name in preset.columns.items() if squeeze(name) in at}
