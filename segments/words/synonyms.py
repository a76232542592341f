"""What the fields of the registry are called in sentences.

A field that is not here is read by its label. Fields of sales have a grammar of their own (`sales`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def _with_schemes(*verbs: str) -> Sequence[str]:
    """“joined our loyalty programme”"""
    return [f"{verb} {the} {scheme}" for verb in verbs for the in ("the", "our") for scheme in _SCHEMES]


_SCHEMES = (
    "programme", "loyalty programme", "points programme", "rewards programme", "scheme", "loyalty scheme",
    "points scheme", "rewards scheme", "club",
)  # fmt: skip
_TO_REWARD = [
    f"{more}points {link} {reward}"
    for more in ("", "more ")
    for link in (
        "missing for",
        "short of",
        "from",
        "away from",
        "to",
        "for",
        "until",
        "till",
        "before",
        "off",
        "needed for",
        "to go to",
        "to go until",
        "shy of",
        "to go before",
    )
    for reward in ("the next reward", "their next reward", "a next reward", "another reward", "a reward")
    if more or (link, reward) != ("for", "a reward")  # “enough points for a reward”
]
# Numbers, amounts and shares: what stands behind a figure (“500 points”) or before it (“lifetime value over 500”).
FIGURES: Mapping[str, Sequence[str]] = {
    "points": [
        "points", "loyalty points", "reward points", "points balance", "balance", "points left", "unspent points",
        "points on their account", "points in their account", "balance of points", "bonus points", "points to spend",
        "points available", "available points", "points now", "points collected", "points saved up",
    ],
    "points_earned": [
        "points ever earned", "points earned", "points ever", "lifetime points", "points in their lifetime",
        "points earned in total", "points in total", "total points earned", "points altogether",
    ],
    "points_to_reward": ["points missing", "points to go", *_TO_REWARD],
    "stamps": ["stamps ever", "stamps in total", "stamps ever collected", "stamps altogether"],
    "card_stamps": ["stamps", "stamps on the card"],
    "full_cards": [
        "full stamp cards", "full cards", "filled cards", "filled stamp cards", "completed cards",
        "completed stamp cards", "complete cards", "complete stamp cards",
    ],
    "churn": [
        "churn risk", "risk of churn", "risk of churning", "churn", "churn probability", "probability of churn",
        "probability of churning", "chance of churning", "chance of churn", "churn score", "risk of leaving",
        "chance of leaving", "risk to leave", "risk of losing them", "likely to churn", "likely to leave",
        "probability of leaving", "chance to churn", "churn chance", "churn likelihood", "likelihood of churning",
        "likelihood to churn", "likely to stop buying", "likelihood of leaving", "chance of losing them",
        "chance they leave", "chance they will leave", "chance of being lost",
    ],
    "value_12": [
        "LTV", "CLV", "CLTV", "lifetime value", "customer lifetime value", "predicted lifetime value",
        "predicted LTV", "expected lifetime value", "expected value", "predicted value", "value in 12 months",
        "predicted CLV", "expected LTV", "value in the next 12 months", "expected value in the next 12 months",
        "life time value", "expected spend in the next 12 months", "expected spend in the next year",
        "forecast value", "estimated LTV", "estimated lifetime value", "expected to spend in the next 12 months",
        "value over the next 12 months", "predicted spend in the next 12 months", "predicted spend",
        "value in the next year", "expected spend", "forecast lifetime value", "predicted customer lifetime value",
        "customer value", "future value", "value over the next year", "expected value over the next 12 months",
    ],
    "value_6": [
        "value in 6 months", "value in the next 6 months", "expected value in the next 6 months", "6 month value",
        "expected spend in the next 6 months", "predicted value in 6 months", "value over the next 6 months",
        "expected value in 6 months", "six month value", "value in the next six months", "value in six months",
    ],
    "value_3": [
        "value in 3 months", "value in the next 3 months", "expected value in the next 3 months", "3 month value",
        "expected spend in the next 3 months", "predicted value in 3 months", "value over the next 3 months",
        "expected value in 3 months", "three month value", "value in the next three months", "value in three months",
    ],
    "value_at_risk": ["value at risk", "revenue at risk", "money at risk"],
    "rfm_recency": ["RFM recency score", "recency score"],
    "rfm_frequency": ["RFM frequency score", "frequency score"],
    "rfm_monetary": ["RFM monetary score", "monetary score"],
    "rewards": [
        "rewards claimed", "rewards redeemed", "claimed rewards", "redeemed rewards", "rewards taken", "rewards",
    ],
    "points_spent": ["points spent", "points redeemed", "redeemed points", "spent points"],
}  # fmt: skip
# Behind these the figure is expected: “expected to spend over £200 in the next 6 months”.
EXPECTED_SPEND = (
    "worth", "will be worth", "expected to spend", "predicted to spend", "likely to spend", "forecast to spend",
    "will spend",
)  # fmt: skip
DAYS: Mapping[str, Sequence[str]] = {
    "first_order": [
        "been with us", "around with us", "been around", "first order", "first purchase", "first ordered",
        "first bought", "first visit", "first visited", "first came", "first shopped", "first purchased",
        "first time they ordered", "first time they bought", "first sale", "ordered for the first time",
        "bought for the first time", "came for the first time", "first time bought", "visited for the first time",
        "purchased for the first time", "shopped for the first time", "first transaction", "first ever order",
        "first ever purchase", "very first order", "very first purchase", "became a customer", "became our customer",
        "became customers", "become a customer", "become customers", "started buying", "started ordering",
        "started shopping", "started coming", "started to buy", "started to order", "acquired",
        "bought something for the first time", "bought anything for the first time", "been a customer",
        "been customers", "first spent", "won", "turned customer", "first came in", "came in for the first time",
        "first bought anything", "first bought something", "first bought from us", "first ordered from us",
        "first ordered anything", "debut order", "initial order", "initial purchase", "are customers",
        "is a customer", "been coming", "been buying", "been ordering", "been shopping", "been visiting",
        "been buying from us", "been shopping with us", "been coming to us",
    ],
    "last_order": [
        "last order", "last purchase", "last ordered", "last bought", "last visit", "last visited", "last came",
        "last shopped", "last purchased", "most recent order", "most recent purchase", "latest order", "latest visit",
        "latest purchase", "last time they ordered", "last time they bought", "last seen", "last sale", "last spent",
        "last transaction", "most recent visit", "most recently ordered", "most recently bought", "last came in",
        "ordered last", "bought last", "visited last", "were last seen", "last been in", "ordered for the last time",
        "bought for the last time", "last bought anything", "last bought something", "last ordered anything",
        "last ordered something", "last been here", "last were in", "final order", "last bought from us",
        "last ordered from us",
    ],
    "member_since": [
        *_with_schemes("joined", "signed up for", "signed up to", "enrolled in", "registered for"),
        "became a member", "become a member", "became members", "become members", "been a member", "been members",
        "signed up for points", "signed up for loyalty", "signed up for the loyalty card", "got their card",
        "enrolled", "joined", "signed up", "registered", "joined up", "joined us", "joined as a member",
        "joined as members", "membership began", "membership started", "joining date", "are members",
    ],
    "birthday": [
        "birthday", "born", "birth day", "date of birth", "have a birthday", "has a birthday",
        "celebrate their birthday", "celebrating their birthday", "celebrates a birthday", "turn a year older",
        "celebrating a birthday", "born on", "birth date", "birthdate", "birth month",
    ],
    "tier_since": [
        "in this tier", "in their tier", "reached their tier", "got their tier", "moved up a tier", "changed tier",
        "reached this tier",
    ],
    "archetype_since": ["in this archetype", "in their archetype", "changed archetype"],
    "next_purchase": [
        "next purchase expected", "next purchase", "next order", "next order expected", "expected to order again",
        "expected to buy again", "expected next purchase", "expected next order", "due to order", "due to buy",
        "expected to order", "expected to buy", "expected back", "likely to order again", "likely to buy again",
        "expected to come back", "due back", "expected to purchase", "likely to order", "likely to buy",
        "due to come back", "predicted to order", "predicted to buy", "should order again", "should buy again",
        "next visit", "next purchase is expected", "next order is expected", "next purchase due", "next order due",
    ],
    "first_order_day": [
        "anniversary of their first order", "anniversary of the first order", "first order anniversary",
        "anniversary as a customer", "customer anniversary", "anniversary of becoming a customer",
    ],
    "created": ["added", "were added", "created", "record was created", "imported", "added to our list"],
}  # fmt: skip
JOINED_ONLY = frozenset({"joined", "signed up", "registered", "enrolled", "joined us", "joined up"})
# What somebody has or has not, behind “with”, “without”, “have”, “no”; and what texts are called.
KNOWN: Mapping[str, Sequence[str]] = {
    "email": ["email address", "email", "mail address"],
    "phone": [
        "phone number", "phone", "telephone number", "mobile number", "mobile", "telephone", "mobile phone",
        "number on file", "cell phone", "cell number",
    ],
    "birthday": ["birthday", "date of birth", "birth date", "birthdate"],
    "country": ["country"],
    "city": ["town", "city", "town or city"],
    "region": ["region", "county", "state"],
    "postcode": ["postcode", "post code", "zip code", "zip", "postal code"],
    "first_name": ["first name", "name", "forename", "given name"],
    "last_name": ["last name", "surname", "family name"],
    "source": ["source", "came from source", "came from"],
    "language": ["language"],
    "tier": ["tier", "tier at all", "loyalty tier", "status tier", "loyalty level", "level"],
    "archetype": ["archetype"],
    "next_purchase": ["expected next purchase"],
}  # fmt: skip
YES_NO: Mapping[str, Sequence[str]] = {
    "member": [
        *_with_schemes("joined", "signed up for", "signed up to", "enrolled in", "in", "on", "part of", "belong to"),
        *_with_schemes("members of"),
        "signed up", "enrolled", "a member", "members", "loyalty members", "programme members", "club members",
        "loyalty programme members", "loyalty scheme members", "enrolled members", "signed up members",
        "registered members", "points collectors", "loyalty card holders", "loyalty cardholders",
        "with a loyalty card", "have a loyalty card", "hold a loyalty card",
    ],
    "was_brought": [
        "referred by somebody", "referred by a friend", "brought by a friend", "came by referral",
        "referred by someone", "referred by anyone", "referred by anybody", "referred by another customer",
        "brought in by a friend", "came through a friend",
    ],
}  # fmt: skip
CHOICES: Mapping[str, Sequence[str]] = {
    "tier": ["tier", "loyalty tier", "level", "loyalty level", "status"],
    "archetype": ["archetype"],
    "churn_band": ["churn band", "churn risk", "risk band"],
    "rfm_group": ["RFM group", "RFM segment", "RFM"],
    "language": ["language", "speak", "speaking"],
    "favourite_shop": [
        "favourite shop", "favourite store", "usual shop", "main shop", "home shop", "mostly buy at",
        "mostly shop at", "mostly order at", "mostly go to", "usually buy at", "usually shop at", "buy most often at",
        "mainly shop at", "mainly buy at", "order most often at", "mostly visit", "mainly visit", "usually go to",
        "mainly go to",
    ],
    "main_channel": [
        "main channel", "usual channel", "favourite channel", "mostly order", "mostly buy", "mostly shop",
        "mainly order", "mainly buy", "mainly shop", "usually order", "usually buy", "usually shop",
    ],
    "archetype_before": ["archetype before", "previous archetype"],
    "in_segment": ["segment"],
    "tags": ["tag", "tagged", "tagged as", "tagged with", "label", "labelled", "marked as", "marked"],
}  # fmt: skip
BANDS: Mapping[str, Sequence[str]] = {
    "high": ["high", "highest", "big", "great", "large"],
    "medium": ["medium", "moderate", "middle", "mid"],
    "low": ["low", "lowest", "small", "little"],
}
# Words that say too little: what could be meant is suggested.
VAGUE: Mapping[str, Sequence[str]] = {
    "spent": [
        "high spenders", "big spenders", "spenders", "high value", "valuable", "best customers", "top customers",
        "best", "top", "big", "rich", "vip", "whales", "expensive", "most",
    ],
    "orders": [
        "loyal", "frequent", "regular", "often", "frequently", "regularly", "many", "several", "few", "rarely",
        "occasional", "occasionally", "heavy", "lots", "fans", "seldom",
    ],
    "last_order": [
        "lapsed", "inactive", "dormant", "active", "lost", "sleeping", "gone", "idle", "disappeared", "recent",
        "slipping",
    ],
    "churn_band": ["at risk", "risky", "unhappy", "churning", "leaving"],
    "birthday": ["age", "old", "older", "younger", "aged", "young", "teenagers", "adults", "pensioners", "seniors"],
    "first_order": ["newest", "newcomers", "newbies", "oldest"],
    "archetype": ["type", "persona", "cluster"],
    "points": ["credit", "coins", "balance"],
    "tier": ["status", "level", "rank"],
    "tags": ["vegetarian", "vegan", "students", "staff", "press"],
}  # fmt: skip
