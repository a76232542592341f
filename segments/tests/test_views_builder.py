"""The builder without scripts, as htmx asks for it, and what it refuses."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.actor import SYSTEM
from customers.models import Customer, Product, Tag, TrackedName
from segments.actions.segments import archive_segment
from segments.models import Segment
from segments.panel import Panel
from segments.rules import MAX_CHOICES
from segments.tests.conftest import BOUGHT, make, rules
from segments.tests.plain_form import PlainForm
from workspace.models import AuditEntry

FORM = "application/x-www-form-urlencoded"
NEW, PREVIEW, CHOICES = "/segments/new/", "/segments/preview/", "/segments/choices/"


def test_a_segment_is_built_and_saved_without_scripts(desk, shoppers):
    form = PlainForm(desk, NEW).press("add:match")
    assert "not counted yet" in form.html
    form.fill(match__of__0__field="spent").press("look")
    form.fill(match__of__0__value="1,0x")
    assert 'value="1,0x"' in form.press("look").html
    assert "This takes a number." in form.html
    form.fill(match__of__0__value="50", match__of__0__window__type="last").press("group:match")
    form.fill(match__of__0__window__count="90", match__of__1__of__0__field="country").press("look")
    form.fill(match__of__1__of__0__value=["GB", "IE"]).press("add:leave_out")
    form.fill(leave_out__0__field="last_order").press("look")
    form.fill(leave_out__0__op="within:calendar", name="  Good   ones ").press("look")
    form.fill(leave_out__0__window__calendar="month:-1").press("save")
    segment = Segment.objects.get()
    assert form.response.status_code == 303
    assert form.response["Location"] == f"/segments/{segment.code}/"
    assert segment.name == "Good ones"
    assert segment.rules == {
        "version": 1,
        "match": {"type": "all", "of": [
            {"type": "condition", "field": "spent", "op": "more", "value": 50,
             "window": {"type": "last", "count": 90, "unit": "day"}},
            {"type": "any", "of": [
                {"type": "condition", "field": "country", "op": "is_one_of", "value": ["GB", "IE"]}]},
        ]},
        "leave_out": [
            {"type": "condition", "field": "last_order", "op": "within",
             "window": {"type": "calendar", "unit": "month", "offset": -1}}],
    }  # fmt: skip
    assert (segment.people, segment.is_stale) == (1, False)  # counted while somebody waits
    again = PlainForm(desk, f"/segments/{segment.code}/")
    assert again.said("match.of.1.of.0.value") == ["GB\nIE"]
    assert again.said("leave_out.0.window.calendar") == ["month:-1"]
    again.press("save")
    assert AuditEntry.objects.filter(action="segments.segment.changed").count() == 0  # nothing is different


def fields_of_rows(form: PlainForm) -> list[tuple[str, str]]:
    return [(name.removesuffix(".field"), value) for name, value in form.pairs if name.endswith(".field")]


def test_rows_are_moved_turned_undone_and_removed_by_buttons(desk):
    group = {"type": "any", "of": [BOUGHT]}
    segment = make(document=rules(BOUGHT, group, {**BOUGHT, "field": "points"}))
    form = PlainForm(desk, f"/segments/{segment.code}/")
    assert form.said("past") == []
    form.press("moves:match.of.2").press("in:match.of.2")
    moved = [("match.of.0", "orders"), ("match.of.1.of.0", "orders"), ("match.of.1.of.1", "points")]
    assert fields_of_rows(form) == moved
    form.press("kind:match.of.1:none")
    assert form.said("match.of.1.type") == ["not"]
    form.press("remove:match.of.0").press("undo")
    assert form.said("match.of.1.type") == ["not"]
    form.press("undo")
    assert fields_of_rows(form) == moved
    form.press("redo")
    assert form.said("match.of.1.type") == ["not"]
    assert Segment.objects.get().rules == segment.rules  # nothing is saved


def test_what_is_unfinished_or_wrong_is_said_at_its_row_when_it_is_saved(desk):
    form = PlainForm(desk, NEW).press("add:match").fill(match__of__0__field="spent", name="Spenders").press("look")
    assert "Fill this in." not in form.html
    form.press("save")
    assert form.response.status_code == 422
    assert "Fill this in." in form.html
    assert 'aria-invalid="true" aria-describedby="told-match-of-0"' in form.html
    form.fill(match__of__0__value="50", name="").press("save")
    assert "Give the segment a name." in form.html
    assert not Segment.objects.exists()
    make("Taken")
    assert "Another segment has this name." in form.fill(name="taken").press("save").html
    segment = make("Circle", document=rules({**BOUGHT}))
    form = PlainForm(desk, f"/segments/{segment.code}/").press("add:match").fill(match__of__1__field="in_segment")
    form.press("look").fill(match__of__1__value=[segment.code]).press("save")
    assert form.response.status_code == 422
    assert "asks about this segment" in form.html


def test_two_people_change_one_segment(desk):
    """The later one is told, loses nothing, and replaces it by saving once more."""
    segment = make("Buyers")
    form = PlainForm(desk, f"/segments/{segment.code}/").fill(name="Mine").press("add:match")
    PlainForm(desk, form.url).fill(name="Theirs").press("save")
    form.fill(match__of__1__field="member").press("save")
    assert (form.response.status_code, form.said("name")) == (422, ["Mine"])
    assert "This segment was changed after you opened this page" in form.html
    assert Segment.objects.get().name == "Theirs"
    assert form.press("save").response.status_code == 303
    assert Segment.objects.get().name == "Mine"
    archive_segment(code=segment.code, actor=SYSTEM, now=timezone.now())
    late = desk.post(form.url, {"do": "save", "name": "Late"})
    assert (late.status_code, "Restore it first" in late.content.decode()) == (409, True)


def test_a_form_that_is_sent_twice_makes_one_segment(desk):
    form = PlainForm(desk, NEW).fill(name="Friends")
    data = {**dict(form.pairs), "do": "save"}
    first, second = desk.post(NEW, data), desk.post(NEW, data)
    assert first.status_code == second.status_code == 303
    assert first["Location"] == second["Location"]
    other = desk.post(NEW, {**data, "name": "Other friends"})  # somebody went back and changed it
    assert other.status_code == 303
    here = first["Location"]
    key = {"key": PlainForm(desk, here).said("key")[0]}
    copies = [desk.post(f"{here}duplicate/", key)["Location"] for _time in range(2)]
    assert copies[0] == copies[1]
    assert sorted(Segment.objects.values_list("name", flat=True)) == ["Friends", "Friends (2)", "Other friends"]
    assert desk.post(f"{here}duplicate/", {"key": PlainForm(desk, here).said("key")[0]})["Location"] != copies[0]


def test_a_new_one_may_begin_with_a_ready_one(desk):
    assert "?ready=near_reward" in PlainForm(desk, NEW).html
    form = PlainForm(desk, f"{NEW}?ready=near_reward")
    assert fields_of_rows(form) == [("match.of.0", "member"), ("match.of.1", "points_to_reward")]
    assert fields_of_rows(PlainForm(desk, f"{NEW}?ready=nothing")) == []


def test_a_tree_of_one_node_is_shown_in_a_group(desk):
    everybody = make(document={"version": 1, "match": {"type": "everyone"}, "leave_out": [BOUGHT]})
    form = PlainForm(desk, f"/segments/{everybody.code}/")
    assert fields_of_rows(form) == [("match.of.0", "everyone"), ("leave_out.0", "orders")]


def test_a_segment_without_conditions_is_filled_by_hand(desk):
    PlainForm(desk, NEW).fill(name="Friends of the house").press("save")
    assert Segment.objects.get().rules is None
    assert "Nobody yet" in PlainForm(desk, f"/segments/{Segment.objects.get().code}/").html


def test_htmx_gets_the_rows_alone_and_is_told_to_count(desk):
    answer = desk.post(
        NEW, {"match.type": "all", "do": "add:match"}, headers={"HX-Request": "true", "HX-Target": "segment-rows"}
    )
    assert answer["HX-Trigger-After-Settle"] == "recount"
    html = answer.content.decode()
    assert html.strip().startswith('<section id="segment-rows"')
    assert 'name="match.of.0.field"' in html
    assert "autofocus" in html


def test_counting_answers_with_the_panel_and_what_each_row_says(desk, shoppers):
    row = {"match.of.0.type": "condition", "match.of.0.field": "spent", "match.of.0.was": "spent"}
    data = {"match.type": "all", **row, "match.of.0.op": "more", "match.of.0.value": "30"}
    data |= {"match.of.1.type": "condition", "match.of.2.type": "condition", "match.of.2.field": "points"}
    assert "hx-swap-oob" not in desk.post(PREVIEW, data).content.decode()  # there are no rows on the page
    data["now"] = ""
    answer = desk.post(PREVIEW, data, headers={"HX-Request": "true", "HX-Target": "segment-panel"})
    html = answer.content.decode()
    assert answer.context["panel"].total == 1
    assert [row.count for row in answer.context["rows"]] == [1, None, None]
    assert 'id="count-match-of-0" hx-swap-oob="true"' in html
    assert html.count("not counted yet") == 2
    wrong = desk.post(PREVIEW, {**data, "match.of.0.value": "many"}).content.decode()
    assert "This takes a number." in wrong


def test_words_become_rows_and_what_was_not_understood_is_said(desk, shoppers):
    form = (
        PlainForm(desk, NEW)
        .fill(words="customers who ordered at least 2 times with the shoe size flumbo")
        .press("fill")
    )
    assert fields_of_rows(form) == [("match.of.0", "orders")]
    assert form.said("match.of.0.value") == ["2"]
    assert "Filled in 1 condition below." in form.html
    assert "flumbo" in form.response.context["reading"].missed[0][0]
    assert '<a class="underline decoration-dotted underline-offset-4" href="#node-match-of-0">' in form.html
    assert form.said("filled") == ["yes"]
    assert fields_of_rows(form.press("undo")) == []
    form.press("redo").fill(words="delete all customers").press("fill")
    assert fields_of_rows(form) == [("match.of.0", "orders")]  # as they were
    assert "does nothing to them" in form.html
    html = desk.post(
        NEW, {"do": "fill", "words": "members", "match.type": "all"},
        headers={"HX-Request": "true", "HX-Target": "segment-rows"},
    ).content.decode()  # fmt: skip
    assert 'id="segment-reading" hx-swap-oob="true"' in html


def test_why_somebody_matches_or_not(desk, shoppers, other_programme):
    ann, ben, _cem = shoppers
    data = {"match.type": "all", "match.of.0.type": "condition", "match.of.0.field": "spent", "match.of.0.was": "spent"}
    data |= {"match.of.0.op": "more", "match.of.0.value": "30"}
    asked = {"HX-Request": "true", "HX-Target": "why-body"}
    for person, is_found in ((ann, True), (ben, False)):
        answer = desk.post(f"/segments/why/{person.code}/", data, headers=asked)
        assert [one.is_so for one in answer.context["why"].reasons] == [is_found]
        assert answer.content.decode().strip().startswith('<div id="why-body">')
    assert "spent more than £30" in desk.post(f"/segments/why/{ann.code}/", data).content.decode()
    assert desk.post("/segments/why/nobody/", data).status_code == 404
    with tenant_context(other_programme):
        theirs = Customer.objects.create(first_name="Dora")
    assert desk.post(f"/segments/why/{theirs.code}/", data).status_code == 404
    found = desk.post("/segments/find/", {**data, "who": "ann"}).context["people"]
    assert [(person.name, is_found) for person, is_found in found] == [("Ann", True)]
    assert "Nobody found" in desk.post("/segments/find/", {**data, "who": "zzz"}).content.decode()


def test_the_panel_says_what_is_known_of_who_matches(desk, counted, shoppers):
    form = PlainForm(desk, f"/segments/{counted.code}/").press("count")
    panel = form.response.context["panel"]
    assert (panel.total, panel.share) == (2, "66.7% of all")
    assert panel.sentence.startswith("Customers who ")
    assert f">{panel.sentence}.</p>" in form.html
    assert [(figure.label, figure.value) for figure in panel.figures][:2] == [
        ("Spent, 90 days", "£80"), ("Each, on average", "£40.00"),
    ]  # fmt: skip
    assert [(channel.label, channel.people) for channel in panel.channels] == [("Text", 0), ("E-mail", 0)]
    assert sorted((one.name, one.away) for one in panel.people) == [("Ann", "bought today"), ("Ben", "30 days away")]
    assert [people for _day, people in panel.growth] == [2]


@pytest.mark.parametrize(
    ("panel", "told"),
    [
        (Panel(is_slow=True), "takes longer than a few seconds"),
        (Panel(is_empty=True), "As soon as there is a condition"),
        (Panel(), "cannot be counted as they are"),
    ],
)
def test_a_panel_without_a_count_says_why(panel, told):
    html = render_to_string("segments/_panel.html", {"panel": panel})
    assert told in html
    assert "Some of them" not in html


def test_what_is_typed_is_never_markup(desk):
    tag = Tag.objects.create(name="<b>bold</b>")
    form = PlainForm(desk, NEW).press("add:match").fill(match__of__0__field="tags").press("look")
    form.fill(match__of__0__value=[tag.code], name='"><script>', words="</textarea><script>").press("look")
    assert "<b>bold" not in form.html
    assert '"><script>' not in form.html
    assert "</textarea><script>" not in form.html


def test_no_letter_breaks_a_page(desk):
    bad = "a\x00\ud83d%s{0}'"
    for field in ("tags", "city", "orders", "last_order", "birthday"):
        row = {"type": "condition", "field": field, "was": field, "value": bad, "find": bad, "window.count": bad}
        data = {f"match.of.0.{name}": value for name, value in row.items()}
        data |= {"match.type": "all", "name": bad, "words": bad, "who": bad, "segment": bad, "seed": "²", "now": bad}
        for url in (NEW, PREVIEW, "/segments/find/"):
            for do in ("fill", "undo", bad, "save"):
                assert desk.post(url, urlencode({**data, "do": do}, errors="replace"), FORM).status_code in (200, 422)
    asked = urlencode({"of": "tags", "value": bad, "find": bad}, errors="replace")
    assert desk.post(CHOICES, asked, FORM).status_code == 200
    for page in ("", f"{make().code}/people/", f"{make('Two').code}/history/"):
        said = urlencode({"q": bad, "cursor": bad, "way": bad, "day": bad}, errors="replace")
        assert desk.get(f"/segments/{page}?{said}").status_code == 200
    assert not Segment.objects.exclude(name__in=["Buyers", "Two"]).exists()


def offered(html: str) -> list[tuple[str, bool]]:
    """(label, whether it is checked) of each box."""
    boxes = re.findall(r'<input type="checkbox"[^>]*?( checked)?><span[^>]*>(.*?)</span>', html)
    return [(label, bool(checked)) for checked, label in boxes]


def test_values_are_listed_and_searched_for(desk):
    codes = [Tag.objects.create(name=name).code for name in ("Wholesale", "Whale watcher", "Vegan")]
    asked = {"of": "tags", "value": f"{codes[0]}\ngone"}
    html = desk.post(CHOICES, asked).content.decode()
    listed = [("Wholesale", True), ("(gone)", True), ("Vegan", False), ("Whale watcher", False)]
    assert offered(html) == listed
    assert "name=" not in html  # the row says it, whatever the list shows of it
    html = desk.post(CHOICES, {**asked, "find": "wh"}).content.decode()
    assert offered(html) == [("Whale watcher", False), ("Wholesale", True)]
    assert "Nothing found for “zzz”." in desk.post(CHOICES, {**asked, "find": "zzz"}).content.decode()
    assert desk.post(CHOICES, {"of": "nothing"}).status_code == 404


def test_without_scripts_a_list_is_opened_in_its_row(desk):
    for name in ("Wholesale", "Vegan"):
        Tag.objects.create(name=name)
    wholesale, vegan = Tag.objects.order_by("-name").values_list("code", flat=True)
    form = PlainForm(desk, NEW).press("add:match")
    assert form.html.count('<option value="points_to_reward"') == 1
    form.fill(match__of__0__field="tags").press("look")  # nothing is chosen yet: its list is open
    assert offered(form.html) == [("Vegan", False), ("Wholesale", False)]
    assert '<select id="field-match-of-0"' not in form.html
    form.fill(match__of__0__value=[vegan]).press("look")
    assert offered(form.html) == []
    form.press("values:match.of.0").fill(match__of__0__find="whole").press("values:match.of.0")
    assert offered(form.html) == [("Wholesale", False)]
    assert offered(form.fill(match__of__0__value=[vegan, wholesale]).press("look").html) == [("Wholesale", True)]
    form.press("done")
    assert sorted(form.said("match.of.0.value")[0].split()) == sorted([vegan, wholesale])
    form.press("field:match.of.0").fill(match__of__0__field="city").press("look")
    assert fields_of_rows(form) == [("match.of.0", "city")]
    assert form.said("match.of.0.value") == [""]
    html = form.press("add:match").press("moves:match.of.1").html
    assert 'value="up:match.of.1" class="btn btn-ghost btn-sm" autofocus' in html


def test_icons_of_rows_stand_in_the_page_once(desk):
    segment = make(document=rules(BOUGHT, {"type": "any", "of": [BOUGHT]}, BOUGHT))
    html = PlainForm(desk, f"/segments/{segment.code}/").press("moves:match.of.2").html
    assert set(re.findall('href="#icon-([a-z-]+)"', html)) <= set(re.findall('symbol id="icon-([a-z-]+)"', html))
    assert html.count('<symbol id="icon-x"') == 1


def test_with_scripts_no_list_stands_in_a_row(desk):
    Tag.objects.create(name="Vegan")
    htmx = {"HX-Request": "true", "HX-Target": "segment-rows"}
    row = {"match.type": "all", "match.of.0.field": "tags"}
    for do in ("look", "field:match.of.0", "values:match.of.0", "moves:match.of.0", "add:match"):
        html = desk.post(NEW, {**row, "do": do}, headers=htmx).content.decode()
        assert "Vegan" not in html
        assert "points_to_reward" not in html
        assert 'value="up:' not in html


def test_many_values_are_one_field_of_the_form(desk):
    codes = [f"gone{number:04}" for number in range(MAX_CHOICES)]
    products = {"type": "condition", "field": "orders_with", "op": "at_least", "value": 1,
                "where": [{"property": "product", "op": "is_one_of", "value": codes}]}  # fmt: skip
    segment = make(document=rules(*[products] * 20))
    form = PlainForm(desk, f"/segments/{segment.code}/")
    assert len(form.pairs) < 200
    assert form.html.count("gone0005") == 20  # once in each row: in the text that is sent
    assert f"+{MAX_CHOICES - 5}</span>" in form.html
    form.fill(name="Renamed").press("save")
    assert form.response.status_code == 303
    assert Segment.objects.get().rules == segment.rules
    opened = PlainForm(desk, f"/segments/{segment.code}/").press("values:match.of.3.where.0")
    assert len(offered(opened.html)) == 60
    assert opened.press("save").response.status_code == 303  # what the list does not show is still chosen
    assert Segment.objects.get().rules == segment.rules


def test_what_is_too_much_for_one_form_is_said(desk, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    data = {"match.type": "all", "do": "save", "name": "Large", "match.of.0.field": "member"}
    for headers in ({}, {"HX-Request": "true"}):
        answer = desk.post(NEW, data, headers=headers)
        assert answer.status_code == 413
        assert "This form holds more than can be sent at once." in answer.content.decode()
    assert not Segment.objects.exists()


def test_a_row_is_light_whatever_it_could_ask(desk):
    """The lists stand in the page once: another row adds what it says, and the inputs that it has."""
    Product.objects.bulk_create(Product(title=f"Product {number}", sku=f"p{number}") for number in range(50))
    now = timezone.now()
    TrackedName.objects.bulk_create(TrackedName(name=f"event_{n}", first_at=now, last_at=now) for n in range(50))
    bought = {"type": "condition", "field": "orders_with", "op": "at_least", "value": 1,
              "window": {"type": "last", "count": 30, "unit": "day"},
              "where": [{"property": "product", "op": "is_one_of", "value": ["gone"]}]}  # fmt: skip
    few, many = (
        len(desk.get(f"/segments/{make(str(rows), rules(*[bought] * rows)).code}/").content) for rows in (2, 12)
    )
    assert (many - few) / 10 < 4_500


def test_roles_and_other_programmes(
    client_of, owner, manager, marketer, analyst, cashier, other_programme, make_member, business
):
    segment = make()
    here = f"/segments/{segment.code}/"
    for person, may_look, may_change in (
        (owner, 200, 200), (manager, 200, 200), (marketer, 200, 200), (analyst, 200, 403), (cashier, 403, 403),
    ):  # fmt: skip
        browser = client_of(person)
        assert browser.get(here).status_code == may_look, person
        assert browser.post(here, {"match.type": "all", "do": "look"}).status_code == may_change, person
        assert browser.get(NEW).status_code == may_change, person
        assert browser.post(PREVIEW, {"match.type": "all"}).status_code == may_look, person
    seen = client_of(analyst).get(here).content.decode()
    assert "Customers who " in seen
    assert 'value="save"' not in seen
    assert 'name="match.of.0.value" value="1"' in seen  # what is counted
    form = PlainForm(client_of(analyst), here)
    counted = client_of(analyst).post(PREVIEW, dict(form.pairs)).content.decode()  # without scripts: the page again
    assert "Who is in it" in counted
    assert '<span class="text-4xl font-semibold tnum">0</span>' in counted
    limited = client_of(make_member("lea@example.com", "marketer", business=business))
    assert limited.get(here).status_code == 403
    assert limited.post(PREVIEW, {"match.type": "all"}).status_code == 403


def test_another_programme_has_no_such_segment(client_of, other_programme, make_member):
    here = f"/segments/{make().code}/"
    stranger = client_of(make_member("omar@example.com", "owner", of=other_programme), on=other_programme)
    assert stranger.get(here).status_code == 404
    assert stranger.post(here, {"match.type": "all", "do": "save", "name": "Mine"}).status_code == 404


def test_an_archived_one_is_shown_and_not_changed(desk):
    segment = make()
    archive_segment(code=segment.code, actor=SYSTEM, now=timezone.now())
    here = f"/segments/{segment.code}/"
    assert "Restore" in desk.get(here).content.decode()
    assert desk.post(here, {"match.type": "all", "do": "save", "name": "Other"}).status_code == 409
    assert Segment.objects.get().name == "Buyers"


def test_queries_do_not_grow_with_rows(desk):
    tag = Tag.objects.create(name="VIP")

    def queries(*nodes) -> int:
        Segment.objects.all().delete()
        segment = make(document=rules(*nodes))
        desk.get(f"/segments/{segment.code}/")
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(f"/segments/{segment.code}/").status_code == 200
        return len(captured)

    tagged = {"type": "condition", "field": "tags", "op": "has_one_of", "value": [tag.code]}
    assert queries(BOUGHT, tagged) == queries(BOUGHT, *[tagged] * 12)


def test_what_was_understood_is_shown_word_by_word_with_who_read_it(client_of, owner):
    page = client_of(owner).post("/segments/new/", {"do": "fill", "words": "spent over £50 this year, wibble"})
    shown = page.content.decode()
    assert '<mark class="rounded-xs bg-warning-soft px-0.5 text-warning">wibble</mark>' in shown
    assert 'href="#node-match' in shown
    assert "Read by the built-in grammar." in shown
