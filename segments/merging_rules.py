"""What merging customers and undoing imports do with segments."""

from __future__ import annotations

from django.db.models import Q

from customers.imports.undoing import PARTS
from customers.merging import Pair, Rows, moves, stays
from customers.models import Customer
from segments.models import SegmentChange, SegmentChoice, SegmentMember


def _chosen_for_both(pair: Pair) -> Q:
    """What staff decided about the survivor holds."""
    own = SegmentChoice.objects.filter(customer=pair.survivor_id).values_list("segment", flat=True)
    return Q(segment__in=list(own))


moves(Rows(SegmentChoice, staying=_chosen_for_both))
stays(
    {
        "segments_segmentmember.customer_id": "judged again for both",
        "segments_segmentchange.customer_id": "what happened",
    }
)
PARTS[Customer] |= {SegmentMember, SegmentChange}
