"""The segments of a programme as a list: what each says, how many are in it, and how that moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet
from django.db.models.functions import Lower

from core.clock import local_day
from core.figures import Delta, make_delta
from core.keyset import KeysetPage, Order, keyset_page
from segments.choices import Labels, asked_by, labels
from segments.describe import Describer
from segments.fields.base import Field
from segments.models import Segment, SegmentDay, SegmentPart
from segments.rules import Refused, Rules, read

CHANGE_DAYS = 30
SPARK_DAYS = 84  # twelve weeks
LOOK_BACK_DAYS = 366
SPARK_POINTS = 13  # one for each week's end, and the first
BY_NAME = Order([Lower("name"), "id"])


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """`change` is None, and `spark` empty, before there is anything to compare with."""

    segment: Segment
    sentence: str
    change: Delta | None
    spark: Sequence[int]
    used_in: int  # other segments that ask who is in it


def segment_page(
    *, words: str, is_archived: bool, fields: Mapping[str, Field], currency: str, zone: ZoneInfo, now: datetime,
    cursor: str = "",
) -> KeysetPage[SegmentRow]:  # fmt: skip
    """One page in the order of names: the page, days, uses, and labels with one query for each kind of thing."""
    page = keyset_page(found(words, is_archived=is_archived), BY_NAME, descending=False, cursor=cursor)
    return page.with_rows(_rows(page.rows, fields=fields, currency=currency, today=local_day(now, zone)))


def found(words: str = "", *, is_archived: bool = False) -> QuerySet[Segment]:
    segments = Segment.objects.filter(archived_at__isnull=not is_archived)
    for word in words.split():
        segments = segments.filter(name__icontains=word)
    return segments


def sentences(segments: Iterable[Segment], fields: Mapping[str, Field], currency: str) -> Mapping[int, str]:
    """What the rules of each say; nothing of those that are filled by hand alone."""
    trees = {segment.pk: tree for segment in segments if (tree := tree_of(segment)) is not None}
    describer = describer_of(trees.values(), fields, currency)
    return {pk: describer.sentence(tree) for pk, tree in trees.items()}


def describer_of(trees: Iterable[Rules], fields: Mapping[str, Field], currency: str) -> Describer:
    """What says these trees. One query for each kind of thing that they name."""
    return Describer(fields, _labels(trees, fields), currency)


def tree_of(segment: Segment) -> Rules | None:
    """Its rules; None where there are none, or none that can be read any more."""
    try:
        return None if segment.rules is None else read(segment.rules)
    except Refused:
        return None


def sizes(segment: Segment, *, today: date, days: int = SPARK_DAYS) -> list[tuple[date, int]]:
    """People at the end of each of the last days, from the first that is known. One query."""
    known = _known_days(today).filter(segment=segment).values_list("day", "people")
    return _daily(list(known), today=today, days=days)


def _known_days(today: date) -> QuerySet[SegmentDay]:
    """A living segment has a row for nearly every day: a year back there is one before any window."""
    return SegmentDay.objects.filter(day__gt=today - timedelta(days=LOOK_BACK_DAYS), day__lte=today).order_by("day")


def wholes_of(segment: Segment) -> list[Segment]:
    """The living segments that ask who is in this one. One query."""
    return list(Segment.objects.living().filter(parts__part=segment).order_by("name"))


def _rows(segments: Sequence[Segment], *, fields: Mapping[str, Field], currency: str, today: date) -> list[SegmentRow]:
    said = sentences(segments, fields, currency)
    known: dict[int, list[tuple[date, int]]] = {}
    days = _known_days(today).filter(segment__in=segments)
    for pk, day, people in days.values_list("segment", "day", "people"):
        known.setdefault(pk, []).append((day, people))
    uses = dict(
        SegmentPart.objects.filter(part__in=segments, segment__archived_at__isnull=True)
        .values_list("part")
        .annotate(count=Count("pk"))
    )
    return [
        SegmentRow(
            segment=segment,
            sentence=said.get(segment.pk, ""),
            change=_change(segment, known.get(segment.pk, []), today),
            spark=_weekly(_daily(known.get(segment.pk, []), today=today, days=SPARK_DAYS)),
            used_in=uses.get(segment.pk, 0),
        )
        for segment in segments
    ]


def _labels(trees: Iterable[Rules], fields: Mapping[str, Field]) -> Labels:
    asked: dict[str, set[str]] = {}
    for tree in trees:
        for name, codes in asked_by(tree, fields).items():
            asked.setdefault(name, set()).update(codes)
    return labels(asked)


def _change(segment: Segment, known: Sequence[tuple[date, int]], today: date) -> Delta | None:
    """Of people, since the number at the end of the day CHANGE_DAYS ago."""
    since = today - timedelta(days=CHANGE_DAYS)
    before = [people for day, people in known if day <= since]
    return make_delta(segment.people, before[-1], good="none", unit="number") if before else None


def _daily(known: Sequence[tuple[date, int]], *, today: date, days: int) -> list[tuple[date, int]]:
    """Days without a row are as the day before."""
    if not known:
        return []
    first = max(known[0][0], today - timedelta(days=days))
    by_day, people = dict(known), next((people for day, people in reversed(known) if day <= first), 0)
    filled = []
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        people = by_day.get(day, people)
        filled.append((day, people))
    return filled


def _weekly(daily: Sequence[tuple[date, int]]) -> list[int]:
    """About one point for a week, the newest day always among them."""
    step = max(1, len(daily) // SPARK_POINTS)
    return [people for _day, people in daily[::-1][::step]][::-1]
