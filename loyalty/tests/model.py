"""The ledger in some hundred lines of plain Python: what the SQL must do, written to be read, for the property test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from loyalty import rules

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ModelSettings:
    """`policy` as in LoyaltySettings; months None with "months" is never."""

    zone: ZoneInfo
    policy: str = "months"
    months: int | None = 3
    day: str = ""
    pending_days: int = 0
    grace: timedelta = timedelta(days=30)

    def expiry(self, moment: datetime) -> datetime | None:
        if self.policy == "date":
            return rules.expires_on(moment, self.months, self.day, self.zone)
        return rules.expires_at(moment, self.months if self.policy == "months" else None, self.zone)

    def lapse(self, moment: datetime) -> datetime | None:
        return rules.expires_at(moment, self.months, self.zone) if self.policy == "inactivity" else None

    def available(self, moment: datetime) -> datetime:
        return rules.available_at(moment, self.pending_days, self.zone)


@dataclass
class ModelLot:
    order: int
    made_by: int
    remaining: int
    expires_at: datetime | None
    available_at: datetime
    is_pending: bool = False


@dataclass
class Part:
    """What an act took: from a lot with these dates, or (no dates) as debt."""

    points: int
    lot: ModelLot | None


@dataclass
class ModelAct:
    kind: str
    points: int
    earn: int | None = None  # the number of the earn that it is about: itself, what undoes it, what undoes that
    undone: int = 0
    parts: list[Part] = field(default_factory=list)
    partner: tuple[ModelMember, int] | None = None  # the other side of a transfer


@dataclass
class ModelHold:
    parts: list[tuple[ModelLot, int]]
    expires_at: datetime
    is_live: bool = True

    @property
    def points(self) -> int:
        return sum(part for _lot, part in self.parts)


@dataclass
class ModelMember:
    settings: ModelSettings
    lots: list[ModelLot] = field(default_factory=list)
    acts: list[ModelAct] = field(default_factory=list)
    holds: list[ModelHold] = field(default_factory=list)
    debt: int = 0
    lifetime: int = 0
    lapses_at: datetime | None = None
    _order: int = 0

    @property
    def available(self) -> int:
        return sum(lot.remaining for lot in self.lots if not lot.is_pending)

    @property
    def pending(self) -> int:
        return sum(lot.remaining for lot in self.lots if lot.is_pending)

    @property
    def held(self) -> int:
        return sum(hold.points for hold in self.holds)

    # -- time ---------------------------------------------------------------------------------------------------------

    def expire(self, now: datetime) -> None:
        for hold in sorted(self.holds, key=lambda hold: hold.expires_at):
            if hold.is_live and hold.expires_at <= now:
                self._release(hold, hold.points, now)
        self._mature(now)
        lapsed_at = self.lapses_at if self.lapses_at is not None and self.lapses_at <= now else None
        over = [lot for lot in self.lots if not lot.is_pending and self._is_over(lot, lapsed_at, now)]
        if over:
            over.sort(key=lambda lot: (lot.expires_at or NEVER, lot.order))
            parts = [Part(lot.remaining, lot) for lot in over]
            self._add(ModelAct("expire", -sum(part.points for part in parts), parts=parts))
        self.lots = [lot for lot in self.lots if not any(lot is gone for gone in over)]
        if lapsed_at is not None:
            self.lapses_at = self.settings.lapse(now) if self.available else None

    @staticmethod
    def _is_over(lot: ModelLot, lapsed_at: datetime | None, now: datetime) -> bool:
        if lot.expires_at is not None:
            return lot.expires_at <= now
        return lapsed_at is not None and lot.available_at < lapsed_at

    def _mature(self, now: datetime) -> None:
        for lot in sorted(self.lots, key=lambda lot: (lot.available_at, lot.order)):
            if lot.is_pending and lot.available_at <= now:
                lot.is_pending = False
                lot.remaining -= self._pay(lot.remaining)
                self.lapses_at = self.lapses_at or self.settings.lapse(now)
        self.lots = [lot for lot in self.lots if lot.remaining]

    def _active(self, now: datetime) -> None:
        self.lapses_at = self.settings.lapse(now)

    # -- giving and taking --------------------------------------------------------------------------------------------

    def _pay(self, points: int) -> int:
        paid = min(self.debt, points)
        self.debt -= paid
        return paid

    def _put(self, points: int, expires_at: datetime | None, available_at: datetime, *, waits: bool) -> None:
        if points:
            self._order += 1
            self.lots.append(ModelLot(self._order, len(self.acts) - 1, points, expires_at, available_at, waits))

    def _draw(self, points: int, made_by: int | None = None) -> list[Part]:
        """The own lot of `made_by` first, also while it waits; then the oldest expiry."""
        usable = [lot for lot in self.lots if not lot.is_pending or lot.made_by == made_by]
        drawn = []
        for lot in sorted(
            usable,
            key=lambda lot: (not lot.is_pending, lot.made_by != made_by, lot.expires_at or NEVER, lot.order),
        ):
            part = min(lot.remaining, points)
            if part:
                lot.remaining -= part
                points -= part
                drawn.append(Part(part, lot))
        self.lots = [lot for lot in self.lots if lot.remaining]
        assert points == 0
        return drawn

    def _add(self, act: ModelAct) -> int:
        self.acts.append(act)
        return len(self.acts) - 1

    def earn(self, points: int, now: datetime) -> int:
        self.expire(now)
        number = self._add(ModelAct("earn", points, earn=len(self.acts)))
        available_at = self.settings.available(now)
        waits = available_at > now
        rest = points if waits else points - self._pay(points)
        self._put(rest, self.settings.expiry(available_at), available_at, waits=waits)
        self.lifetime += points
        self._active(now)
        return number

    def give(self, kind: str, points: int, now: datetime) -> int:
        self.expire(now)
        number = self._add(ModelAct(kind, points))
        self._put(points - self._pay(points), self.settings.expiry(now), now, waits=False)
        self.lapses_at = self.lapses_at or self.settings.lapse(now)
        return number

    def spend(self, kind: str, points: int, now: datetime) -> bool:
        self.expire(now)
        if self.available < points:
            return False
        self._add(ModelAct(kind, -points, parts=self._draw(points)))
        if kind == "redeem":
            self._active(now)
        return True

    def transfer(self, points: int, other: ModelMember, now: datetime) -> bool:
        self.expire(now)
        other.expire(now)
        if self.available < points:
            return False
        act = ModelAct("transfer", -points, parts=self._draw(points))
        mine = self._add(act)
        theirs = other._add(ModelAct("transfer", points, partner=(self, mine)))
        act.partner = (other, theirs)
        paid = other._pay(points)
        for part in act.parts:
            kept = max(0, part.points - paid)
            paid -= part.points - kept
            other._put(kept, part.lot.expires_at, now, waits=False)
        for member in (self, other):
            member.lapses_at = member.lapses_at or self.settings.lapse(now)
        return True

    # -- undoing ------------------------------------------------------------------------------------------------------

    def undo(self, number: int, points: int | None, now: datetime) -> bool:
        """False: there is nothing left to undo."""
        self.expire(now)
        act = self.acts[number]
        if abs(act.points) == act.undone:
            return False
        if act.partner is not None:
            other, theirs = act.partner
            other.expire(now)
            for member, place in ((self, number), (other, theirs)):
                member._undo(place, None, now)
            return True
        self._undo(number, points, now)
        return True

    def _undo(self, number: int, points: int | None, now: datetime) -> None:
        act = self.acts[number]
        rest = abs(act.points) - act.undone
        if act.points < 0:
            act.undone = rest
            self._give_back(act, now)
        else:
            wanted = min(points or rest, rest)
            act.undone += wanted
            self._claw_back(act, number, wanted)

    def _claw_back(self, act: ModelAct, number: int, wanted: int) -> None:
        own = sum(lot.remaining for lot in self.lots if lot.is_pending and lot.made_by == number)
        found = min(wanted, self.available + own)
        parts = self._draw(found, made_by=number)
        if wanted > found:
            parts.append(Part(wanted - found, None))
        self.debt += wanted - found
        self._add(ModelAct("reverse", -wanted, act.earn, parts=parts))
        if act.earn is not None:
            self.lifetime -= wanted

    def _give_back(self, act: ModelAct, now: datetime) -> None:
        self._add(ModelAct("reverse", -act.points, act.earn))
        if act.earn is not None:
            self.lifetime -= act.points
        waiting = [part for part in act.parts if part.lot is not None and part.lot.available_at > now]
        paid = self._pay(-act.points - sum(part.points for part in waiting))
        for part in act.parts:
            if part in waiting:
                self._put(part.points, self._last_chance(part, now), part.lot.available_at, waits=True)
                continue
            kept = max(0, part.points - paid)
            paid -= part.points - kept
            self._put(kept, self._last_chance(part, now), now, waits=False)
        self.lapses_at = self.lapses_at or self.settings.lapse(now)

    def _last_chance(self, part: Part, now: datetime) -> datetime | None:
        if part.lot is None:
            return self.settings.expiry(now)
        return max(part.lot.expires_at, now + self.settings.grace) if part.lot.expires_at else None

    # -- holds --------------------------------------------------------------------------------------------------------

    def hold(self, points: int, now: datetime, expires_at: datetime) -> bool:
        self.expire(now)
        if self.available < points:
            return False
        self.holds.append(ModelHold([(part.lot, part.points) for part in self._draw(points)], expires_at))
        self._active(now)
        return True

    def capture(self, number: int, points: int | None, now: datetime) -> bool:
        """False: it is over, or less is held."""
        self.expire(now)
        hold = self.holds[number]
        if not hold.is_live or (points or 0) > hold.points:
            return False
        if points is not None and points < hold.points:
            self._release(hold, hold.points - points, now)
            self.expire(now)
        self._add(ModelAct("redeem", -hold.points, parts=[Part(part, lot) for lot, part in hold.parts]))
        hold.parts, hold.is_live = [], False
        self._active(now)
        return True

    def void(self, number: int, now: datetime) -> bool:
        self.expire(now)
        hold = self.holds[number]
        if not hold.is_live:
            return False
        self._release(hold, hold.points, now)
        self.expire(now)
        return True

    def _release(self, hold: ModelHold, points: int, now: datetime) -> None:
        """The last part first; debt is paid on the way."""
        while points:
            lot, held = hold.parts.pop()
            part = min(held, points)
            points -= part
            if held > part:
                hold.parts.append((lot, held - part))
            rest = part - self._pay(part)
            if rest:
                if not any(lot is known for known in self.lots):
                    lot.remaining = 0
                    self.lots.append(lot)
                lot.remaining += rest
        hold.is_live = bool(hold.parts)
        self.lapses_at = self.lapses_at or self.settings.lapse(now)
