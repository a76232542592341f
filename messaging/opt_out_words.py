"""Words in which people ask for no more texts, beside STOP.

Source: 47 CFR 64.1200(a)(10), as of 11 April 2025: people may revoke consent "by using any reasonable method", which
must be honoured within ten business days. A machine cannot know what is reasonable, so what matches here is put
before a person. It is better to ask once too often: what does not match is never looked at.
"""

from __future__ import annotations

import re

_TEXTS = (
    r"(?:text|txt|message|msg|sms|notification|promo|promotion|offer|ad|advert|newsletter|marketing|spam)(?:s|es|ing)?"
)
_SMS = r"(?:sms|nachricht(?:en)?|texte?|werbung|mitteilung(?:en)?|angebote?|newsletter|werbenachrichten|reklame)"
_DO_NOT = r"(?:don'?t|do not|never|please not)"
_WISHES = r"(?:moechten?|will|wollen|wuenschen?|brauche|bitte|mag)"
_BEFORE = r"(?:please|pls|plz|bitte|just|ok|okay|hi|hallo|hello|hey|can you|could you|will you|would you|i said|kindly)"
_AFTER = (
    r"(?:please|pls|plz|it|now|this|these|that|all|thanks|thank you|thx|already|immediately|everything|me"
    r"|bitte|jetzt|danke|sofort|mal)"
)
# They ask for the opposite: taken out before anything else is read.
_NEGATED = re.compile(
    rf"\b{_DO_NOT} (?:ever |you dare |want (?:you )?to |wanna |even )*"
    r"(?:stop|unsubscribe|end|quit|cancel|remove|delete|opt out|opt me out)\b"
    r"|\b(?:hoer(?:t|en)?(?: sie)?(?: bitte)?|bitte) nicht (?:auf|aufhoeren|stoppen|abmelden|loeschen)\b"
    r"|\bnicht (?:aufhoeren|stoppen|abmelden|abbestellen|loeschen)\b"
    r"|\b(?:why|when) (?:did|do|have) (?:you|u|they) stop(?:ped)?\b|^did (?:you|u) stop\b"
    r"|\b(?:you|they) never (?:text|txt|send|message|call|write|contact)\b"
    r"|\b(?:tragt?|trage|tragen) (?:sie )?(?:mich|uns)\b(?=.*\bein\b)|\bend of\b"
)
# They miss a text that they expected.
_MISSED = re.compile(
    r"\b(?:i|we|i've|we've|i have|we have) (?:\w+ )?(?:got|get|gets|had|received?|receive|see|seen|getting)\b.*\bno\b"
    r"|\b(?:habe?|haben|hatten?|kam|kamen|bekam|bekamen|kommt|kommen)\b(?!.*\b(?:genug|satt)\b)"
)
_MISSABLE = [
    re.compile(pattern)
    for pattern in (
        rf"\bno (?:more|further|other|additional) (?:of )?(?:your |these |those )?(?:\w+ )?{_TEXTS}\b",
        rf"\bkeine?n? (?:weiteren? |mehr |eurer? |ihrer? )*{_SMS} mehr\b",
        rf"\bkeine?n? (?:weiteren?|mehr) {_SMS}\b",
        rf"^(?:bitte )?keine?n? {_SMS}(?: bitte| danke| schicken| senden)*$",
        rf"\b{_SMS} (?:\w+ )?nicht mehr\b",
        r"\bnicht (?:mehr|weiter|laenger) (?:\w+ )?(?:bekommen|erhalten|empfangen)\b",
    )
]
_PLAIN = [
    re.compile(pattern)
    for pattern in (
        # English
        rf"\b(?:stop|quit|cease|cancel|end|halt)(?: \w+)?(?: \w+)? {_TEXTS}\b",
        r"\b(?:stop|quit|cease) (?:sending|contacting|messaging|texting|bothering|harassing|writing|spamming)\b",
        rf"^(?:{_BEFORE} )*"
        r"(?:stop|stopp|quit|cancel|end|unsubscribe|revoke|stop all)"
        rf"(?: {_AFTER})*$",
        r"\bunsubscribe\b|\bunsub\b|\bopt(?:ing|ed)?(?: me)?[ -]?out\b",
        r"\b(?:remove|delete|erase|drop|strike)"
        r" (?:me|us|my (?:phone |mobile |cell )?number|my (?:name|details|data|info|contact))\b",
        r"\b(?:remove|delete) (?:this|the) (?:phone |mobile )?number\b",
        r"\btake (?:me|us|my (?:\w+ )?number|this number) off\b",
        rf"\b{_DO_NOT} (?:ever )?(?:text|txt|message|msg|contact|sms|spam|bother|call|write(?: to)?)"
        r"(?: me| us| this number| again| any ?more|$)",
        rf"\b{_DO_NOT} (?:ever )?send(?: me| us)?"
        r"(?: any| more| these| those| your| further| stuff| things| anything| ads)*"
        rf"(?: (?:\w+ )?{_TEXTS}\b|$| again\b| anything\b| any ?more\b)",
        rf"\b{_DO_NOT} (?:want|wish|need|like)(?: to)?(?: get| receive| have| hear| be)?"
        rf"(?: any| your| more| these| those| further| no| getting| receiving| such)* {_TEXTS}\b",
        rf"\b{_DO_NOT} (?:want|wish)(?: to)? (?:hear from|be contacted|be texted|be messaged)\b",
        rf"^(?:please |pls )?no {_TEXTS}(?: please| pls| thanks| thank you| any ?more)*$",
        r"\bno longer (?:want|wish|interested|consent)\b|\bnot interested\b|\bnever contact\b",
        r"\b(?:revoke|withdraw)(?:ing)?(?: my)? (?:consent|permission)\b",
        r"\bleave me alone\b|\b(?:lose|loose|forget) my number\b|\bwrong (?:number|person)\b|\bget me off\b",
        r"\bblock(?:ing)? you\b|\breport(?:ing)? (?:you|this as spam)\b",
        # German
        r"\b(?:abmelden|abmeldung|abbestellen|abbestellung|austragen|abmeldn)\b",
        r"\bmeld(?:e|et|en)? (?:sie )?(?:mich|uns)(?: bitte)?(?: \w+){0,3} ab\b|\bmeld(?:e|et)? mich ab\b",
        r"\b(?:bestell|trag|nehm|nimm|streich|schmeiss)(?:e|en|t)?(?: sie)?(?: bitte)?"
        r" (?:mich|uns|meine \w*nummer)\b",
        r"\b(?:loesch(?:e|en|t)?|entfern(?:e|en|t)?)(?: sie)?(?: bitte)?"
        r" (?:mich|uns|meine (?:\w*nummer|daten)|diese (?:\w*nummer))\b",
        r"\b(?:meine|diese) (?:\w*nummer|daten)(?: bitte)?(?: \w+){0,3} (?:loeschen|entfernen|streichen)\b",
        r"\b(?:mich|uns)(?: bitte)?(?: \w+){0,3} (?:loeschen|entfernen|streichen|rausnehmen)\b",
        r"\b(?:hoer(?:t|en)?) (?:sie )?(?:bitte |endlich |doch |damit )*(?:auf|damit auf)\b|\baufhoeren\b",
        r"\bnicht (?:mehr|weiter|laenger) "
        r"(?:\w+ )?(?:schreiben|anschreiben|kontaktieren|schicken|senden|zusenden|texten|belaestigen)\b",
        r"\b(?:schreib|schick|send|kontaktier|text|belaestig)(?:e|en|et|t)? (?:sie )?(?:mir|mich|uns)(?: bitte)?"
        r"(?: \w+)? (?:nicht|nichts|nie|keine)\b",
        rf"\b{_WISHES}\b(?: \w+){{0,4}} keine?n?(?: weiteren?| mehr| eurer?| ihrer?)* {_SMS}\b",
        r"\b(?:stopp?|schluss|genug)(?: \w+){0,2} (?:damit|sms|nachrichten|werbung)\b",
        rf"\b(?:schluss|genug) (?:mit|von)\b.*\b{_SMS}\b",
        r"\bin ruhe\b|\bkein interesse\b|\bfalsche nummer\b|\bwiderruf(?:e|en)?\b|\bwiderspreche\b|\bspam\b",
    )
]
_CLAUSES = re.compile(r"[.!?;,:\n]+|\s+-\s+")
_SPELLINGS = str.maketrans(
    {"’": "'", "‘": "'", "`": "'", "´": "'", "ä": "ae", "ö": "oe", "ü": "ue"}  # after casefold, which makes ß ss
)


def may_be_opt_out(text: str) -> bool:
    """Whether a text, English or German, may ask for no more texts in words of the person's own.

    Not for what `wish_of` reads. "Please don't stop" and "remove the onions" ask for something else.
    """
    said = text.casefold().translate(_SPELLINGS).replace("dont ", "don't ")
    for clause in _CLAUSES.split(said):
        words = _NEGATED.sub(" ", " ".join(re.sub(r"[^\w'\- ]", " ", clause).split()))
        words = " ".join(words.split())
        if any(pattern.search(words) for pattern in _PLAIN):
            return True
        if not _MISSED.search(words) and any(pattern.search(words) for pattern in _MISSABLE):
            return True
    return False
