"""The audit log's words for what happens to segments."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from segments.models import Segment
from workspace.audit_registry import Group, Named, Reader, register_act, register_subject

_ACTS = {
    "created": (_("Segment created"), _("{who} made the segment {what}")),
    "changed": (_("Segment changed"), _("{who} changed the segment {what}")),
    "archived": (_("Segment archived"), _("{who} archived the segment {what}")),
    "restored": (_("Segment restored"), _("{who} brought back the segment {what}")),
    "people_added": (_("People added to a segment"), _("{who} put people into the segment {what}")),
    "people_removed": (_("People taken out of a segment"), _("{who} took people out of the segment {what}")),
    "people_left_to_rules": (_("People left to a segment's rules"), _("{who} left people to the rules of {what}")),
}
for act, (title, sentence) in _ACTS.items():
    register_act(f"segments.segment.{act}", group=Group.CUSTOMERS, title=title, sentence=sentence)


def _segments(codes: Collection[str], reader: Reader) -> Mapping[str, Named]:
    return {code: Named(name) for code, name in Segment.objects.filter(code__in=codes).values_list("code", "name")}


def _search_segments(text: str, reader: Reader) -> Collection[str]:
    codes = Segment.objects.filter(name__icontains=text).order_by("pk").values_list("code", flat=True)[:50]
    return [f"segment:{code}" for code in codes]


register_subject("segment", title=_("segment"), find=_segments, search=_search_segments)
