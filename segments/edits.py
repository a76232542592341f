"""What a person does to a tree that is being built: add, remove, move, turn round. Pure: a draft in, a draft out.

An edit is a word as a button sends it, `up:match.of.2` or `move:match.of.0:leave_out.1`. One that names a place that
is not there, or that the tree has no room for, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

from segments.form import GROUPS, Draft
from segments.judging import rows
from segments.rules import MAX_CONDITIONS

NONE, NOT_ALL = "none", "not_all"  # kinds of a group that is turned round


class _Nowhere(LookupError):
    """No such place in this tree."""


@dataclass(frozen=True, slots=True)
class Edited:
    """`focus` is the path of what the person works on now; empty: where they were."""

    draft: Draft
    focus: str = ""


def edited(draft: Draft, asked: str) -> Edited:
    verb, _colon, rest = asked.partition(":")
    places = rest.split(":")
    act = _ACTS.get(verb)
    if act is None or len(places) != _PLACES.get(verb, 1):
        return Edited(draft)
    changed = deepcopy(draft)
    try:
        return Edited(changed, act(changed, *places))
    except _Nowhere:
        return Edited(draft)


def kind_of(node: Draft) -> str:
    """How a group combines what is in it: all, any, none, not_all; "" of what is no group."""
    if node["type"] in GROUPS:
        return str(node["type"])
    if node["type"] != "not":
        return ""
    return NOT_ALL if node["of"]["type"] == "all" else NONE


def inside(node: Draft, path: str) -> list[tuple[str, Draft]]:
    """(path, node) of everything that stands in a group."""
    if node["type"] == "not":
        inner = node["of"]
        if inner["type"] not in GROUPS:
            return [(f"{path}.of", inner)]
        node, path = inner, f"{path}.of"
    return [(f"{path}.of.{place}", inner) for place, inner in enumerate(node["of"])]


# -- acts: each changes the draft and gives the path of what to look at ------------------------------------------------


def _add(draft: Draft, group: str) -> str:
    return _append(draft, group, {"type": "condition"})


def _add_group(draft: Draft, group: str) -> str:
    inside_all = group == "leave_out" or kind_of(_node(draft, group)) in ("all", NOT_ALL)
    kind = "any" if inside_all and group != "leave_out" else "all"
    return f"{_append(draft, group, {'type': kind, 'of': [{'type': 'condition'}]})}.of.0"


def _append(draft: Draft, group: str, node: Draft) -> str:
    if sum(1 for _row in rows(draft)) >= MAX_CONDITIONS:
        raise _Nowhere
    path, siblings = _room(draft, group)
    siblings.append(node)
    return f"{path}.{len(siblings) - 1}"


def _remove(draft: Draft, path: str) -> str:
    siblings, place, _list_path = _place(draft, path)
    del siblings[place]
    _tidy(draft)
    return ""


def _up(draft: Draft, path: str) -> str:
    return _step(draft, path, -1)


def _down(draft: Draft, path: str) -> str:
    return _step(draft, path, 1)


def _step(draft: Draft, path: str, by: int) -> str:
    siblings, place, list_path = _place(draft, path)
    other = place + by
    if not 0 <= other < len(siblings):
        raise _Nowhere
    siblings[place], siblings[other] = siblings[other], siblings[place]
    return f"{list_path}.{other}"


def _in(draft: Draft, path: str) -> str:
    """Into the group above."""
    siblings, place, list_path = _place(draft, path)
    if place == 0 or not kind_of(siblings[place - 1]):
        raise _Nowhere
    into, room = _room(draft, f"{list_path}.{place - 1}")
    room.append(siblings.pop(place))
    return f"{into}.{len(room) - 1}"


def _out(draft: Draft, path: str) -> str:
    """Out of its group, to the place after it."""
    siblings, place, list_path = _place(draft, path)
    group, _dot, _of = list_path.rpartition(".")
    if group.endswith(".of"):  # the group is turned round: it stands where its negation does
        group = group.removesuffix(".of")
    outer, outer_place, outer_path = _place(draft, group)
    outer.insert(outer_place + 1, siblings.pop(place))
    _tidy(draft)
    return f"{outer_path}.{outer_place + 1}"


def _move(draft: Draft, path: str, to: str) -> str:
    """To stand where `to` does now, or at the end of its list."""
    if to == path or to.startswith(f"{path}."):
        raise _Nowhere
    siblings, place, _list_path = _place(draft, path)
    room_path, _dot, number = to.rpartition(".")
    room = _list(draft, room_path)
    target = int(number) if number.isascii() and number.isdigit() and len(number) <= 4 else -1
    if not 0 <= target <= len(room):
        raise _Nowhere
    node = siblings[place]
    room.insert(target, node)
    del siblings[place + 1 if room is siblings and target <= place else place]
    _tidy(draft)
    return next(found for found, one in _everywhere(draft) if one is node)


def _aside(draft: Draft, path: str) -> str:
    """To those who are left out."""
    return _move(draft, path, f"leave_out.{len(draft.get('leave_out', ()))}")


def _back(draft: Draft, path: str) -> str:
    """To those who are asked for."""
    return _move(draft, path, "match.of.0")


def _turn(draft: Draft, path: str, kind: str) -> str:
    """The group combines what is in it in another way."""
    node = _node(draft, path)
    if not kind_of(node) or kind not in (*GROUPS, NONE, NOT_ALL) or (path == "match" and kind not in GROUPS):
        raise _Nowhere
    nodes = [inner for _path, inner in inside(node, path)]
    group: Draft = {"type": "all" if kind in ("all", NOT_ALL) else "any", "of": nodes}
    node.clear()
    node.update(group if kind in GROUPS else {"type": "not", "of": group})
    return path


def _where(draft: Draft, path: str) -> str:
    """One more property that narrows what a row counts."""
    node = _node(draft, path)
    if node["type"] != "condition":
        raise _Nowhere
    filters = node.setdefault("where", [])
    filters.append({"property": ""})
    return f"{path}.where.{len(filters) - 1}"


def _unwhere(draft: Draft, path: str) -> str:
    row, _where_word, number = path.rpartition(".where.")
    filters = _node(draft, row).get("where", []) if row else []
    if not number.isdigit() or int(number) >= len(filters):
        raise _Nowhere
    del filters[int(number)]
    return row


_ACTS: Mapping[str, Callable[..., str]] = {
    "add": _add, "group": _add_group, "remove": _remove, "up": _up, "down": _down, "in": _in, "out": _out,
    "aside": _aside, "back": _back, "move": _move, "kind": _turn, "where": _where, "unwhere": _unwhere,
}  # fmt: skip
_PLACES: Mapping[str, int] = {"move": 2, "kind": 2}


# -- places ------------------------------------------------------------------------------------------------------------


def _node(draft: Draft, path: str) -> Draft:
    at: object = draft
    for part in path.split("."):
        if isinstance(at, list) and part.isascii() and part.isdigit() and int(part) < len(at):
            at = at[int(part)]
        elif isinstance(at, dict) and part in ("match", "leave_out", "of") and part in at:
            at = at[part]
        else:
            raise _Nowhere
    if not isinstance(at, dict) or "type" not in at:
        raise _Nowhere
    return at


def _list(draft: Draft, path: str) -> list[Draft]:
    if path == "leave_out":
        found: list[Draft] = draft.setdefault("leave_out", [])
        return found
    group, _dot, of = path.rpartition(".")
    node = _node(draft, group)
    if of != "of" or node["type"] not in GROUPS:
        raise _Nowhere
    nodes: list[Draft] = node["of"]
    return nodes


def _room(draft: Draft, group: str) -> tuple[str, list[Draft]]:
    """The list that a group holds, and its path; a negation of one row becomes a group with room for more."""
    if group == "leave_out":
        return group, _list(draft, group)
    node = _node(draft, group)
    if node["type"] == "not":
        if node["of"]["type"] not in GROUPS:
            node["of"] = {"type": "any", "of": [node["of"]]}
        node, group = node["of"], f"{group}.of"
    if node["type"] not in GROUPS:
        raise _Nowhere
    return f"{group}.of", node["of"]


def _place(draft: Draft, path: str) -> tuple[list[Draft], int, str]:
    """The list in which a node stands, its place there, and the path of the list.

    What a negation holds alone stands where the negation does.
    """
    list_path, _dot, number = path.rpartition(".")
    if number == "of":
        return _place(draft, list_path)
    siblings = _list(draft, list_path)
    if not number.isascii() or not number.isdigit() or int(number) >= len(siblings):
        raise _Nowhere
    return siblings, int(number), list_path


def _everywhere(draft: Draft) -> list[tuple[str, Draft]]:
    found = [("match", draft["match"])]
    found += [(f"leave_out.{place}", node) for place, node in enumerate(draft.get("leave_out", ()))]
    for path, node in found:
        if kind_of(node):
            found += inside(node, path)
    return found


def _tidy(draft: Draft) -> None:
    """Without an empty list of those to leave out."""
    if not draft.get("leave_out", True):
        del draft["leave_out"]
