"""The picture of this app's tables in docs/data-model.md, drawn from the models so that it is never out of date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from django.apps import apps
from django.db import models
from django.db.models import Field, Model

# In the order of the page. A model that is in none of these fails a test.
GROUPS: Mapping[str, tuple[str, Sequence[str]]] = {
    "People": (
        "Who somebody is. `Identifier` alone is looked up; the columns of `Customer` are copies for lists.",
        ("Customer", "Identifier", "ConsentRecord", "AttributeDefinition", "Tag", "CustomerTag", "Note"),
    ),
    "What they bought": (
        "A sale is one order, whoever tells of it: the till, an import, a shop's own system.",
        ("Order", "OrderLine", "Refund", "RefundLine", "Product"),
    ),
    "Stock": (
        "A level is the sum of its movements, and those are never changed.",
        ("StockLocation", "StockLevel", "StockMovement", "StockForecast"),
    ),
    "What happened": (
        "One stream: facts of our own and events that other systems send. Readers keep their place in it.",
        ("Event", "StreamReader", "TrackedName", "EventPolicy"),
    ),
    "Files and other sources": (
        "Rows are staged, checked and written set by set; what undoing needs is kept beside them.",
        ("ImportRun", "ImportRow", "ImportPerson", "ImportUndo", "DatabaseSync", "SyncRun"),
    ),
    "Duplicates": (
        "A merge remembers exactly what moved.",
        ("CustomerMerge", "DuplicatePair", "KeptApart"),
    ),
    "Lists": (
        "What people keep of the customer list, and what they do to many at once.",
        ("SavedView", "BulkRun"),
    ),
    "Figures": (
        "Computed from the rows above, and built again from them at any time.",
        (
            "CustomerFacts", "BusinessCustomerFacts", "CustomerScores", "Archetype", "CustomerArchetype", "DailySales",
            "HourlySales", "BuyerDay", "CohortMonth", "ProductSales", "ProductDay", "ProductMonth", "ProductPair",
            "PeopleGroup", "CountedAt", "StaleDay", "RollupState",
        ),
    ),
}  # fmt: skip
KINDS: Sequence[tuple[type[Field], str]] = (  # type: ignore[type-arg]
    (models.BooleanField, "yes_no"),
    (models.DateTimeField, "time"),
    (models.DateField, "date"),
    (models.DecimalField, "decimal"),
    (models.IntegerField, "integer"),
    (models.JSONField, "json"),
)
BEGIN, END = "<!-- drawn by manage.py data_model_doc -->", "<!-- end of drawing -->"


def model_of(name: str) -> type[Model]:
    return apps.get_model("customers", name)


def data_model_markdown() -> str:
    return "\n\n".join(_group(title, about, names) for title, (about, names) in GROUPS.items())


def _group(title: str, about: str, names: Sequence[str]) -> str:
    drawing = ["```mermaid", "erDiagram", *_relations(names), *_tables(names), "```"]
    words = ["| Table | One row is |", "|---|---|"]
    words += [f"| `{name}` | {_first_sentences(model_of(name))} |" for name in names]
    return "\n".join([f"## {title}", "", about, "", *drawing, "", *words])


def _relations(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        for field in model_of(name)._meta.concrete_fields:
            if field.related_model is not None:
                other = field.related_model._meta.object_name
                one = "|o" if field.null else "||"
                many = "o|" if field.one_to_one else "o{"
                yield f'    {other} {one}--{many} {name} : "{field.name}"'


def _tables(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        plain = [one for one in model_of(name)._meta.concrete_fields if one.related_model is None and one.name != "id"]
        yield f"    {name} {{"
        yield from (f"        {_kind(field)} {field.name}" for field in plain)
        yield "    }"


def _kind(field: Field) -> str:  # type: ignore[type-arg]
    return next((word for kind, word in KINDS if isinstance(field, kind)), "text")


def _first_sentences(model: type[Model]) -> str:
    return " ".join((model.__doc__ or "").strip().partition("\n\n")[0].split()).replace("|", "\\|")


def written_into(page: str) -> str:
    """The page with today's drawing between its two marks."""
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    return f"{before}{BEGIN}\n\n{data_model_markdown()}\n\n{END}{after}"
