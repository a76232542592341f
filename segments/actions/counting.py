"""Who is in a segment, brought up to date: everybody judged again, or only those for whom something changed.

Both ways run the same statement, with or without a list of customers, so that they find the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.backends.utils import CursorWrapper

from core.actor import SYSTEM
from core.tenancy import active_programme
from customers.actions import events
from programs.actions.due_work import ensure_due
from segments import clock, compiler, rules
from segments.actions.marks import COUNT_DUE, follow_part
from segments.asking import set_planner
from segments.events import MEMBER_ENTERED, MEMBER_LEFT
from segments.fields.base import Field
from segments.fields.registry import fields_of_programme
from segments.models import Segment, SegmentChange
from segments.rules import Any as AnyOf
from segments.rules import Refused, Rules
from segments.statement import Moment, Query

Reason = SegmentChange.Reason
NOBODY = Rules(1, AnyOf(()))  # of a segment that is filled by hand

_MEMBERS = """
    WITH found AS (
        SELECT asked.id FROM ({asked}) AS asked WHERE NOT EXISTS (
            SELECT FROM segments_segmentchoice AS choice
            WHERE choice.segment_id = %(segment)s AND choice.customer_id = asked.id)
        UNION ALL
        SELECT choice.customer_id FROM segments_segmentchoice AS choice
        JOIN customers_customer AS customer ON customer.id = choice.customer_id AND customer.state = 'active'
        WHERE choice.segment_id = %(segment)s AND choice.is_in{of_choices}
    ),
    changed AS MATERIALIZED (
        SELECT coalesce(found.id, own.customer_id) AS customer_id, found.id IS NOT NULL AS is_entry
        FROM found FULL JOIN (
            SELECT own.customer_id FROM segments_segmentmember AS own WHERE own.segment_id = %(segment)s{of_members}
        ) AS own ON own.customer_id = found.id
        WHERE found.id IS NULL OR own.customer_id IS NULL
    ),
    gone AS (
        DELETE FROM segments_segmentmember AS own USING changed
        WHERE own.segment_id = %(segment)s AND own.customer_id = changed.customer_id AND NOT changed.is_entry
    ),
    come AS (
        INSERT INTO segments_segmentmember (segment_id, customer_id, since)
        SELECT %(segment)s, changed.customer_id, %(now)s FROM changed WHERE changed.is_entry
    )
    SELECT coalesce(array_agg(customer_id) FILTER (WHERE is_entry), '{{}}'),
           coalesce(array_agg(customer_id) FILTER (WHERE NOT is_entry), '{{}}')
    FROM changed
"""
_CHANGES = """
    INSERT INTO segments_segmentchange (segment_id, customer_id, is_entry, reason, at)
    SELECT %(segment)s, given.customer, %(is_entry)s, given.reason, %(now)s
    FROM unnest(%(customers)s::bigint[], %(reasons)s::text[]) AS given (customer, reason)
"""
_EVENTS = """
    INSERT INTO customers_event (name, customer_id, occurred_at, actor, data)
    SELECT %(name)s, given.customer, %(now)s, %(actor)s,
           jsonb_build_object('segment', %(code)s::text, 'segment_name', %(title)s::text, 'reason', given.reason)
    FROM unnest(%(customers)s::bigint[], %(reasons)s::text[]) AS given (customer, reason)
"""
_DAY = """
    INSERT INTO segments_segmentday AS own (segment_id, day, people, entered, "left")
    VALUES (%(segment)s, %(day)s, %(people)s, %(entered)s, %(left)s)
    ON CONFLICT (segment_id, day) DO UPDATE SET people = EXCLUDED.people,
        entered = own.entered + EXCLUDED.entered, "left" = own."left" + EXCLUDED."left"
"""


@dataclass(frozen=True, slots=True)
class Counted:
    entered: Sequence[int]
    left: Sequence[int]


@dataclass(frozen=True, slots=True)
class Counting:
    """Counts of one moment. Whoever counts has a turn to compute and has locked the segment's row."""

    moment: Moment
    fields: Mapping[str, Field]

    @classmethod
    def at(cls, now: datetime) -> Counting:
        return cls(Moment(now, ZoneInfo(active_programme().time_zone)), fields_of_programme())

    def count_all(self, segment: Segment) -> Counted | None:
        """Judge everybody; None where the rules ask about what is gone: who was in it stays."""
        return self._after_rules(segment)._count_all(segment)

    def count_some(self, segment: Segment, customers: Collection[int]) -> None:
        """Judge these people, and whom time has brought here or away; nobody where everybody is to be judged anyway."""
        self._after_rules(segment)._count_some(segment, customers)

    def count_chosen(self, segment: Segment, customers: Collection[int]) -> None:
        """As `count_some`, of people about whom staff decided; everybody, where that is needed anyway."""
        self._after_rules(segment)._count_some(segment, customers, by_hand=frozenset(customers))

    def _after_rules(self, segment: Segment) -> Counting:
        """A worker's moment may lie before rules that were saved while it counted others: never before these."""
        if self.moment.now >= segment.rules_at:
            return self
        return replace(self, moment=Moment(segment.rules_at, self.moment.zone))

    def _count_all(self, segment: Segment, *, by_hand: Collection[int] = ()) -> Counted | None:
        tree = self._tree(segment)
        if segment.is_broken:
            return None
        counted = self._write_members(segment, tree, None)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM segments_segmentmember WHERE segment_id = %s", [segment.pk])
            (segment.people,) = cursor.fetchone()
        self._tell(segment, tree, counted, by_hand=by_hand)
        segment.counted_at, segment.is_stale = self.moment.now, False
        self._save(segment, tree)
        return counted

    def _count_some(self, segment: Segment, customers: Collection[int], *, by_hand: Collection[int] = ()) -> None:
        tree = self._tree(segment)
        if segment.is_broken:
            return
        if segment.is_stale or segment.counted_at is None:
            if by_hand:
                self._count_all(segment, by_hand=by_hand)
            return
        listed = set(customers)
        if tree and segment.next_change_at is not None and segment.next_change_at <= self.moment.now:
            listed |= self._passed(segment, tree)
        counted = self._write_members(segment, tree, sorted(listed))
        segment.people += len(counted.entered) - len(counted.left)
        self._tell(segment, tree, counted, by_hand=by_hand)
        segment.counted_at = self.moment.now
        self._save(segment, tree)

    def _tree(self, segment: Segment) -> Rules | None:
        """Its rules; `is_broken` says whether they ask about what is gone. When that is back, everybody is judged."""
        tree, was_broken = None, segment.is_broken
        try:
            if segment.rules is not None:
                tree = rules.read(segment.rules)
                compiler.check(tree, self.fields)
            segment.is_broken = False
        except Refused:
            segment.is_broken = True
        if segment.is_broken != was_broken:
            segment.is_stale = segment.is_stale or was_broken  # meanwhile nobody was judged
            segment.save(update_fields=["is_broken", "is_stale"])
        return tree

    def _passed(self, segment: Segment, tree: Rules) -> set[int]:
        before = Moment(segment.counted_at or self.moment.now, self.moment.zone)
        with connection.cursor() as cursor:
            queries = clock.passed(tree, self.fields, before, self.moment)
            return {customer for query in queries for (customer,) in _rows(cursor, query) if customer is not None}

    def _write_members(self, segment: Segment, tree: Rules | None, chosen: Sequence[int] | None) -> Counted:
        asked = compiler.members(tree or NOBODY, self.fields, self.moment, chosen=chosen)
        narrowed = {"of_choices": "", "of_members": ""}
        if chosen is not None:
            narrowed["of_choices"] = " AND choice.customer_id = ANY(%(chosen)s::bigint[])"
            narrowed["of_members"] = " AND own.customer_id = ANY(%(chosen)s::bigint[])"
        values = {**asked.params, "segment": segment.pk, "now": self.moment.now}
        with connection.cursor() as cursor:
            set_planner(cursor)
            cursor.execute(_MEMBERS.format(asked=asked.sql, **narrowed), values)
            return Counted(*cursor.fetchone())

    def _tell(self, segment: Segment, tree: Rules | None, counted: Counted, *, by_hand: Collection[int]) -> None:
        """Write down who came and left, why, and the day's figures. Of the first count only the figure."""
        is_first = segment.counted_at is None
        is_edited = segment.counted_at is not None and segment.rules_at > segment.counted_at
        for customers, is_entry in ((counted.entered, True), (counted.left, False)):
            if not customers or is_first:
                continue
            reasons: Sequence[str] = [Reason.RULES] * len(customers)
            if not is_edited:
                reasons = self._reasons(segment, tree, customers, is_entry=is_entry)
            reasons = [
                Reason.HAND if one in by_hand else reason for one, reason in zip(customers, reasons, strict=True)
            ]
            self._write_changes(segment, customers, reasons, is_entry=is_entry, are_told=not is_edited)
        follow_part(segment, [*counted.entered, *counted.left])
        if counted.entered or counted.left or segment.is_stale or is_first:
            self._write_day(segment, counted, is_first=is_first)

    def _reasons(
        self, segment: Segment, tree: Rules | None, customers: Sequence[int], *, is_entry: bool
    ) -> Sequence[str]:
        """Time, for whom the answer was another one at the count before with what is known now; else the person."""
        since, due = segment.counted_at, segment.next_change_at
        if tree is None or since is None or due is None or due > self.moment.now:
            return [Reason.PERSON] * len(customers)
        before = Moment(since, self.moment.zone)
        with connection.cursor() as cursor:
            query = compiler.members(tree, self.fields, before, chosen=customers)
            was_in = {customer for (customer,) in _rows(cursor, query)}
        return [Reason.TIME if (one in was_in) is not is_entry else Reason.PERSON for one in customers]

    def _write_changes(
        self, segment: Segment, customers: Sequence[int], reasons: Sequence[str], *, is_entry: bool, are_told: bool
    ) -> None:
        """Whom new rules bring or take away is in the history; the stream is not told, so that nobody gets messages
        because somebody tried other rules."""
        values: dict[str, Any] = {
            "segment": segment.pk, "is_entry": is_entry, "now": self.moment.now, "customers": list(customers),
            "reasons": list(map(str, reasons)), "name": (MEMBER_ENTERED if is_entry else MEMBER_LEFT).name,
            "actor": SYSTEM.reference, "code": segment.code, "title": segment.name,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_CHANGES, values)
            if are_told:
                cursor.execute(_EVENTS, values)
        if are_told:
            events.wake_readers()

    def _write_day(self, segment: Segment, counted: Counted, *, is_first: bool) -> None:
        entered, left = (0, 0) if is_first else (len(counted.entered), len(counted.left))
        values: dict[str, Any] = {
            "segment": segment.pk, "day": self.moment.today, "people": segment.people, "entered": entered, "left": left,
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_DAY, values)

    def _save(self, segment: Segment, tree: Rules | None) -> None:
        before = segment.next_change_at
        segment.next_change_at = clock.next_change(tree, self.fields, self.moment) if tree else None
        segment.save(update_fields=["people", "counted_at", "is_stale", "next_change_at"])
        if segment.next_change_at not in (None, before):
            ensure_due(kind=COUNT_DUE, by=segment.next_change_at)


def _rows(cursor: CursorWrapper, query: Query) -> list[tuple[Any, ...]]:
    cursor.execute(query.sql, query.params)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
