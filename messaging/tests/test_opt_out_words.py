"""Which texts are put before a person as a possible opt-out, and which are not."""

import pytest

from messaging.opt_out_words import may_be_opt_out
from messaging.rules import wish_of

OPT_OUTS = """
please remove me
no more texts pls
Stop texting me
stop sending me these messages!!
Please stop.
STOP it now
can you stop please
unsubscribe me please
opt me out
I'd like to opt out of these texts
Take me off your list
take my number off this list please
don't text me again
Dont text me
do not message this number
Please do not contact me anymore
I don't want any more messages
I do not want to receive your offers
i no longer wish to get texts
no texts please
Don't send me anything
please don't send me ads
I revoke my consent
withdraw my consent
leave me alone
Lose my number
wrong number
not interested, thanks
Hi, please delete my number. Thanks
Delete me from your list
quit texting
cancel texts
Cancel my text messages
end these texts
unsub
stop all
Stop the spam
never text me again
bitte keine SMS mehr
Keine Nachrichten mehr bitte
keine werbung bitte
Keine weiteren SMS
Bitte nehmen Sie mich von der Liste
Nehmt mich bitte aus dem Verteiler
Meldet mich ab
Melde mich bitte ab
Bitte melden Sie mich von den SMS ab
ich möchte mich abmelden
Abmelden bitte
bitte abbestellen
Löschen Sie meine Nummer
Bitte löschen Sie mich
meine Handynummer bitte löschen
Bitte mich aus dem Verteiler löschen
Hören Sie auf
Hört auf mir zu schreiben
hör bitte auf
bitte aufhören
Ich möchte keine Nachrichten bekommen
Ich will keine SMS mehr
Ich moechte keine Werbung mehr erhalten
Bitte nicht mehr schreiben
Schreibt mir nicht mehr
Schicken Sie mir keine SMS
Schickt mir bitte nichts mehr
lasst mich in Ruhe
Kein Interesse
Ich widerrufe meine Einwilligung
Stopp bitte
bitte stop
Schluss mit den SMS
falsche Nummer
Ich möchte das nicht mehr bekommen
Ich habe genug von euren Nachrichten
At the end of the day, stop texting me
Why do you text me? Stop sending this
Tragt mich bitte aus
Nie mehr, tragt uns aus der Liste
never send me texts
"""
OTHERS = """
please don't stop
Please don’t stop texting me
Don't stop
remove the onions
please remove the onions
don't ever stop sending offers
take off the tomatoes please
Can I stop by this afternoon?
I'll stop by, got your message
Is there a bus stop near you?
cancel my order
Cancel my table for 7 please
I got no text
I got no more texts, why?
I have received no more texts from you
No text came, can you send it again?
I don't get your texts
why don't you text me
What time do you end?
When does the offer end?
is it the end of the month
Thanks
BALANCE please
How many points do I have?
Do you sell decaf?
great messages
delete the second coffee please
Can you stop selling oat milk?
I don't want sugar
no more milk please
at the weekend
Ich habe keine SMS bekommen
Ich habe keine SMS mehr bekommen
Es kam keine Nachricht
Warum kommt keine SMS?
bitte ohne Zwiebeln
Bitte die Zwiebeln weglassen
Bitte nicht aufhören
Hört bitte nicht auf
Hört nicht auf
bitte nicht abmelden
Wann habt ihr auf?
Löschen Sie die Bestellung
Ich möchte bestellen
Danke!
Wie viele Punkte habe ich?
Keine Milch bitte
Ich möchte keine Sahne
Haltestelle
I do not want to unsubscribe
please text me the code
Do not forget me
Who is this?
send me more offers please
When is the end of the offer?
at the end of this promotion
Why did you stop sending me offers?
Did you stop texting me?
you never text me about new coffee
Tragt mich bitte in die Liste ein
Ich habe die SMS nicht mehr bekommen
"""


@pytest.mark.parametrize("text", OPT_OUTS.strip().splitlines())
def test_what_may_be_an_opt_out_is_recognised(text):
    assert may_be_opt_out(text)


@pytest.mark.parametrize("text", OTHERS.strip().splitlines())
def test_what_asks_for_something_else_is_left_alone(text):
    assert not may_be_opt_out(text)
    assert wish_of(text) == ""


@pytest.mark.parametrize("text", ["", " ", "🙂", "x" * 2000, "stop " * 400, "do not want any more " * 95])
def test_anything_can_be_read(text):
    assert may_be_opt_out(text) in (True, False)
