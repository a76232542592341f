"""A tree in words: one sentence as a person would say it. Pure; `segments.choices.labels_of` gives the labels.

Negations are said where they belong, as the compiler has it: at the conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.countries import COUNTRIES
from segments.choices import Labels
from segments.fields.base import Field, Phrase, Property, Says
from segments.operators import KNOWN, PATTERNS, BadValue, Kind, value_of
from segments.rules import All, Condition, Everyone, Filter, Last, Node, Not, Rules, pruned
from segments.rules import Any as AnyOf
from segments.wording import amount, days, figure, listed, one_of, when

_WITH_THE = frozenset(
    COUNTRIES[code].name
    for code in (
        "AE", "BS", "CF", "CK", "DO", "FK", "GB", "GM", "KY", "MH", "MP", "MV", "NL", "PH", "SB", "SC", "TC", "US",
    )
)  # fmt: skip
_CHANNELS: Mapping[str, Phrase] = {"store": gettext_lazy("in the shop"), "online": gettext_lazy("online")}
# What an operator denies, said as the other half of that one.
_DENIED: Mapping[str, str] = {
    "is_not": "is", "does_not_contain": "contains", "is_none_of": "is_one_of", "has_none_of": "has_one_of",
    "not_within": "within", "missing": "exists",
}  # fmt: skip
# Of numbers that everybody has.
_TURNED: Mapping[str, str] = {
    "is": "is_not", "is_not": "is", "more": "at_most", "at_most": "more", "less": "at_least", "at_least": "less",
    "between": "beyond",
}  # fmt: skip
_SOME: Mapping[tuple[str, Decimal], bool] = {("more", Decimal(0)): True, ("is", Decimal(0)): False}
_SOME_OF_COUNTS: Mapping[tuple[str, Decimal], bool] = {
    **_SOME,
    ("at_least", Decimal(1)): True,
    ("is_not", Decimal(0)): True,
    ("less", Decimal(1)): False,
    ("at_most", Decimal(0)): False,
}
_HAVE: Mapping[str, Says] = {
    "is_one_of": (gettext_lazy("have %(noun)s that is %(is)s"), gettext_lazy("do not have %(noun)s that is %(is)s")),
    "contains": (
        gettext_lazy("have %(noun)s with %(is)s in it"),
        gettext_lazy("do not have %(noun)s with %(is)s in it"),
    ),
    "starts_with": (
        gettext_lazy("have %(noun)s that starts with %(is)s"),
        gettext_lazy("do not have %(noun)s that starts with %(is)s"),
    ),
    "ends_with": (
        gettext_lazy("have %(noun)s that ends with %(is)s"),
        gettext_lazy("do not have %(noun)s that ends with %(is)s"),
    ),
    "exists": (gettext_lazy("have %(noun)s"), gettext_lazy("do not have %(noun)s")),
    "between": (gettext_lazy("have %(noun)s %(is)s"), gettext_lazy("do not have %(noun)s %(is)s")),
    "": (gettext_lazy("have %(noun)s of %(is)s"), gettext_lazy("do not have %(noun)s of %(is)s")),
}
_AS: Says = (gettext_lazy("have %(is)s as %(noun)s"), gettext_lazy("do not have %(is)s as %(noun)s"))
_PREDICATES: Mapping[str, Phrase] = {
    "contains": gettext_lazy("contains %(is)s"),
    "does_not_contain": gettext_lazy("does not contain %(is)s"),
    "starts_with": gettext_lazy("starts with %(is)s"),
    "ends_with": gettext_lazy("ends with %(is)s"),
    "exists": gettext_lazy("is known"),
    "missing": gettext_lazy("is not known"),
    "is_not": gettext_lazy("is not %(is)s"),
    "is_none_of": gettext_lazy("is not %(is)s"),
    "": gettext_lazy("is %(is)s"),
}


@dataclass(frozen=True, slots=True)
class _Leaf:
    condition: Condition
    is_so: bool


@dataclass(frozen=True, slots=True)
class _Group:
    is_all: bool
    parts: tuple[_Leaf | _Group, ...]


@dataclass(frozen=True, slots=True)
class Describer:
    """What a sentence needs to know beside the tree."""

    fields: Mapping[str, Field]
    labels: Labels
    currency: str

    def sentence(self, rules: Rules) -> str:
        """Customers who …, without a full stop."""
        match = _shape(pruned(rules.match))
        left_out = [_shape(pruned(node)) for node in rules.leave_out]
        if match is False or True in left_out:
            return _("Nobody")
        said = _("All customers") if match is True else _("Customers who %(that)s") % {"that": self._whole(match)}
        others = [self._whole(one) for one in left_out if not isinstance(one, bool)]
        if not others:
            return said
        return _("%(these)s, but not those who %(others)s") % {
            "these": said,
            "others": _(", nor those who ").join(others),
        }

    def condition(self, one: Condition, *, is_so: bool = True) -> str:
        """How it goes on after "customers who": spent more than £50 in the last 90 days."""
        field = self.fields.get(one.field)
        if field is None:
            return _("fit a field that is gone")
        try:
            return self._said(field, one, is_so=is_so)
        except (BadValue, KeyError):
            return _("fit “%(field)s”") % {"field": field.label}

    def own(self, one: Condition, value: Any, zone: ZoneInfo) -> str:
        """What a customer has of it, as `Field.own` gives it: 3 orders, £58.20, Gold. Empty for yes and no."""
        field = self.fields[one.field]
        if isinstance(value, bool):
            return ""
        if value is None or value == []:
            return _("nothing")
        if isinstance(value, datetime):
            return date_format(value.astimezone(zone).date(), "j F Y")
        if isinstance(value, date):
            return date_format(value, "j F Y")
        match field.kind:
            case Kind.CHOICE | Kind.CHOICES:
                codes = [value] if isinstance(value, str) else value
                return one_of([self._named(field.choices, code) for code in codes], _("and"))
            case Kind.NUMBER | Kind.MONEY | Kind.SHARE:
                number = Decimal(str(value)) * (100 if field.kind is Kind.SHARE else 1)
                return figure(number, field.kind, currency=self.currency, nouns=field.nouns)
        return _("“%(text)s”") % {"text": value}

    def _whole(self, shape: _Leaf | _Group) -> str:
        """A denial does not reach over an “or”."""
        text = self._text(shape)
        is_open = isinstance(shape, _Group) and not shape.is_all and any(map(self._denies, shape.parts))
        return _("either %(those)s") % {"those": text} if is_open else text

    def _denies(self, shape: _Leaf | _Group) -> bool:
        if isinstance(shape, _Group) or (field := self.fields.get(shape.condition.field)) is None:
            return False
        one = shape.condition
        try:
            value_of(field.kind, one.op, one.value)
        except BadValue:
            return False
        return one.op == "stopped" or not _positive(field, one, is_so=shape.is_so)[1]

    def _text(self, shape: _Leaf | _Group) -> str:
        if isinstance(shape, _Leaf):
            return self.condition(shape.condition, is_so=shape.is_so)
        single = [self._text(one) for one in shape.parts if isinstance(one, _Leaf)]
        groups = [_opened(one, self._text(one)) for one in shape.parts if isinstance(one, _Group)]
        word = _("and") if shape.is_all else _("or")
        if not groups:
            return listed(single, word)
        if len(groups) == 1 and single:
            return f"{', '.join(single)} {word} {groups[0]}"
        return f", {word} ".join([*([", ".join(single)] if single else []), *groups])

    def _said(self, field: Field, one: Condition, *, is_so: bool) -> str:
        said = {
            "noun": field.noun,
            "name": field.name,
            "where": self._where(field, one.where),
            "when": when(one.window),
        }
        value = value_of(field.kind, one.op, one.value)
        if one.op in PATTERNS:
            return _going_on(field, one, said, is_so=is_so)
        op, is_so = _positive(field, one, is_so=is_so)
        if field.kind is Kind.TEXT and op == "is" in field.says:
            said["is"] = str(value)
        elif op not in ("exists", "some"):
            said["is"] = self._is(field, op, one.value)
        says = field.says.get(op) or field.says.get("") or _have(field, op)
        return _filled(says, said, is_so=is_so)

    def _is(self, about: Field | Property, op: str, value: Any) -> str:
        match about.kind:
            case Kind.TEXT:
                return _("“%(text)s”") % {"text": value.strip()}
            case Kind.CHOICE | Kind.CHOICES:
                names = {self._named(about.choices, code.strip()) for code in value}
                return one_of(sorted(names, key=str.casefold), _("and") if op == "has_all_of" else _("or"))
            case Kind.YES_NO:
                return _("yes")
            case Kind.DAY | Kind.ANNIVERSARY:
                return ""
        nouns = about.nouns if isinstance(about, Field) else None
        return amount(op, value, about.kind, currency=self.currency, nouns=nouns)

    def _named(self, choices: str, code: str) -> str:
        label = self.labels.get((choices, code), _("(gone)"))
        if choices == "countries" and label in _WITH_THE:
            return _("the %(country)s") % {"country": label}
        if choices == "channels":
            return str(_CHANNELS.get(code) or _("by way of “%(channel)s”") % {"channel": label})
        return label

    def _where(self, field: Field, where: Sequence[Filter]) -> str:
        """What is said as "whose …" first: at which shop, after it."""
        own = field.source.properties
        said = [(own[one.property].says is None, self._narrowed(own[one.property], one)) for one in where]
        whose = _(" and").join(text for is_whose, text in said if is_whose)
        return whose + "".join(text for is_whose, text in said if not is_whose)

    def _narrowed(self, own: Property, one: Filter) -> str:
        value_of(own.kind, one.op, one.value)
        name, op = own.noun or own.label, one.op
        if op in KNOWN:
            predicate = str(_PREDICATES[op])
        else:
            what = self._is(own, _DENIED.get(op, op), one.value)
            if own.says:
                return str(own.says[op in _DENIED]) % {"is": what}
            if own.kind is Kind.YES_NO and not one.value:
                what = _("no")
            predicate = str(_PREDICATES.get(op, _PREDICATES[""])) % {"is": what}
        text = _(" whose %(name)s %(predicate)s") if own.noun else _(" where “%(name)s” %(predicate)s")
        return text % {"name": name, "predicate": predicate}


def _shape(node: Node | None, *, is_so: bool = True) -> bool | _Leaf | _Group:
    """The tree without negations, groups of the same kind as one; True: everybody, False: nobody."""
    match node:
        case None:
            return False
        case Condition():
            return _Leaf(node, is_so)
        case Everyone():
            return is_so
        case Not(of):
            return _shape(of, is_so=not is_so)
        case All(of) | AnyOf(of):
            return _grouped([_shape(one, is_so=is_so) for one in of], is_all=isinstance(node, All) is is_so)
    raise AssertionError(node)


def _grouped(shapes: Sequence[bool | _Leaf | _Group], *, is_all: bool) -> bool | _Leaf | _Group:
    parts: list[_Leaf | _Group] = []
    for one in shapes:
        if isinstance(one, bool):
            if one is not is_all:
                return one
        elif isinstance(one, _Group) and one.is_all is is_all:
            parts += one.parts
        else:
            parts.append(one)
    if not parts:
        return is_all
    return parts[0] if len(parts) == 1 else _Group(is_all, tuple(parts))


def _opened(group: _Group, text: str) -> str:
    """A group inside another one says where it begins."""
    if not group.is_all:
        return _("either %(those)s") % {"those": text}
    return (_("both %(those)s") if len(group.parts) == 2 else _("at once %(those)s")) % {"those": text}


def _positive(field: Field, one: Condition, *, is_so: bool) -> tuple[str, bool]:
    """The operator without a denial in it. Of a number that everybody has nothing is denied: fewer than 2, then."""
    if one.op in PATTERNS:
        return one.op, is_so
    if field.kind is Kind.YES_NO:
        return "some" if "some" in field.says and not one.where else one.op, is_so is one.value
    if not field.source.has_zero:
        return _DENIED.get(one.op, one.op), is_so is not (one.op in _DENIED)
    if "some" in field.says and (some := _is_some(field, one.op, one.value)) is not None:
        return "some", is_so is some
    return (one.op if is_so else _TURNED[one.op]), True


def _have(field: Field, op: str) -> Says:
    if field.kind is Kind.TEXT and op == "is":
        return _AS
    return _HAVE.get(op) or _HAVE[""]


def _is_some(field: Field, op: str, value: Any) -> bool | None:
    """Whether it asks for any at all, or for none; None: for something else."""
    if isinstance(value, list):
        return None
    return (_SOME_OF_COUNTS if field.source.is_count else _SOME).get((op, Decimal(str(value))))


def _going_on(field: Field, one: Condition, said: Mapping[str, object], *, is_so: bool) -> str:
    if one.op == "first_time":
        return _filled(field.says["first_time"], said, is_so=is_so)
    did, quiet = _filled(field.says["some"], said, is_so=True), int(str(one.value))
    if one.op == "stopped":
        text = _("%(did)s but not%(when)s") % {"did": did, "when": when(Last(quiet))}
    else:
        text = _("%(did)s after a break of %(days)s") % {"did": did, "days": days(quiet)}
    return text if is_so else _others(text)


def _filled(says: Says, said: Mapping[str, object], *, is_so: bool) -> str:
    yes, no = says
    if is_so:
        return str(yes) % said
    return str(no) % said if no else _others(str(yes) % said)


def _others(text: str) -> str:
    return _("are not among those who %(that)s") % {"that": text}
