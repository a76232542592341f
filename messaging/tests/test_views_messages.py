"""Settings, Texts: what was perhaps sent, and what people texted, on the pages and by API."""

import re

import pytest
from django.utils import timezone
from django_tenants.utils import tenant_context

from core.permissions import Role
from customers.models import Customer, Identifier
from devservers.twilio import Switches
from messaging.actions import outbox
from messaging.actions.outbox import queue_message
from messaging.models import InboundMessage, OutboundMessage, Suppression

TEXTS, PAGE, RECEIVED = "/settings/texts/", "/settings/texts/unconfirmed/", "/settings/texts/received/"
API, RECEIVED_API = "/api/v1/messages/", "/api/v1/received-texts/"
NUMBER, OTHER = "+447700900142", "+447700900143"


@pytest.fixture
def in_doubt(programme, twilio, connect):
    connect(twilio)

    def make(key="one", **more):
        twilio.switches = Switches(fail=1)
        message = queue_message(
            **{"channel": "sms", "purpose": "receipt", "recipient": NUMBER, "body": f"Hello {key}", **more},
            dedupe_key=key,
            now=timezone.now(),
        )
        outbox.send_message(message.pk)
        return message

    return make


@pytest.fixture
def customer(programme):
    customer = Customer.objects.create(first_name="Priya", last_name="Nair", phone=NUMBER)
    Identifier.objects.create(customer=customer, kind="phone", value=NUMBER)
    return customer


def seen(page):
    return re.search(r'name="seen" value="([^"]+)"', page.content.decode())[1]


def states():
    return list(OutboundMessage.objects.order_by("pk").values_list("state", flat=True))


# -- perhaps sent -----------------------------------------------------------------------------------------------------


def test_the_list_says_what_to_whom_and_why_and_no_number(client_of, owner, in_doubt, customer):
    in_doubt("one", customer_id=customer.pk)
    in_doubt("two", recipient=OTHER)
    in_doubt("three", purpose="one_time_code", body="482731 is your code")
    browser = client_of(owner)
    text = browser.get(PAGE).content.decode()
    assert "Priya Nair" in text
    assert "•••••••••143" in text
    assert "Hello two" in text
    assert "answer was lost" in text
    for hidden in (NUMBER, OTHER, "7700900142", "7700 900142", "482731"):
        assert hidden not in text
    texts = browser.get(TEXTS).content.decode()
    assert re.search(r"Perhaps sent</p>.*?badge-warning[^>]*>\s*3\s*<", texts, re.DOTALL)
    part = browser.get(PAGE, headers={"HX-Request": "true", "HX-Target": "unconfirmed-list"}).content.decode()
    assert "Hello two" in part
    assert "<html" not in part


def test_an_empty_list_says_so(client_of, owner):
    assert "Nothing is in doubt" in client_of(owner).get(PAGE).content.decode()


@pytest.mark.parametrize(
    ("path", "state", "said"),
    [("sent/", "sent", "1 message is marked as sent."), ("give-up/", "failed", "1 message is given up.")],
)
def test_one_is_decided_and_a_second_click_changes_nothing(client_of, owner, in_doubt, path, state, said):
    message, _other = in_doubt("one"), in_doubt("two")
    browser = client_of(owner)
    form = {"seen": seen(browser.get(PAGE)), "one": message.code}
    assert browser.post(PAGE + path, form).status_code == 303
    assert said in browser.get(PAGE).content.decode()
    assert browser.post(PAGE + path, form).status_code == 303
    assert "not settled already" in browser.get(PAGE).content.decode()
    assert states() == [state, "unconfirmed"]


def test_sending_again_asks_first_and_names_how_many(client_of, owner, in_doubt, twilio, run_queue):
    first, second, _third = in_doubt("one"), in_doubt("two"), in_doubt("three")
    twilio.switches = Switches()
    browser = client_of(owner)
    form = {"seen": seen(browser.get(PAGE)), "selected": [first.code, second.code]}
    asked = browser.post(f"{PAGE}again/", form)
    assert asked.status_code == 200
    assert "Send 2 messages again?" in asked.content.decode()
    assert states() == ["unconfirmed"] * 3
    for _click in range(2):
        assert browser.post(f"{PAGE}again/", {**form, "confirmed": "1"}).status_code == 303
    run_queue()
    assert states() == ["sent", "sent", "unconfirmed"]
    assert [text.body for text in twilio.texts] == ["Hello one", "Hello two"]


def test_all_of_them_are_those_that_were_shown(client_of, owner, in_doubt):
    in_doubt("one"), in_doubt("two")
    browser = client_of(owner)
    form = {"seen": seen(browser.get(PAGE)), "all": "1"}
    in_doubt("three")
    assert browser.post(f"{PAGE}give-up/", form).status_code == 303
    assert states() == ["failed", "failed", "unconfirmed"]


@pytest.mark.parametrize("form", [{}, {"seen": "yesterday"}])
def test_what_is_no_selection_is_not_there(client_of, owner, in_doubt, form):
    in_doubt()
    browser = client_of(owner)
    for path in ("sent/", "again/", "give-up/"):
        assert browser.post(PAGE + path, form).status_code == 404
    assert states() == ["unconfirmed"]


def test_a_code_that_cannot_be_one_chooses_nothing(client_of, owner, in_doubt):
    in_doubt()
    browser = client_of(owner)
    form = {"seen": seen(browser.get(PAGE)), "selected": "a\x00b"}
    for path in ("sent/", "again/", "give-up/"):
        assert browser.post(PAGE + path, form).status_code == 303
    assert states() == ["unconfirmed"]


def test_home_says_what_waits_to_those_who_may_decide(client_of, owner, marketer, in_doubt, twilio):
    browser = client_of(owner)
    assert "perhaps sent" not in browser.get("/").content.decode()
    in_doubt("one"), in_doubt("two")
    twilio.receive(OTHER, "leave me alone")
    text = browser.get("/").content.decode()
    assert "2 messages were perhaps sent." in text
    assert "1 text may ask for no more texts." in text
    assert "perhaps sent" not in client_of(marketer).get("/").content.decode()


# -- received ---------------------------------------------------------------------------------------------------------


def test_the_list_says_who_what_and_how_it_was_answered(client_of, owner, twilio, connect, customer, programme):
    connect(twilio)
    twilio.receive(NUMBER, "help")
    twilio.receive(OTHER, "Are you <open> today?")
    text = client_of(owner).get(RECEIVED).content.decode()
    assert "Priya Nair" in text
    assert "BALANCE tells your points" in text
    assert "Are you &lt;open&gt; today?" in text
    assert "•••••••••143" in text
    assert "7700900142" not in text
    assert "No texts yet" not in text


def test_empty_lists_say_so(client_of, owner):
    browser = client_of(owner)
    assert "No texts yet" in browser.get(RECEIVED).content.decode()
    assert "Nothing to decide" in browser.get(f"{RECEIVED}?show=undecided").content.decode()


@pytest.mark.parametrize(("path", "decision", "is_stopped"), [("stop", "stopped", True), ("keep", "kept", False)])
def test_a_person_decides_once(client_of, owner, twilio, connect, programme, path, decision, is_stopped):
    connect(twilio)
    twilio.receive(NUMBER, "bitte keine SMS mehr")
    twilio.receive(OTHER, "Thanks")
    text = InboundMessage.objects.get(sender=NUMBER)
    browser = client_of(owner)
    page = browser.get(f"{RECEIVED}?show=undecided").content.decode()
    assert "keine SMS mehr" in page
    assert "Thanks" not in page
    assert "decide by" in page
    assert "may ask for no more texts" in browser.get(TEXTS).content.decode()
    other = "keep" if path == "stop" else "stop"
    assert browser.post(f"{RECEIVED}{text.code}/{path}/").status_code == 303
    assert browser.post(f"{RECEIVED}{text.code}/{other}/").status_code == 303
    text.refresh_from_db()
    assert text.decision == decision
    assert Suppression.objects.filter(address=NUMBER, reason="staff").exists() is is_stopped
    assert text.decided_by in browser.get(RECEIVED).content.decode()
    thanks = InboundMessage.objects.get(sender=OTHER)
    assert browser.post(f"{RECEIVED}{thanks.code}/stop/").status_code == 404


@pytest.mark.parametrize("role", [Role.MARKETER, Role.ANALYST, Role.CASHIER])
def test_only_owners_and_managers_may(client_of, make_member, business, in_doubt, twilio, role):
    person = make_member("kit@example.com", role, business=business if role == Role.CASHIER else None)
    refused_everywhere(client_of(person), in_doubt, twilio)


def test_somebody_of_one_business_may_not(client_of, make_member, business, in_doubt, twilio):
    browser = client_of(make_member("kit@example.com", Role.MANAGER, business=business))
    refused_everywhere(browser, in_doubt, twilio)
    assert "Perhaps sent" not in browser.get(TEXTS).content.decode()


def refused_everywhere(browser, in_doubt, twilio):
    message = in_doubt()
    twilio.receive(OTHER, "leave me alone")
    text = InboundMessage.objects.get()
    form = {"seen": timezone.now().isoformat(), "selected": message.code, "confirmed": "1"}
    assert browser.get(PAGE).status_code == browser.get(RECEIVED).status_code == 403
    for path in ("sent/", "again/", "give-up/"):
        assert browser.post(PAGE + path, form).status_code == 403
    for path in ("stop", "keep"):
        assert browser.post(f"{RECEIVED}{text.code}/{path}/").status_code == 403
    assert states() == ["unconfirmed"]
    assert InboundMessage.objects.undecided().count() == 1


def test_another_programme_sees_and_decides_nothing(client_of, outsider, programme, other_programme, in_doubt, twilio):
    message = in_doubt()
    twilio.receive(OTHER, "leave me alone")
    text = InboundMessage.objects.get()
    browser = client_of(outsider, on=other_programme)
    assert "Hello one" not in browser.get(PAGE).content.decode()
    assert "leave me alone" not in browser.get(RECEIVED).content.decode()
    form = {"seen": timezone.now().isoformat(), "selected": message.code}
    assert browser.post(f"{PAGE}sent/", form).status_code == 303
    assert browser.post(f"{RECEIVED}{text.code}/stop/").status_code == 404
    with tenant_context(programme):
        assert states() == ["unconfirmed"]
        assert InboundMessage.objects.undecided().count() == 1
    with tenant_context(other_programme):
        assert not Suppression.objects.exists()


def test_a_page_of_many_asks_no_query_more(client_of, owner, in_doubt, twilio, django_assert_max_num_queries):
    browser = client_of(owner)
    browser.get(PAGE)  # what a process asks once
    counts = []
    for number in range(2):
        for index in range(1 + number * 4):
            in_doubt(f"{number}-{index}")
            twilio.receive(f"+4477009002{number}{index}", "help")
        for path in (PAGE, RECEIVED):
            with django_assert_max_num_queries(100) as found:
                browser.get(path)
            counts.append(len(found.captured_queries))
    assert counts[:2] == counts[2:]


# -- API --------------------------------------------------------------------------------------------------------------


def post(client, path, body, key=None):
    headers = {"idempotency-key": key} if key else {}
    return client.post(path, body, content_type="application/json", headers=headers)


def test_the_api_lists_and_settles(api, in_doubt, customer, twilio, run_queue):
    system = api("admin")
    first, second = in_doubt("one", customer_id=customer.pk), in_doubt("two", recipient=OTHER)
    found = system.get(f"{API}?state=unconfirmed&ordering=created").json()["data"]
    assert [one["id"] for one in found] == [first.code, second.code]
    assert (found[0]["customer_id"], found[0]["to"], found[1]["to"]) == (
        customer.code, "•••••••••142", "•••••••••143",
    )  # fmt: skip
    assert "body" not in found[0]
    twilio.switches = Switches()
    for _time in range(2):
        answer = post(system, f"{API}settle", {"decision": "again", "ids": [first.code]}, key="k")
        assert (answer.status_code, answer.json()) == (200, {"done": 1, "too_late": 0, "left": 0})
    run_queue()
    assert len(twilio.texts) == 1
    assert system.get(f"{API}{first.code}").json()["state"] == "sent"
    assert post(system, f"{API}settle", {"decision": "given_up"}).json()["done"] == 1
    assert states() == ["sent", "failed"]
    reused = post(system, f"{API}settle", {"decision": "sent"}, key="k")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


def test_the_api_lists_texts_and_decides(api, twilio, connect, programme):
    system = api("admin")
    connect(twilio)
    twilio.receive(NUMBER, "please remove me")
    twilio.receive(OTHER, "Thanks")
    (waiting,) = system.get(f"{RECEIVED_API}?undecided=true").json()["data"]
    assert (waiting["reading"], waiting["decision"], waiting["body"]) == ("unclear", None, "please remove me")
    assert waiting["sender"] == "•••••••••142"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", waiting["honour_by"])
    plain, _waiting = system.get(RECEIVED_API).json()["data"]
    assert (plain["reading"], plain["honour_by"]) == (None, None)
    path = f"{RECEIVED_API}{waiting['id']}/decide"
    for _time in range(2):
        answer = post(system, path, {"decision": "stopped"}, key="k")
        assert (answer.status_code, answer.json()["decision"]) == (200, "stopped")
    assert post(system, path, {"decision": "kept"}).json()["decision"] == "stopped"
    assert Suppression.objects.get().address == NUMBER
    assert post(system, f"{RECEIVED_API}{plain['id']}/decide", {"decision": "kept"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"decision": "burn"}, "invalid_choice"),
        ({"decision": "sent", "ids": []}, "min_length"),
        ({"decision": "sent", "ids": ["x"] * 501}, "max_length"),
        ({"decision": "sent", "colour": "red"}, "unknown_field"),
    ],
)
def test_the_api_refuses_what_cannot_be_right(api, in_doubt, body, code):
    in_doubt()
    problem = post(api("admin"), f"{API}settle", body)
    assert problem.status_code == 422
    assert code in str(problem.json())
    assert states() == ["unconfirmed"]


def test_who_may_not_by_api(api, in_doubt, twilio, business, marketer, other_programme):
    message = in_doubt()
    twilio.receive(OTHER, "leave me alone")
    text = InboundMessage.objects.get()
    for caller in (api("write"), api(user=marketer), api("admin", business=business)):
        for path in (API, f"{API}{message.code}", RECEIVED_API):
            assert caller.get(path).status_code == 403
        assert post(caller, f"{API}settle", {"decision": "sent"}).status_code == 403
        assert post(caller, f"{RECEIVED_API}{text.code}/decide", {"decision": "stopped"}).status_code == 403
    assert api("admin").get(f"{API}nothere12").status_code == 404
    assert api("admin").get(f"{API}?state=lost").status_code == 422
    assert states() == ["unconfirmed"]
