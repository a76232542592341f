"""Adding, changing and archiving what shops sell. The catalogue is shared by all businesses of a programme."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.errors import DomainError, InvalidInput, NotFound
from core.money import MAX_AMOUNT
from customers.following import Figures, tell_followers
from customers.models import Product
from workspace.actions import audit

NAMED = frozenset({"title", "vendor", "category"})  # by what people ask for goods
TEXTS = {"sku": 64, "title": 200, "vendor": 120, "category": 120, "barcode": 64}  # and how long each may be
AMOUNTS = ("price", "cost")
AMOUNT_STEP = Decimal("0.0001")  # unit prices may be below the currency's smallest coin


class SkuTaken(DomainError):
    """Another product, perhaps an archived one, has this stock code."""

    code = "sku_taken"
    message = _("Another product has this stock code.")


class ProductValues(TypedDict, total=False):
    """What may be given; amounts are None where nobody knows them."""

    sku: str
    title: str
    vendor: str
    category: str
    barcode: str
    kind: str
    price: Decimal | None
    cost: Decimal | None


def create_product(*, values: ProductValues, actor: Actor, now: datetime) -> Product:
    """A product under a stock code of its own. Raises SkuTaken and InvalidInput; nothing is then written."""
    cleaned = _clean(values)
    if not cleaned.get("sku"):
        raise InvalidInput(_("Give the product a stock code."), field="sku")
    product = Product(created_at=now, **cleaned)
    with transaction.atomic():
        _save(product, force_insert=True)
        audit.record(actor, "customers.product.created", subject=f"product:{product.code}", data={"sku": product.sku})
    return product


def change_product(*, code: str, values: ProductValues, actor: Actor) -> Product:
    """Write the values that differ and return the product as stored; nothing different writes nothing.

    Raises NotFound, SkuTaken, InvalidInput, and PermissionRefused for people limited to one business: a change shows
    in all of them.
    """
    actor.check_sees_all()
    cleaned = _clean(values)
    with transaction.atomic():
        product = _locked(code)
        changed = {name: value for name, value in cleaned.items() if getattr(product, name) != value}
        if not changed:
            return product
        for name, value in changed.items():
            setattr(product, name, value)
        if not product.sku:
            raise InvalidInput(_("Give the product a stock code."), field="sku")
        _save(product)
        if NAMED & set(changed):
            tell_followers(Figures.PRODUCTS)
        names = sorted(changed)
        audit.record(actor, "customers.product.changed", subject=f"product:{code}", data={"fields": names})
    return product


def archive_product(*, code: str, actor: Actor, now: datetime) -> Product:
    """Take a product out of lists; its sales stay, and a sale that names it is recorded as ever. Safe to repeat.

    Raises NotFound, and PermissionRefused for people limited to one business.
    """
    return _set_archived(code, now, "customers.product.archived", actor)


def restore_product(*, code: str, actor: Actor) -> Product:
    """Undo `archive_product`. Safe to repeat."""
    return _set_archived(code, None, "customers.product.restored", actor)


def _set_archived(code: str, at: datetime | None, act: str, actor: Actor) -> Product:
    actor.check_sees_all()
    with transaction.atomic():
        product = _locked(code)
        if (product.archived_at is None) != (at is None):
            product.archived_at = at
            product.save(update_fields=["archived_at", "updated_at"])
            audit.record(actor, act, subject=f"product:{code}")
    return product


def _locked(code: str) -> Product:
    product = Product.objects.select_for_update().filter(code=code).first()
    if product is None:
        raise NotFound()
    return product


def _save(product: Product, *, force_insert: bool = False) -> None:
    if Product.objects.filter(sku=product.sku).exclude(pk=product.pk).exists():
        raise SkuTaken(field="sku")
    try:
        with transaction.atomic():
            product.save(force_insert=force_insert)
    except IntegrityError as error:  # somebody else was faster
        raise SkuTaken(field="sku") from error


def _clean(values: ProductValues) -> dict[str, object]:
    cleaned: dict[str, object] = dict(values)
    for name in TEXTS:
        if name in cleaned:
            cleaned[name] = _text(name, str(cleaned[name]))
    for name in AMOUNTS:
        if cleaned.get(name) is not None:
            _check_unit_amount(Decimal(str(cleaned[name])), name)
    if "kind" in cleaned and cleaned["kind"] not in Product.Kind.values:
        raise InvalidInput(_("There is no such kind of product."), field="kind")
    return cleaned


def _text(name: str, given: str) -> str:
    text = " ".join(given.split())
    if "\x00" in text:
        raise InvalidInput(_("This text has characters that cannot be kept."), field=name)
    if len(text) > TEXTS[name]:
        raise InvalidInput(_("This is too long."), field=name)
    return text


def _check_unit_amount(amount: Decimal, name: str) -> None:
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT or amount != amount.quantize(AMOUNT_STEP):
        raise InvalidInput(_("Enter an amount such as 12.40."), field=name)
