"""People, what they bought, what happened. All of it lives in the programme's schema.

Amounts are NUMERIC(19,4) in the programme's currency. Times are aware UTC.
"""

from customers.models.analytics import (
    BuyerDay,
    CohortMonth,
    CountedAt,
    HourlySales,
    PeopleGroup,
    ProductDay,
    ProductMonth,
    ProductPair,
)
from customers.models.archetypes import Archetype, CustomerArchetype
from customers.models.attributes import AttributeDefinition
from customers.models.bulk import BulkRun
from customers.models.databases import DatabaseSync, SyncRun
from customers.models.events import CurrentTransaction, Event, EventPolicy, StreamReader, TrackedName
from customers.models.facts import (
    BusinessCustomerFacts,
    CustomerFacts,
    DailySales,
    OrOldest,
    ProductSales,
    RollupState,
    StaleDay,
)
from customers.models.fields import MoneyField
from customers.models.imports import ImportPerson, ImportRow, ImportRun, ImportUndo
from customers.models.merges import CustomerMerge, DuplicatePair, KeptApart
from customers.models.notes import Note
from customers.models.orders import Order, OrderLine, Refund, RefundLine
from customers.models.people import ConsentRecord, Customer, Identifier
from customers.models.products import Product
from customers.models.saved_views import SavedView
from customers.models.scores import CustomerScores
from customers.models.stock import StockForecast, StockLevel, StockLocation, StockMovement
from customers.models.tags import CustomerTag, Tag

__all__ = [
    "Archetype",
    "AttributeDefinition",
    "BulkRun",
    "BusinessCustomerFacts",
    "BuyerDay",
    "CohortMonth",
    "ConsentRecord",
    "CountedAt",
    "CurrentTransaction",
    "Customer",
    "CustomerArchetype",
    "CustomerFacts",
    "CustomerMerge",
    "CustomerScores",
    "CustomerTag",
    "DailySales",
    "DatabaseSync",
    "DuplicatePair",
    "Event",
    "EventPolicy",
    "HourlySales",
    "Identifier",
    "ImportPerson",
    "ImportRow",
    "ImportRun",
    "ImportUndo",
    "KeptApart",
    "MoneyField",
    "Note",
    "OrOldest",
    "Order",
    "OrderLine",
    "PeopleGroup",
    "Product",
    "ProductDay",
    "ProductMonth",
    "ProductPair",
    "ProductSales",
    "Refund",
    "RefundLine",
    "RollupState",
    "SavedView",
    "StaleDay",
    "StockForecast",
    "StockLevel",
    "StockLocation",
    "StockMovement",
    "StreamReader",
    "SyncRun",
    "Tag",
    "TrackedName",
]
