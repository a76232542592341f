"""The audit log's words for what happens to customers and imports."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from customers.models import (
    Archetype,
    AttributeDefinition,
    Customer,
    DatabaseSync,
    ImportRun,
    Order,
    Product,
    SavedView,
    StockLocation,
    Tag,
)
from customers.reports.customer_list import name_and_contact
from customers.search import search_for
from workspace.audit_registry import FIELDS, Group, Named, Reader, register_act, register_subject

MOST_FOUND = 200  # people of one search
ACTS = {
    Group.CUSTOMERS: {
        "customer.created": (_("Customer added"), _("{who} added {what}")),
        "customer.changed": (_("Customer changed"), _("{who} changed the details of {what}")),
        "customer.archived": (_("Customer archived"), _("{who} archived {what}")),
        "customer.restored": (_("Customer restored"), _("{who} took {what} out of the archive")),
        "customer.erased": (_("Customer erased"), _("{who} erased {what}")),
        "customer.merged": (_("Customers merged"), _("{who} merged a duplicate into {what}")),
        "customer.unmerged": (_("Merge undone"), _("{who} undid a merge into {what}")),
        "customer.kept_apart": (_("Not the same person"), _("{who} said that {what} is nobody’s duplicate")),
        "archetype.renamed": (_("Archetype renamed"), _("{who} renamed the archetype {what}")),
        "customer.exported": (_("Personal data exported"), _("{who} exported the personal data of {what}")),
        "order.placed": (_("Sale added"), _("{who} added the sale {what}")),
        "order.changed": (_("Sale changed"), _("{who} changed the sale {what}")),
        "order.refunded": (_("Sale refunded"), _("{who} refunded the sale {what}")),
        "order.cancelled": (_("Sale cancelled"), _("{who} cancelled the sale {what}")),
        "product.created": (_("Product added"), _("{who} added the product {what}")),
        "product.changed": (_("Product changed"), _("{who} changed the product {what}")),
        "product.archived": (_("Product archived"), _("{who} archived the product {what}")),
        "product.restored": (_("Product restored"), _("{who} took the product {what} out of the archive")),
        "attribute.created": (_("Field added"), _("{who} added the field {what}")),
        "attribute.changed": (_("Field changed"), _("{who} changed the field {what}")),
        "attribute.archived": (_("Field archived"), _("{who} archived the field {what}")),
        "attribute.restored": (_("Field brought back"), _("{who} brought the field {what} back")),
        "attribute.moved": (_("Field moved"), _("{who} moved the field {what} in the order")),
        "customer.tagged": (_("Tags added"), _("{who} added tags to {what}")),
        "customer.untagged": (_("Tags removed"), _("{who} took tags from {what}")),
        "events.kept_for": (_("Time of keeping events changed"), _("{who} changed how long events of others are kept")),
        "note.written": (_("Note written"), _("{who} wrote a note about {what}")),
        "note.changed": (_("Note changed"), _("{who} changed a note about {what}")),
        "note.pinned": (_("Note pinned"), _("{who} pinned a note about {what}")),
        "note.unpinned": (_("Note unpinned"), _("{who} unpinned a note about {what}")),
        "note.deleted": (_("Note deleted"), _("{who} deleted a note about {what}")),
        "view.saved": (_("View saved"), _("{who} saved the view {what} of the list")),
        "view.changed": (_("View changed"), _("{who} changed the view {what} of the list")),
        "view.deleted": (_("View deleted"), _("{who} deleted the view {what} of the list")),
        "bulk.done": (_("Many customers changed"), _("{who} changed many customers at once")),
        "list.exported": (_("Customers exported"), _("{who} exported customers as a file")),
        "tag.created": (_("Tag made"), _("{who} made the tag {what}")),
        "tag.changed": (_("Tag changed"), _("{who} changed the tag {what}")),
        "tag.merged": (_("Tags merged"), _("{who} merged a tag into {what}")),
        "tag.deleted": (_("Tag deleted"), _("{who} deleted the tag {what}")),
        "stock.received": (_("Stock received"), _("{who} received stock at {what}")),
        "stock.counted": (_("Stock counted"), _("{who} counted stock at {what}")),
        "stock.moved": (_("Stock moved"), _("{who} moved stock from {what}")),
        "stock.corrected": (_("Stock corrected"), _("{who} corrected stock at {what}")),
        "stock.settings_changed": (_("Stock settings changed"), _("{who} changed when {what} is low or ordered")),
        "stock_location.created": (_("Place added"), _("{who} added the place {what}")),
        "stock_location.changed": (_("Place changed"), _("{who} changed the place {what}")),
        "stock_location.archived": (_("Place archived"), _("{who} archived the place {what}")),
        "consent.changed": (_("Consent changed"), _("{who} changed a consent of {what}")),
    },
    Group.IMPORTS: {
        "import.uploaded": (_("File uploaded"), _("{who} uploaded {what}")),
        "import.started": (_("Import started"), _("{who} started the import {what}")),
        "import.undo_started": (_("Import undone"), _("{who} began to undo the import {what}")),
        "database.added": (_("Database added"), _("{who} added the database {what}")),
        "database.changed": (_("Database changed"), _("{who} changed how the database {what} is read")),
        "database.paused": (_("Database paused"), _("{who} paused or resumed reading the database {what}")),
        "database.removed": (_("Database removed"), _("{who} removed the database {what}")),
        "database.read": (_("Database read"), _("{who} had the database {what} read")),
    },
}
for group, acts in ACTS.items():
    for name, (title, sentence) in acts.items():
        register_act(f"customers.{name}", group=group, title=title, sentence=sentence)

FIELDS |= {
    "source": _("Came by"),
    "fields": _("Fields"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "phone": _("Phone number"),
    "external_id": _("The shop’s own id"),
    "city": _("City"),
    "region": _("Region"),
    "postcode": _("Postcode"),
    "birthday": _("Birthday"),
    "attributes": _("Own attributes"),
    "label": _("Name"),
    "options": _("Choices"),
    "help": _("Hint"),
    "tags": _("Tags"),
    "act": _("Act"),
    "customers": _("Customers"),
    "changed": _("Changed"),
    "stopped": _("Stopped before the end"),
    "shared": _("Seen by everybody"),
    "tone": _("Colour"),
    "into": _("Into"),
    "channel": _("Channel"),
    "purpose": _("Purpose"),
    "is_granted": _("Agreed"),
    "wording": _("Wording"),
    "file": _("File"),
    "bytes": _("Bytes"),
    "rows": _("Rows"),
    "products": _("Products"),
    "to": _("To"),
    "dry_run": _("Only tried"),
    "duplicate": _("Duplicate"),
    "merge": _("Merge"),
}


def _customers(codes: Collection[str], reader: Reader) -> Mapping[str, Named]:
    found = Customer.objects.filter(code__in=codes)
    return {one.code: named_customer(one, reader) for one in found}


def _archetypes(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {one.code: Named(one.name) for one in Archetype.objects.filter(code__in=codes)}


def named_customer(customer: Customer, reader: Reader) -> Named:
    name, _contact = name_and_contact(customer, reader.programme.country)
    return Named(name, reverse("screens:profile", args=[customer.code]))


def customers_like(text: str, reader: Reader) -> list[Customer]:
    """Who fits a name, a phone number in any spelling, an e-mail or an id; at most MOST_FOUND. Two queries."""
    search = search_for(text, country=reader.programme.country)
    if search is None:
        return []
    return list(Customer.objects.visible_to(reader.actor).filter(search.strict)[:MOST_FOUND])


def _search_customers(text: str, reader: Reader) -> Collection[str]:
    return [f"customer:{one.code}" for one in customers_like(text, reader)]


def _attributes(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = AttributeDefinition.objects.filter(code__in=codes).values_list("code", "label")
    return {code: Named(label, reverse("customers:field", args=[code])) for code, label in found}


def _search_attributes(text: str, _reader: Reader) -> Collection[str]:
    found = AttributeDefinition.objects.filter(label__icontains=text)
    return [f"attribute:{code}" for code in found.values_list("code", flat=True)[:100]]


def _tags(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(name) for code, name in Tag.objects.filter(code__in=codes).values_list("code", "name")}


def _search_tags(text: str, _reader: Reader) -> Collection[str]:
    return [f"tag:{code}" for code in Tag.objects.filter(name__icontains=text).values_list("code", flat=True)[:100]]


def _views(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    return {code: Named(name) for code, name in SavedView.objects.filter(code__in=codes).values_list("code", "name")}


def _orders(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = Order.objects.filter(code__in=codes).values_list("code", "number", "reference")
    return {
        code: Named(number or reference or code, reverse("orders:order", args=[code]))
        for code, number, reference in found
    }


def _search_orders(text: str, reader: Reader) -> Collection[str]:
    """By the whole number or reference."""
    found = Order.objects.visible_to(reader.actor).filter(Q(number=text) | Q(reference=text))
    return [f"order:{code}" for code in found.values_list("code", flat=True)[:100]]


def _products(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = Product.objects.filter(code__in=codes)
    return {one.code: Named(str(one), reverse("customers:product", args=[one.code])) for one in found}


def _locations(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = StockLocation.objects.filter(code__in=codes).values_list("code", "name")
    return {code: Named(name, reverse("stock:list") + f"?location={code}") for code, name in found}


def _search_locations(text: str, reader: Reader) -> Collection[str]:
    found = StockLocation.objects.visible_to(reader.actor).filter(name__icontains=text)
    return [f"stock_location:{code}" for code in found.values_list("code", flat=True)[:100]]


def _search_products(text: str, _reader: Reader) -> Collection[str]:
    found = Product.objects.filter(Q(sku__iexact=text) | Q(title__icontains=text))
    return [f"product:{code}" for code in found.values_list("code", flat=True)[:100]]


def _imports(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = ImportRun.objects.filter(code__in=codes).values_list("code", "file_name")
    return {code: Named(name, reverse("customers:import", args=[code])) for code, name in found}


def _search_imports(text: str, reader: Reader) -> Collection[str]:
    found = ImportRun.objects.visible_to(reader.actor).filter(file_name__icontains=text)
    return [f"import:{code}" for code in found.values_list("code", flat=True)[:100]]


def _databases(codes: Collection[str], _reader: Reader) -> Mapping[str, Named]:
    found = DatabaseSync.objects.filter(code__in=codes).values_list("code", "name")
    return {code: Named(name, reverse("customers:database", args=[code])) for code, name in found}


def _search_databases(text: str, reader: Reader) -> Collection[str]:
    found = DatabaseSync.objects.visible_to(reader.actor).filter(name__icontains=text)
    return [f"database:{code}" for code in found.values_list("code", flat=True)[:100]]


register_subject("customer", title=_("customer"), find=_customers, search=_search_customers)
register_subject("archetype", title=_("archetype"), find=_archetypes)
register_subject("attribute", title=_("customer field"), find=_attributes, search=_search_attributes)
register_subject("view", title=_("saved view"), find=_views)
register_subject("tag", title=_("tag"), find=_tags, search=_search_tags)
register_subject("order", title=_("sale"), find=_orders, search=_search_orders)
register_subject("product", title=_("product"), find=_products, search=_search_products)
register_subject("stock_location", title=_("place"), find=_locations, search=_search_locations)
register_subject("database", title=_("database"), find=_databases, search=_search_databases)
register_subject("import", title=_("import"), find=_imports, search=_search_imports)
