"""Who does something: carried into every action, written on every audit entry, transaction and event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext_lazy as _

from core.errors import PermissionRefused

ActorKind = Literal["user", "api", "till", "customer", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """`label` is what people read ("Maya Okafor", "Key till-2"); `reference` is `kind:id`, stable for look-ups.

    `business_id` is set when the membership or key is limited to one business: reads and writes stay inside it.
    """

    kind: ActorKind
    id: str
    label: str
    business_id: int | None = None
    user_id: int | None = None
    ip: str | None = None

    @property
    def reference(self) -> str:
        return f"{self.kind}:{self.id}"

    def check_sees_all(self) -> None:
        """For acts and figures of the whole programme: raise PermissionRefused when limited to one business."""
        if self.business_id is not None:
            raise PermissionRefused(_("This is about all businesses. Ask somebody who sees all of them."))


SYSTEM = Actor(kind="system", id="system", label="Regulars")
