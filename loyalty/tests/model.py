"""The ledger in some hundred lines of plain Python: what the SQL must do, written to be read, for the property test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class ModelLot:
    order: int
    made_by: int
    remaining: int
    expires_at: datetime | None


@dataclass
class ModelAct:
    kind: str
    points: int
    undone: int = 0
    parts: list[tuple[int, datetime | None]] = field(default_factory=list)  # what a redemption drew: (points, expiry)


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
    lots: list[ModelLot] = field(default_factory=list)
    acts: list[ModelAct] = field(default_factory=list)
    holds: list[ModelHold] = field(default_factory=list)
    debt: int = 0
    lifetime: int = 0
    _order: int = 0

    @property
    def available(self) -> int:
        return sum(lot.remaining for lot in self.lots)

    @property
    def held(self) -> int:
        return sum(hold.points for hold in self.holds)

    def expire(self, now: datetime) -> int:
        for hold in sorted(self.holds, key=lambda hold: hold.expires_at):
            if hold.is_live and hold.expires_at <= now:
                self._release(hold, hold.points)
        gone = sum(lot.remaining for lot in self.lots if lot.expires_at is not None and lot.expires_at <= now)
        self.lots = [lot for lot in self.lots if lot.expires_at is None or lot.expires_at > now]
        return gone

    def _credit(self, points: int, expires_at: datetime | None, made_by: int) -> None:
        paid = min(self.debt, points)
        self.debt -= paid
        if points > paid:
            self._order += 1
            self.lots.append(ModelLot(self._order, made_by, points - paid, expires_at))

    def _take(self, points: int, prefer: int | None = None) -> list[tuple[int, datetime | None]]:
        return [(part, lot.expires_at) for lot, part in self._draw(points, prefer)]

    def _draw(self, points: int, prefer: int | None = None) -> list[tuple[ModelLot, int]]:
        far = datetime.max
        drawn = []
        for lot in sorted(
            self.lots,
            key=lambda lot: (
                lot.made_by != prefer,
                lot.expires_at.replace(tzinfo=None) if lot.expires_at else far,
                lot.order,
            ),
        ):
            part = min(lot.remaining, points)
            if part:
                lot.remaining -= part
                points -= part
                drawn.append((lot, part))
        self.lots = [lot for lot in self.lots if lot.remaining]
        assert points == 0
        return drawn

    def give(self, kind: str, points: int, now: datetime, expires_at: datetime | None) -> int:
        self.expire(now)
        self.acts.append(ModelAct(kind, points))
        self._credit(points, expires_at, len(self.acts) - 1)
        if kind == "earn":
            self.lifetime += points
        return len(self.acts) - 1

    def spend(self, kind: str, points: int, now: datetime) -> bool:
        self.expire(now)
        if self.available < points:
            return False
        self.acts.append(ModelAct(kind, -points, parts=self._take(points)))
        return True

    def undo(self, number: int, points: int | None, now: datetime, grace: timedelta) -> bool:
        """False: there is nothing left to undo."""
        self.expire(now)
        act = self.acts[number]
        rest = abs(act.points) - act.undone
        if rest == 0:
            return False
        if act.points < 0:
            act.undone = rest
            paid = min(self.debt, rest)
            self.debt -= paid
            for part, expires_at in act.parts:
                kept = max(0, part - paid)
                paid -= part - kept
                if kept:
                    self._order += 1
                    last = max(expires_at, now + grace) if expires_at else None
                    self.lots.append(ModelLot(self._order, -1, kept, last))
            return True
        wanted = min(points or rest, rest)
        act.undone += wanted
        found = min(wanted, self.available)
        self._take(found, prefer=number)
        self.debt += wanted - found
        if act.kind == "earn":
            self.lifetime -= wanted
        return True

    def hold(self, points: int, now: datetime, expires_at: datetime) -> bool:
        self.expire(now)
        if self.available < points:
            return False
        self.holds.append(ModelHold(self._draw(points), expires_at))
        return True

    def capture(self, number: int, points: int | None, now: datetime) -> bool:
        """False: it is over, or less is held."""
        self.expire(now)
        hold = self.holds[number]
        if not hold.is_live or (points or 0) > hold.points:
            return False
        if points is not None:
            self._release(hold, hold.points - points)
            self.expire(now)
        self.acts.append(ModelAct("redeem", -hold.points, parts=[(part, lot.expires_at) for lot, part in hold.parts]))
        hold.parts, hold.is_live = [], False
        return True

    def void(self, number: int, now: datetime) -> bool:
        self.expire(now)
        hold = self.holds[number]
        if not hold.is_live:
            return False
        self._release(hold, hold.points)
        self.expire(now)
        return True

    def _release(self, hold: ModelHold, points: int) -> None:
        """The last part first; debt is paid on the way."""
        while points:
            lot, held = hold.parts.pop()
            part = min(held, points)
            points -= part
            if held > part:
                hold.parts.append((lot, held - part))
            paid = min(self.debt, part)
            self.debt -= paid
            if part > paid:
                if lot not in self.lots:
                    self.lots.append(lot)
                lot.remaining += part - paid
        hold.is_live = bool(hold.parts)
