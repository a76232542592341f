"""What merging customers and undoing imports do with what is computed of a customer."""

from __future__ import annotations

from customers.imports.undoing import PARTS
from customers.merging import stays
from customers.models import Customer
from intelligence.models import CustomerFeatures

stays({"intelligence_customerfeatures.customer_id": "computed again for both"})
PARTS[Customer].add(CustomerFeatures)
