"""Exports of shop systems, in samples of our own with the vendors' columns."""

from decimal import Decimal

import pytest

from customers.imports.presets import PRESETS, recognise
from customers.models import Customer, Order, OrderLine, Product, Refund
from customers.tests.imports_fixtures import import_csv, receive
from customers.tests.test_imports_run import errors_of, totals
from customers.tests.test_imports_undo import state, undo


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


SHOPIFY_ORDERS = """\
Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem discount,Billing City,Billing Zip,Billing Country,Phone,Refunded Amount,Vendor,Id,Source
#1001,ann@example.com,paid,2026-01-05 10:00:05 +0100,fulfilled,,yes,GBP,20.00,4.00,3.20,24.00,,1.00,Post,2026-01-05 10:00:00 +0100,2,Red mug - Large,7.50,,RM-L,0.00,York,'YO1 7HH,GB,+447700900123,0.00,Potters,7410991464714,web
#1001,ann@example.com,,,,,,,,,,,,,,2026-01-05 10:00:00 +0100,1,Gift wrap,5.00,,,0.00,,,,,,Potters,,
#1002,bob@example.com,partially_refunded,2026-01-06 10:00:00 +0100,,,no,GBP,9.00,0,0,9.00,,0,,2026-01-06 10:00:00 +0100,1,Blue mug,9.00,,BM,0.00,,,GB,,4.50,Potters,7410991464715,web
#1003,cy@example.com,pending,,,,no,GBP,9.00,0,0,9.00,,0,,2026-01-07 10:00:00 +0100,1,Blue mug,9.00,,BM,0.00,,,GB,,0.00,Potters,7410991464716,web
#1004,cy@example.com,voided,,,,no,GBP,9.00,0,0,9.00,,0,,2026-01-07 10:00:00 +0100,1,Blue mug,9.00,,BM,0.00,,,GB,,0.00,Potters,7410991464717,web
"""  # noqa: E501


def test_shopify_orders_of_several_rows(business):
    before = state()
    run = import_csv(SHOPIFY_ORDERS, business)
    assert (run.preset, run.kind, run.rows_failed, run.rows_skipped) == ("Shopify", "lines", 0, 1)
    first = Order.objects.get(reference="#1001")
    assert (first.total, first.discount, first.tax, first.shipping) == (20, 1, Decimal("3.2"), 4)
    assert first.placed_at.isoformat() == "2026-01-05T09:00:00+00:00"
    assert list(first.lines.order_by("position").values_list("product__sku", "quantity")) == [
        ("RM-L", 2),
        ("Gift wrap", 1),
    ]
    assert (first.customer.email, first.customer.phone, first.customer.postcode) == (
        "ann@example.com", "+447700900123", "YO1 7HH",
    )  # fmt: skip
    second = Order.objects.get(reference="#1002")
    assert (second.status, second.refunded_total) == ("part_refunded", Decimal("4.5"))
    assert Refund.objects.get().order == second
    assert Order.objects.get(reference="#1004").status == "cancelled"
    assert not Order.objects.filter(reference="#1003").exists()
    same = totals()
    import_csv(SHOPIFY_ORDERS + "\n", business)
    assert totals() == same
    undo(run)
    assert state() == before


SHOPIFY_CUSTOMERS = """\
Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Default Address City,Default Address Province Code,Default Address Country Code,Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags
'6123456789012,Ann,Bell,ann@example.com,yes,,1 High St,York,,GB,'YO1 7HH,,'+447700900123,yes,20.00,1,,no,vip
"""  # noqa: E501


def test_shopify_customers_come_without_consent(business):
    run = import_csv(SHOPIFY_CUSTOMERS, business)
    assert (run.preset, run.kind) == ("Shopify", "customers")
    ann = Customer.objects.get()
    assert (ann.external_id, ann.first_name, ann.phone, ann.postcode) == (
        "6123456789012", "Ann", "+447700900123", "YO1 7HH",
    )  # fmt: skip
    assert [marked.tag.name for marked in ann.customer_tags.all()] == ["vip"]
    assert not ann.consents.exists()


SHOPIFY_PRODUCTS = """\
Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Variant SKU,Variant Price,Variant Barcode,Image Src,Cost per item
mug,Red mug,<p>x</p>,Potters,Mugs,,TRUE,RM-S,5.00,50123,a.png,2.00
mug,,,,,,,RM-L,7.50,,b.png,3.00
mug,,,,,,,,,,c.png,
"""


def test_shopify_products_with_variants_and_pictures(business):
    run = import_csv(SHOPIFY_PRODUCTS, business)
    assert (run.preset, run.kind, run.rows_failed, run.rows_skipped) == ("Shopify", "products", 0, 1)
    values = Product.objects.order_by("sku").values_list(
        "sku", "title", "vendor", "category", "price", "cost", "barcode"
    )
    assert list(values) == [
        ("RM-L", "Red mug", "Potters", "Mugs", Decimal("7.5"), Decimal(3), ""),
        ("RM-S", "Red mug", "Potters", "Mugs", Decimal(5), Decimal(2), "50123"),
    ]
    again = import_csv(SHOPIFY_PRODUCTS.replace("7.50", "8.00"), business)
    assert (again.counts["products_written"], Product.objects.get(sku="RM-L").price) == (1, 8)
    undo(again)
    assert Product.objects.get(sku="RM-L").price == Decimal("7.5")


WOO_ORDERS = """\
order_id,order_number,order_date,status,shipping_total,tax_total,discount_total,order_total,customer_id,customer_email,billing_first_name,billing_last_name,billing_phone,billing_city
31,31,2026-01-05 10:00:00,completed,4,2,0,24.00,0,ann@example.com,Ann,Bell,07700 900123,York
32,32,2026-01-06 10:00:00,refunded,0,0,0,9.00,0,ann@example.com,Ann,Bell,07700 900123,York
33,33,2026-01-06 11:00:00,wc-on-hold,0,0,0,9.00,0,cy@example.com,Cy,,,
34,34,2026-01-06 11:00:00,who knows,0,0,0,9.00,0,cy@example.com,Cy,,,
"""


def test_woocommerce_orders(business):
    run = import_csv(WOO_ORDERS, business)
    assert (run.preset, run.rows_skipped, run.problems) == ("WooCommerce", 1, {"status": 1})
    assert list(Order.objects.order_by("reference").values_list("reference", "status", "total")) == [
        ("31", "paid", 24), ("32", "refunded", 9),
    ]  # fmt: skip
    assert Order.objects.get(reference="31").customer.phone == "+447700900123"
    assert [row["order_id"] for row in errors_of(run)] == ["34"]


MAGENTO_ORDERS = """\
ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Grand Total (Purchased),Status,Customer Email,Total Refunded
000000001,Main Website,"Apr 19, 2026 1:25:12 PM",Ann Bell,Ann Bell,$36.39,$36.39,Complete,ann@example.com,0
000000002,Main Website,"Apr 20, 2026 9:05:00 AM",Ann Bell,Ann Bell,$10.00,$10.00,Closed,ann@example.com,$10.00
000000003,Main Website,"Apr 21, 2026 9:05:00 AM",Cy,Cy,$10.00,$10.00,Canceled,,
"""  # noqa: E501


def test_magento_orders(business):
    run = receive(MAGENTO_ORDERS, business)
    assert (run.preset, run.options["date_order"]) == ("Magento", "mdy")
    import_csv(MAGENTO_ORDERS, business, date_order="mdy")
    assert list(Order.objects.order_by("reference").values_list("reference", "status")) == [
        ("000000001", "paid"), ("000000002", "refunded"), ("000000003", "cancelled"),
    ]  # fmt: skip
    assert Order.objects.get(reference="000000001").placed_at.isoformat() == "2026-04-19T12:25:12+00:00"


def test_an_order_cancelled_in_the_next_export_is_cancelled_here_and_back(business):
    import_csv(WOO_ORDERS, business)
    run = import_csv(WOO_ORDERS.replace("completed", "cancelled"), business)
    assert Order.objects.get(reference="31").status == "cancelled"
    undo(run)
    assert Order.objects.get(reference="31").status == "paid"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: f"{preset.name} {preset.kind}")
def test_each_export_is_told_from_the_others_and_has_what_its_kind_needs(preset):
    from customers.imports.fields import fields_of, required_of

    assert recognise(list(preset.columns.values()) + list(preset.marks)) is preset
    assert {field.name for field in required_of(preset.kind)} <= set(preset.columns)
    assert set(preset.columns) <= {field.name for field in fields_of(preset.kind)}


def test_lines_of_an_order_stay_where_only_the_first_row_is_whole(business):
    """Rows of several orders mixed: what one order says is not told of another."""
    mixed = SHOPIFY_ORDERS.replace("#1001,ann@example.com,,,", "#1005,zoe@example.com,,,")
    import_csv(mixed, business)
    assert Order.objects.get(reference="#1005").customer.phone == ""
    assert OrderLine.objects.get(order__reference="#1005").quantity == 1
