"""What a person may choose about an import, with safe defaults. Stored as JSON on the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Literal

DateOrder = Literal["ymd", "dmy", "mdy"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`refund_prefix`: numbers that begin so are cancellations; without it, the sign of quantity or total decides.
    `ignored_prefix`: numbers that begin so are neither sales nor refunds (bookkeeping). `service_skus`: postage, fees.
    `repeats`: the rows of one order (or product) follow each other, and what only the first of them says holds for all.
    """

    date_order: DateOrder = "dmy"
    refund_prefix: str = ""
    ignored_prefix: str = ""
    repeats: bool = False
    service_skus: Sequence[str] = field(default_factory=tuple)

    @classmethod
    def of(cls, stored: Mapping[str, object]) -> ImportOptions:
        """From JSON. Unknown names are an error of ours, not of a person."""
        known = {item.name for item in fields(cls)}
        if set(stored) - known:
            raise ValueError(f"unknown import options {sorted(set(stored) - known)}")
        return cls(**stored)  # type: ignore[arg-type]

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "service_skus": list(self.service_skus)}
