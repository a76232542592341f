"""What was read, before it is a tree of rules: each part remembers the words that made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from msgspec.structs import replace as changed

from segments.fields.base import Field
from segments.operators import Kind
from segments.rules import All, Condition, Everyone, Node, Not, Rules
from segments.rules import Any as AnyOf
from segments.words.numbers import turned as turned_op

_OPPOSITES: Mapping[str, str] = {
    one: other
    for pair in (
        ("is_one_of", "is_none_of"), ("has_one_of", "has_none_of"), ("contains", "does_not_contain"),
        ("within", "not_within"), ("exists", "missing"), ("is", "is_not"),
    )
    for one, other in (pair, pair[::-1])
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition, or the negation of one that has no opposite, and the numbers of its words."""

    node: Condition | Not
    words: frozenset[int]


@dataclass(frozen=True, slots=True)
class Together:
    """Parts of which all hold, or any."""

    parts: tuple[Part, ...]
    is_all: bool


Part: TypeAlias = Asked | Together


def every(parts: Iterable[Part | None]) -> Part | None:
    return joined(parts, is_all=True)


def either(parts: Iterable[Part | None]) -> Part | None:
    return joined(parts, is_all=False)


def joined(parts: Iterable[Part | None], *, is_all: bool) -> Part | None:
    """All of them, or any, without those that are there twice; None says nothing."""
    flat: list[Part] = []
    for part in parts:
        for one in _inner(part, is_all=is_all):
            same = next((at for at, other in enumerate(flat) if _is_same(one, other)), None)
            if same is None:
                flat.append(one)
            else:
                flat[same] = with_words(flat[same], frozenset(words_in(one)))
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else Together(tuple(flat), is_all)


def _inner(part: Part | None, *, is_all: bool) -> Sequence[Part]:
    if part is None:
        return ()
    return part.parts if isinstance(part, Together) and part.is_all is is_all else (part,)


def negated(part: Part, fields: Mapping[str, Field]) -> Part:
    if isinstance(part, Together):
        return Together(tuple(negated(one, fields) for one in part.parts), not part.is_all)
    return replace(part, node=opposite(part.node, fields))


def with_words(part: Part, words: frozenset[int]) -> Part:
    if isinstance(part, Together):
        return replace(part, parts=tuple(with_words(one, words) for one in part.parts))
    return replace(part, words=part.words | words)


def opposite(node: Condition | Not, fields: Mapping[str, Field]) -> Condition | Not:
    """What holds of everybody else: a condition where there is one that says it."""
    if isinstance(node, Not):
        assert isinstance(node.of, Condition)
        return node.of
    kind = fields[node.field].kind
    if kind is Kind.YES_NO:
        return changed(node, value=not node.value)
    if node.op in ("first_time", "stopped", "restarted", "has_all_of"):
        return Not(node)
    if (node.op, node.value) == ("at_least", 1) and fields[node.field].source.has_zero:
        return changed(node, op="is", value=0)
    if (node.op, node.value) == ("is", 0) and fields[node.field].source.is_count:
        return changed(node, op="at_least", value=1)
    if node.op in _OPPOSITES:
        return changed(node, op=_OPPOSITES[node.op])
    turned = turned_op(node.op)
    if turned and fields[node.field].source.has_zero:
        return changed(node, op=turned)
    return Not(node)


def _is_same(one: Part, other: Part) -> bool:
    return one == other or (isinstance(one, Asked) and isinstance(other, Asked) and one.node == other.node)


def built(match: Part | None, leave_out: Sequence[Part]) -> tuple[Rules, Mapping[int, str]]:
    """The rules, and of each word the path of what it says. `match` None: everyone."""
    paths: dict[int, str] = {}
    if match is None:
        node: Node = Everyone()
    elif _leaves_out_only(match):
        parts = match.parts if isinstance(match, Together) and match.is_all else (match,)
        node = All((Everyone(), *(_node(part, f"match.of.{at}", paths) for at, part in enumerate(parts, 1))))
    else:
        grouped = match if isinstance(match, Together) else Together((match,), is_all=True)
        node = _node(grouped, "match", paths)
    left_out = tuple(_node(part, f"leave_out.{at}", paths) for at, part in enumerate(leave_out))
    return Rules(1, node, left_out), paths


def conditions_of(part: Part) -> Iterator[Condition]:
    if isinstance(part, Together):
        for one in part.parts:
            yield from conditions_of(one)
    elif isinstance(part.node, Condition):
        yield part.node
    elif isinstance(part.node.of, Condition):
        yield part.node.of


def words_in(part: Part) -> Iterator[int]:
    if isinstance(part, Together):
        for one in part.parts:
            yield from words_in(one)
    else:
        yield from part.words


def _node(part: Part, path: str, paths: dict[int, str]) -> Node:
    if isinstance(part, Asked):
        for word in part.words:
            paths.setdefault(word, path)
        return part.node
    shared = frozenset.intersection(*(frozenset(words_in(one)) for one in part.parts))
    for word in shared:
        paths.setdefault(word, path)
    nodes = tuple(_node(one, f"{path}.of.{at}", paths) for at, one in enumerate(part.parts))
    return All(nodes) if part.is_all else AnyOf(nodes)


def _leaves_out_only(part: Part) -> bool:
    if isinstance(part, Asked):
        return isinstance(part.node, Not)
    return (all if part.is_all else any)(_leaves_out_only(one) for one in part.parts)
