"""Who names archetypes: the rules, another namer that is configured, and what happens where its answer is no good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import ClassVar

import pytest
from django.core.checks import run_checks
from django.test import Client
from django.utils import timezone

from core.actor import SYSTEM
from customers.actions.archetypes import rename_archetype
from customers.models import Archetype, Customer
from intelligence.actions.archetypes import find_archetypes
from intelligence.models import ArchetypeRun
from intelligence.namers import Group, Namer, RulesNamer, Wording, WordsRefused, check_words, configured_namer
from programs.models import User

HERE = "intelligence.tests.test_archetype_names"
Clients = Callable[..., Client]
Problem = ArchetypeRun.NamingProblem
GROUP = Group(people=60, share=0.5, typical=(("order_days", 8.0),), habits=(), traits=(("order_days+", 1.2),),
              name="Loyal customers", description="They come often.", keeps_name=False)  # fmt: skip


class Poet:
    """Says the rules' names its own way, keeps what it was asked, and does as it is told when told to misbehave."""

    title: ClassVar[str] = "The poet"
    says: ClassVar[str] = "Fair {name}"
    asked: ClassVar[list[Sequence[Group]]] = []

    def word(self, groups: Sequence[Group], *, currency: str) -> Sequence[Wording]:
        Poet.asked.append(groups)
        if not self.says:
            raise TimeoutError
        return [Wording(self.says.format(name=group.name), f"In {currency}: {group.people}.") for group in groups]


class Nameless:
    title: ClassVar[str] = "rules"


@pytest.fixture
def poet(settings, monkeypatch) -> type[Poet]:
    settings.ARCHETYPE_NAMER = f"{HERE}.Poet"
    monkeypatch.setattr(Poet, "asked", [])
    monkeypatch.setattr(Poet, "says", Poet.says)
    return Poet


def run(days: int = 0) -> ArchetypeRun:
    made = find_archetypes(now=timezone.now() + timedelta(days=days), kind="nightly" if days else "asked")
    assert made is not None
    return made


def kinds() -> list[Archetype]:
    return list(Archetype.objects.filter(is_current=True, level=Archetype.Level.KIND).order_by("place"))


def test_the_rules_name_unless_another_namer_is_configured(crowd: list[Customer], one_thread: None) -> None:
    assert isinstance(configured_namer(), RulesNamer)
    made = run()
    assert (made.named_by, made.naming_problem) == ("rules", "")
    assert {kind.named_by for kind in kinds()} == {"rules"}


def test_another_namer_is_told_figures_of_groups_and_nobody_s_name(
    crowd: list[Customer], poet: type[Poet], one_thread: None
) -> None:
    made = run()
    assert (made.named_by, made.naming_problem) == ("The poet", "")
    asked = poet.asked[0]
    assert [kind.found_name for kind in kinds()] == [f"Fair {group.name}" for group in asked]
    assert [kind.description for kind in kinds()] == [f"In GBP: {group.people}." for group in asked]
    assert {kind.named_by for kind in kinds()} == {"The poet"}
    assert sum(group.people for group in asked) == 120
    assert not any(group.keeps_name for group in asked)
    told = str([asdict(group) for group in asked])
    assert "Guest" not in told
    assert not any(one.code in told for one in crowd)


def test_names_stay_while_the_namer_does_and_go_with_it(
    crowd: list[Customer], poet: type[Poet], settings, one_thread: None
) -> None:
    run()
    names = [kind.found_name for kind in kinds()]
    poet.says = "Gentle {name}"
    run(1)
    assert [kind.found_name for kind in kinds()] == names
    assert [group.name for group in poet.asked[1]] == names
    assert all(group.keeps_name for group in poet.asked[1])
    poet.says = ""
    made = run(2)
    assert (made.named_by, made.naming_problem) == ("rules", Problem.FAILED)
    assert [(kind.found_name, kind.named_by) for kind in kinds()] == [(name, "The poet") for name in names]
    assert not any(kind.description.startswith("In GBP") for kind in kinds())
    settings.ARCHETYPE_NAMER = "intelligence.namers.RulesNamer"
    made = run(3)
    assert made.naming_problem == ""
    assert not {kind.found_name for kind in kinds()} & {*names}
    assert {kind.named_by for kind in kinds()} == {"rules"}


def test_a_namer_that_fails_is_asked_again_at_the_next_run(
    crowd: list[Customer], poet: type[Poet], one_thread: None
) -> None:
    poet.says = ""
    assert run().naming_problem == Problem.FAILED
    plain = [kind.found_name for kind in kinds()]
    poet.says = "Fair {name}"
    assert run(1).named_by == "The poet"
    assert [kind.found_name for kind in kinds()] == [f"Fair {name}" for name in plain]


def test_a_name_that_staff_gave_is_not_given_again(crowd: list[Customer], poet: type[Poet], one_thread: None) -> None:
    run()
    rename_archetype(code=kinds()[0].code, name=f"Kind {poet.asked[0][1].name}", actor=SYSTEM)
    Archetype.objects.update(named_by="rules", leading=["order_days+"])  # no name stays
    poet.says = "KIND {name}"
    made = run(1)
    assert [group.name for group in poet.asked[1]] == [group.name for group in poet.asked[0]]
    assert (made.named_by, made.naming_problem) == ("rules", Problem.TWICE)
    assert len({kind.name.casefold() for kind in kinds()}) == len(kinds())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ([], Problem.COUNT),
        ([Wording("One", "Said.")] * 3, Problem.COUNT),
        (["One", "Two"], Problem.TEXT),
        ([Wording("One", "Said."), Wording("", "Said.")], Problem.TEXT),
        ([Wording("One", "Said."), Wording(None, "Said.")], Problem.TEXT),  # type: ignore[arg-type]
        ([Wording("One", "Said."), Wording("\u200b", "Said.")], Problem.TEXT),
        ([Wording("One", "Said."), Wording("x" * 61, "Said.")], Problem.TEXT),
        ([Wording("One", "Said."), Wording("Two\nlines", "Said.")], Problem.TEXT),
        ([Wording("One", "Said."), Wording("Bell\x07s", "Said.")], Problem.TEXT),
        ([Wording("One", "Said."), Wording("\u202eowT", "Said.")], Problem.TEXT),
        ([Wording("One", "Said."), Wording("<b>Two</b>", "Said.")], Problem.TEXT),
        ([Wording("One", "Said."), Wording("Tea &amp; cake", "Said.")], Problem.TEXT),
        ([Wording("One", "Said."), Wording("Two", "")], Problem.TEXT),
        ([Wording("One", "Said."), Wording("Two", "x" * 401)], Problem.TEXT),
        ([Wording("One", "Said."), Wording("oNE", "Said.")], Problem.TWICE),
        ([Wording("One", "Said."), Wording("One\u200d", "Said.")], Problem.TWICE),
        ([Wording("One", "Said."), Wording("Team", "Said.")], Problem.TWICE),
        (None, Problem.FAILED),
    ],
)
def test_an_answer_that_cannot_be_shown_is_refused(answer: list[Wording] | None, problem: str) -> None:
    with pytest.raises(WordsRefused) as refused:
        check_words(answer, [GROUP, GROUP], taken=["team"])
    assert refused.value.problem == problem


def test_an_answer_in_plain_words_is_taken() -> None:
    answer = [Wording("Tea & cake", "Said."), Wording("Žlutí koně 2", "Said.")]
    assert check_words(answer, [GROUP, GROUP], taken=["team"]) == answer


@pytest.mark.parametrize("path", ["nowhere.Namer", f"{HERE}.Missing", f"{HERE}.Nameless"])
def test_a_namer_that_cannot_be_asked_is_told_at_the_start(settings, path: str) -> None:
    def told() -> set[str | None]:
        return {one.id for one in run_checks()}

    assert "intelligence.E001" not in told()
    settings.ARCHETYPE_NAMER = path
    assert "intelligence.E001" in told()


def test_pages_and_the_api_say_who_named_an_archetype(
    client_of: Clients, owner: User, api: Clients, crowd: list[Customer], poet: type[Poet], one_thread: None
) -> None:
    def page(url: str) -> str:
        return client_of(owner).get(f"/intelligence/archetypes/{url}").content.decode()

    def said() -> dict[str, str]:
        found = api("read").get("/api/v1/intelligence/archetypes").json()["archetypes"]
        return {one["name"]: one["named_by"] for one in found if one["level"] == 2}

    run()
    first, second = kinds()[:2]
    assert "Named by The poet." in page(f"of/{first.code}/")
    assert "Built-in k-means, names by The poet" in page("")
    rename_archetype(code=first.code, name="Mine", actor=SYSTEM)
    assert "Named by your team." in page(f"of/{first.code}/")
    assert (said()["Mine"], said()[second.name]) == ("staff", "The poet")
    poet.says = ""
    Archetype.objects.update(named_by="rules")
    run(1)
    assert "Named by the built-in rules." in page(f"of/{second.code}/")
    assert "Another namer was asked, but it gave no answer" in page("")
    assert said()[second.name] == "rules"


def test_few_buyers_are_named_by_the_rules_that_divide_them(
    crowd: list[Customer], poet: type[Poet], one_thread: None
) -> None:
    Customer.objects.filter(pk__in=[one.pk for one in crowd[8:-8]]).update(state=Customer.State.ARCHIVED)
    made = run()
    assert (made.because, made.named_by, poet.asked) == ("few_buyers", "rules", [])


def test_the_namers_here_are_namers() -> None:
    namers: list[Namer] = [Poet(), RulesNamer()]
    assert RulesNamer().word([GROUP], currency="GBP") == [Wording("Loyal customers", "They come often.")]
    assert [namer.title for namer in namers] == ["The poet", "rules"]
