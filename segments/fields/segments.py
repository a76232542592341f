"""Who is in another segment, as it was counted last; a segment is counted after those that it asks about."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from segments.fields.base import Field
from segments.fields.sets import Marks
from segments.operators import Kind

_MEMBERS = """
    SELECT own.customer_id, segment.code FROM segments_segmentmember AS own
    JOIN segments_segment AS segment ON segment.id = own.segment_id
"""

FIELDS: Sequence[Field] = (
    Field(
        "in_segment", _("Segments"), _("In another segment"), Kind.CHOICES, Marks(_MEMBERS),
        {"op": "has_one_of", "value": ["k3v9w2p8"]}, choices="segments",
        says={"": (_("are in the segment %(is)s"), _("are not in the segment %(is)s"))},
    ),
)  # fmt: skip
