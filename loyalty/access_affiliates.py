"""How a view reaches an affiliate, a payout or the private report: a missing one and a foreign one are the same 404."""

from __future__ import annotations

from django.core import signing

from core.tenancy import active_schema
from loyalty.affiliate_rules import CODE, spelled
from loyalty.errors import UnknownAffiliate, UnknownPayout
from loyalty.models import Affiliate, AffiliatePayout


def get_affiliate(code: str, *, write: bool = False) -> Affiliate:
    """An affiliate; to `write` it is locked, in the caller's transaction. Raises UnknownAffiliate."""
    found = Affiliate.objects.select_for_update(no_key=True) if write else Affiliate.objects.all()
    affiliate = found.filter(code=code).first() if "\0" not in code else None
    if affiliate is None:
        raise UnknownAffiliate()
    return affiliate


def affiliate_of_code(link_code: str) -> Affiliate | None:
    """Whose code this is, in any spelling of small and capital letters; whatever their state."""
    code = spelled(link_code)
    return Affiliate.objects.filter(link_code=code).first() if CODE.fullmatch(code) else None


def get_payout(code: str, *, affiliate: str | None = None, write: bool = False) -> AffiliatePayout:
    """A payout, of this affiliate where one is named. Raises UnknownPayout."""
    found = AffiliatePayout.objects.select_related("affiliate")
    if write:
        found = found.select_for_update(of=("self",), no_key=True)
    found = found.filter(affiliate__code=affiliate) if affiliate is not None else found
    payout = found.filter(code=code).first() if "\0" not in code else None
    if payout is None:
        raise UnknownPayout()
    return payout


def report_token(affiliate: Affiliate) -> str:
    """What the link of an affiliate's private report carries: nobody can make one, and a new version ends it."""
    return signing.dumps([affiliate.code, affiliate.report_version], salt=_salt())


def affiliate_of_token(token: str) -> Affiliate | None:
    """Whose report a link opens; None for one that was ended, is another programme's, or was never made."""
    try:
        code, version = signing.loads(token, salt=_salt())
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Affiliate.objects.filter(code=code, report_version=version).first()


def _salt() -> str:
    return f"loyalty.affiliates.report:{active_schema()}"
