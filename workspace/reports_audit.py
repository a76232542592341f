"""The audit log as people search and read it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from django.db import connection
from django.db.models import BooleanField, Func, Q, QuerySet, Value
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.presentation import format_number
from workspace.audit_registry import ACTS, FIELDS, SUBJECTS, VALUES, AuditAct, Group, Named, Reader, acts_of
from workspace.jobs import JOB_KINDS
from workspace.models import AuditEntry, Business

NEWEST_READ = 5_000  # entries of one business that its people's names are taken from
WORD_LENGTH = 3  # what a trigram index answers
CODE = re.compile(r"[\w:+.-]{3,80}")
UNREAD = frozenset({"digest"})  # for machines
LISTS = frozenset({"fields", "scopes", "filters", "cors_origins"})  # other lists of two are [before, after]

# Every actor once, with the newest name: one look into the index for each. Customers, who may be many, are left out.
_PEOPLE = """
WITH RECURSIVE person AS (
    (SELECT actor, actor_label FROM workspace_auditentry
     WHERE actor NOT LIKE 'customer:%%' ORDER BY actor, id DESC LIMIT 1)
    UNION ALL
    SELECT next.actor, next.actor_label FROM person, LATERAL (
        SELECT actor, actor_label FROM workspace_auditentry
        WHERE actor > person.actor AND actor NOT LIKE 'customer:%%' ORDER BY actor, id DESC LIMIT 1
    ) AS next
)
SELECT actor, actor_label FROM person
"""


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What is asked for; empty values ask for everything. `start` is included, `end` is not."""

    text: str = ""
    group: str = ""
    action: str = ""
    actor: str = ""
    subject: str = ""
    business: str = ""
    ip: str = ""
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_narrowed(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))


@dataclass(frozen=True, slots=True)
class Detail:
    """One field of an entry's data: what it is now, or what it was and became."""

    label: str
    text: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry, readable. `subject` is `noun:code` for a look at everything that happened to it."""

    id: int
    at: datetime
    sentence: SafeString
    plain: str
    title: str
    subject: str
    business: str
    ip: str
    details: Sequence[Detail] = field(default_factory=list)


class _NotPoints(Func):
    """The condition of the indexes `audit_by_action` and `audit_words`, as they write it."""

    template = "(workspace_auditentry.action NOT LIKE 'loyalty.points.%%%%')"
    output_field = BooleanField()


class _DataText(Func):
    template = "upper(workspace_auditentry.data::text)"


def people_who_acted(reader: Reader) -> dict[str, str]:
    """Actors (`kind:id`) with their newest name, customers left out; who is limited to a business sees those there."""
    if reader.actor.business_id is not None:
        there = (
            AuditEntry.objects.visible_to(reader.actor).exclude(actor__startswith="customer:").order_by("-at", "-id")
        )
        newest_first = list(there.values_list("actor", "actor_label")[:NEWEST_READ])
        return dict(reversed(newest_first))
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE)
        return dict(cursor.fetchall())


def find_entries(filters: AuditFilters, reader: Reader) -> QuerySet[AuditEntry]:
    """The entries that fit and that the reader may see. Names are looked up first, so that indexes answer the rest."""
    entries = AuditEntry.objects.visible_to(reader.actor)
    if filters.group:
        entries = entries.filter(_acts(acts_of(filters.group)))
    if filters.business:
        shop = Business.objects.visible_to(reader.actor).filter(code=filters.business).values_list("pk", flat=True)
        entries = entries.filter(business_id=shop.first() or 0)
    if filters.action:
        entries = entries.filter(_acts([filters.action]))
    exact = {name: getattr(filters, name) for name in ("actor", "subject", "ip") if getattr(filters, name)}
    if filters.start is not None:
        entries = entries.filter(at__gte=filters.start)
    if filters.end is not None:
        entries = entries.filter(at__lt=filters.end)
    if filters.text:
        entries = entries.filter(_mentions(filters.text, reader))
    return entries.filter(**exact)


def _mentions(text: str, reader: Reader) -> Q:
    """By a person, to a subject, an act or a word in the data."""
    lower = text.lower()
    people = [actor for actor, name in people_who_acted(reader).items() if lower in name.lower() or lower == actor]
    acts = [act.name for act in ACTS.values() if lower in str(act.title).lower() or lower in act.name]
    subjects = {text, *(f"{noun}:{text}" for noun in SUBJECTS)} if CODE.fullmatch(text) else set()
    for subject in SUBJECTS.values():
        if subject.search is not None:
            subjects |= set(subject.search(text, reader))
    said = Q(actor__in=people) | _acts(acts) | Q(subject__in=sorted(subjects))
    if not (len(text) >= WORD_LENGTH and any(character.isalnum() for character in text)):
        return said
    pattern = "%" + re.sub(r"([\\%_])", r"\\\1", text.upper()) + "%"
    return said | (Q(_NotPoints()) & Q(_Like(_DataText(), Value(pattern))))


def _acts(names: Sequence[str]) -> Q:
    """Entries of these acts. Those of points are so many that looking back in time finds them; an index has others."""
    points = [name for name in names if name.startswith("loyalty.points.")]
    others = [name for name in names if name not in points]
    found = Q(action__in=others) & Q(_NotPoints())
    return found | Q(action__in=points) if points else found


class _Like(Func):
    template = "(%(expressions)s)"
    arg_joiner = " LIKE "
    output_field = BooleanField()


def lines_of(entries: Sequence[AuditEntry], reader: Reader) -> list[AuditLine]:
    """The entries as people read them: a few queries for each kind of subject among them."""
    named = _named(entries, reader)
    shops = dict(Business.objects.values_list("pk", "name"))
    return [_line(entry, named.get(entry.subject), shops) for entry in entries]


def subject_name(subject: str, reader: Reader) -> str:
    """What people call `noun:code`."""
    noun, _colon, code = subject.partition(":")
    named = SUBJECTS[noun].find([code], reader).get(code) if noun in SUBJECTS else None
    return named.name if named else _unnamed(subject)


def _named(entries: Iterable[AuditEntry], reader: Reader) -> dict[str, Named]:
    codes: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        noun, _colon, code = entry.subject.partition(":")
        codes[noun].add(code)
    return {
        f"{noun}:{code}": name
        for noun, wanted in codes.items()
        if noun in SUBJECTS
        for code, name in SUBJECTS[noun].find(wanted, reader).items()
    }


def _line(entry: AuditEntry, what: Named | None, shops: Mapping[int, str]) -> AuditLine:
    act = ACTS.get(entry.action) or _unknown(entry.action)
    if what is None:
        what = Named(_unnamed(entry.subject))
    elif entry.subject.startswith("job:"):
        what = Named(str(JOB_KINDS[what.name].title) if what.name in JOB_KINDS else what.name)
    who, sentence = entry.actor_label or _("Erased customer"), str(act.sentence)
    return AuditLine(
        id=entry.pk,
        at=entry.at,
        sentence=format_html(sentence, who=format_html("<b>{}</b>", who), what=_as_link(what)),
        plain=sentence.format(who=who, what=what.name),
        title=str(act.title),
        subject=entry.subject,
        business=shops.get(entry.business_id or 0, ""),
        ip=entry.ip or "",
        details=[_detail(name, value, shops) for name, value in _flat(entry.data) if name not in UNREAD],
    )


def _unknown(action: str) -> AuditAct:
    """An act of an older or newer version, whose name is all that is known: `loyalty.rule.paused` is "Rule paused"."""
    words = action.partition(".")[2].replace(".", " ").replace("_", " ").capitalize().replace("{", "").replace("}", "")
    return AuditAct(action, Group.WORK, words, f"{{who}}: {words} {{what}}")


def _unnamed(subject: str) -> str:
    noun, _colon, code = subject.partition(":")
    return f"{SUBJECTS[noun].title} {code}" if noun in SUBJECTS else subject


def _as_link(what: Named) -> SafeString:
    if not what.url:
        return format_html("<b>{}</b>", what.name)
    return format_html('<a class="link" href="{}">{}</a>', what.url, what.name)


def _flat(data: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The fields, those of values inside values too; what stands for nothing inside them is left out."""
    data = dict(data)
    before = data.pop("before", None)
    if isinstance(before, dict):
        for name, old in before.items():
            new = data.pop(name, old)
            if new != old or new not in (None, "", []):
                yield name, old if new == old else [old, new]
    elif before is not None:
        yield "after", [before, data.pop("after", None)]
    for name, value in data.items():
        if isinstance(value, dict) and value.keys() == {"before", "after"}:
            yield name, [value["before"], value["after"]]
        elif isinstance(value, dict):
            yield from ((one, inner) for one, inner in _flat(value) if inner not in (None, "", []))
        else:
            yield name, value


def _detail(name: str, value: object, shops: Mapping[int, str]) -> Detail:
    label = str(FIELDS.get(name, name.replace("_", " ").capitalize()))
    if isinstance(value, list) and len(value) == 2 and name not in LISTS:
        before, after = (_worded(name, one, shops) for one in value)
        return Detail(label, after, before)
    return Detail(label, _worded(name, value, shops))


def _worded(name: str, value: object, shops: Mapping[int, str]) -> str:
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name in ("business", "business_id") and isinstance(value, int):
        return shops.get(value, str(value))
    if isinstance(value, int):
        return format_number(value)
    if isinstance(value, list):
        return ", ".join(_worded(name, one, shops) for one in value) or _("nothing")
    word: str | Promise | None = VALUES.get(name, {}).get(str(value))
    if name == "fields":
        word = FIELDS.get(str(value))
    return str(word or value)
