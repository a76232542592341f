"""What a sentence is made of between the words of its conditions: people, joints, small words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal, TypeAlias

from segments.words.context import HEADS, Found
from segments.words.text import Phrases, each, one_of


class Kind(Enum):
    CONDITION = auto()
    PEOPLE = auto()
    CLAUSE = auto()  # “who”, “with”: what follows says more of the same people
    AND = auto()
    OR = auto()
    NOR = auto()
    COMMA = auto()
    BUT = auto()
    EXCEPT = auto()
    LEFT_OUT = auto()  # “excluded”, behind those who are
    EITHER = auto()
    BOTH = auto()
    NEITHER = auto()
    NOT = auto()
    STOP = auto()
    OPEN = auto()
    CLOSE = auto()
    WHEN = auto()  # a time that no condition has taken
    UNKNOWN = auto()


# How the words of a condition begin; "present" of a clause: “are” and “have”, not “who”. Of a "not", what more it can
# deny: “haven't ordered or visited”; “no” denies its own noun only. Of people: “among customers who …, those who …”.
Form: TypeAlias = Literal["noun", "past", "present", "clause", "no", "among"]


@dataclass(frozen=True, slots=True)
class Item:
    kind: Kind
    start: int
    end: int
    found: Found | None = None
    words: frozenset[int] = frozenset()  # of a condition that has taken others
    form: Form = "noun"


JOINTS = Phrases(
    {
        Kind.AND: [
            "and", "&", "+", "in addition", "on top of that", "as well as", "along with", "together with",
            "in addition to", "and also", "plus", "and then",
            "and who also", "in combination with",
        ],
        Kind.OR: ["or", "and/or", "or else", "or alternatively", "/"],
        Kind.NOR: ["nor", "and neither", "or neither"],
        Kind.BUT: [
            "but", "yet", "however", "although", "though", "whereas", "even though", "but also", "but then",
            "in both cases", "in either case", "in any case", "in all cases", "in each case", "either way",
            "and in both cases", "and in either case", "and in any case", "and in all cases", "and in each case",
            "and either way", "and of those", "and of these", "and of them", "and among those", "and among them",
        ],
        Kind.EXCEPT: [
            "excluded:", "except", "except for", "excluding", "apart from", "other than", "not including",
            "leaving out", "leave out", "minus", "aside from", "not counting", "ignoring", "with the exception of",
            "bar", "save for", "unless", "exclude", "but exclude", "and exclude", "but leave out", "and leave out",
            "excl", "but excluding", "except those", "without those", "without anyone", "without anybody",
            "without people", "without customers", "besides", "barring", "instead of", "rather than",
            "but without those", "and excluding", "outside of those", "but ignore", "skip", "and not counting",
            "not the ones", "omitting", "omit", "except of", "but except", "excepting", "but nobody", "but no one",
            "and nobody", "and no one", "nobody", "no one", "none of the", "none of those", "but none of the",
            "but none of those",
        ],
        Kind.LEFT_OUT: [
            f"{are}{out}"
            for are in ("", "are ", "is ", "being ", "to be ", "should be ")
            for out in ("excluded", "aside", "left out", "not included", "omitted", "exempted", "exempt", "not counted")
        ],
        Kind.EITHER: ["either"],
        Kind.BOTH: ["both"],
        Kind.NEITHER: ["neither"],
        Kind.NOT: [
            "not", "never", "no", "non", "without", "lacking", "lack", "none", "not yet", "never ever", "zero",
            "yet to", "have yet to", "has yet to", "failed to", "fail to", "forgot to", "no longer", "not anymore",
            "refused to", "ceased to", "anything but", "nothing", "outside", "outside of",
        ],
        Kind.CLAUSE: [
            "who", "that", "which", "whose", "whom", "where", "with", "having", "while", "when", "has", "have", "had",
            "is", "are", "was", "were", "be", "been", "do", "does", "did", "also", "then", "additionally", "got",
            "whos", "must", "should", "will", "would", "if", "holding", "hold", "keeping", "only those",
            "such as have", "being", "did also", "sitting on", "they", "gave us", "given us", "still have",
            "still has", "still hold", "still got", "have still got", "told us", "shared",
        ],
    }
)  # fmt: skip
PEOPLE = one_of(
    *(HEADS - {"member", "holder"}), "everyone", "everybody", "anyone", "anybody", "someone", "somebody", "those",
    "clientele", "customer base", "women and men", "every one",
)  # fmt: skip
EVERYBODY = each("everyone everybody all every anyone anybody")
# Words that say nothing by themselves.
SMALL = each(
    "the a an of to in on at for from by as our my their his her its your us me i we you they them it there here this"
    " these all every each so just please thank kindly ever already currently now any some kind sort group segment"
    " audience list who whose am will would like could can show find get give see want need let which what out up then"
    " really actually both ok okay hi hello hey dear say right have been total made placed make ones whole entire"
    " database programme such very done ya etc"
)
# At the beginning of a sentence only.
LEADS = each(
    "show find give list get create make build target select pick display return pull identify filter search look"
    " fetch generate want need tell which what who how many pls bring prepare compile set define save id i d let"
    " down query choose grab count extract looking after about seeing view check lookup start begin segment group"
    " audience people called named name something could would love interested know whether think having trying made up"
    " consisting containing includes including contain consist database among amongst"
)
PURPOSES = one_of(
    "so that", "so we", "so i", "so they", "so you", "because", "in order to", "in order that", "as i want",
    "as we want", "since i want", "since we want", "to send them", "to offer them", "to thank them", "to give them",
    "and send them", "and give them", "and offer them", "and text them", "and email them", "for a campaign",
    "for my campaign", "for our campaign", "for a mailing", "for the newsletter", "for our newsletter", "to whom",
    "and invite them", "and thank them", "i would like to send", "we would like to send", "i'd like to send",
    "i want to send", "we want to send", "i plan to", "we plan to", "i am going to", "we are going to",
)  # fmt: skip
GREETINGS = one_of(
    "new segment", "new group", "new list", "new audience",
    "if it is possible", "if that is possible", "basically", "um", "uh", "erm", "er", "sorry", "sorry me again",
    "sorry it is me again", "me again", "hey there", "hi there", "hello there", "sorry to bother you", "by the way",
    *(
        f"would you {kindly}mind {giving} me{a_list}"
        for kindly in ("", "kindly ")
        for giving in ("giving", "showing", "getting", "finding", "telling", "making", "sending")
        for a_list in ("", " a list of", " the list of")
    ),
    "good morning", "good afternoon", "good evening", "good day", "thank you very much", "thanks very much",
    "thank you so much", "thanks so much", "thanks a lot", "many thanks", "thank you in advance", "thanks in advance",
    "kind regards", "cheers", "i want them on this list", "i want them on the list", "put them on this list",
    "put them on the list", "those are the ones i need", "these are the ones i need", "those are the ones i want",
    "that is all", "you know", "if possible", "if you can", "as soon as possible", "asap", "right now",
    "be so kind as to", "i want them", "we want them", "i need them", "we need them", "dear team", "hi team",
    "hello team", "dear all", "hi all", "include them", "count them in", "put together", "please", "thanks",
    "thank you", "and thanks", "and thank you", "urgent", "urgently",
)  # fmt: skip
SIGNS = {".": Kind.STOP, ";": Kind.STOP, ":": Kind.STOP, "(": Kind.OPEN, ")": Kind.CLOSE}
STOPS = frozenset('.;:!?()[]"“”')
