"""Words of sales: verbs, nouns, what belongs to them, and the channels."""

from __future__ import annotations

from segments.words.text import Phrases, each, one_of

VERBS = Phrases(
    {
        "order": ["ordered", "ordering", "placed an order", "put in an order", "made an order", "placed order"],
        "buy": [
            "bought", "buying", "purchased", "purchasing", "made a purchase", "made purchase", "picked up",
            "paid for", "made any purchase", "bought any",
        ],
        "visit": [
            "visited", "visiting", "shopped", "shopping", "came in", "came", "come in", "coming in", "coming",
            "been in", "been there", "been to", "been here", "been", "went to", "gone to", "went", "going to",
            "dropped in", "popped in", "stopped by", "dropped by", "paid a visit", "paid us a visit", "called in",
            "come", "used us", "set foot in", "set a foot in", "goes to",
        ],
        "return": [
            "been back", "come back", "came back", "coming back", "be back", "returned", "been back in",
            "visited again", "ordered again", "bought again", "come again", "been again", "shown up again",
            "reordered", "repurchased", "bought anything again", "purchased again", "shopped again",
        ],
        "seen": [
            "been seen", "seen", "seen them", "shown up", "heard from", "been around", "turned up", "been in touch",
        ],
    }
)  # fmt: skip
PRESENT = Phrases(
    {"order": ["order"], "buy": ["buy", "purchase"],
     "visit": ["visit", "shop", "come in", "come", "go to", "go", "set foot in"],
     "return": ["come back", "return", "order again", "buy again"]}
)  # fmt: skip
# What a verb of the present follows; else it is a noun (“our shop”, “the order”).
BEFORE_PRESENT = each(
    "who that which and or but not never to do doe did will can also customer people they we you nor ever only often"
    " person shopper everyone everybody anyone anybody longer still"
) | {"", ","}
SPEND_VERBS = one_of(
    "spent", "spend", "spending", "paid", "pay", "paid us", "splashed out", "dropped", "splurged", "parted with",
    "forked out", "shelled out", "handed over", "laid out", "run up", "blown", "blew", "forked over", "coughed up",
    "invested", "spent us", "spend with us", "left with us",
)  # fmt: skip
SPEND_NOUNS = one_of(
    "all-time spend", "all-time spending", "net spend", "net spending", "total spend", "total spent", "total spending",
    "amount spent", "lifetime spend", "lifetime spending",
    "overall spend", "spend", "spending", "money spent", "total amount spent", "total purchases worth",
    "total revenue", "total sales", "spend total", "total order value", "in total spend", "of total spend",
    "worth of purchases", "worth of orders", "worth of goods", "worth of stuff", "purchases totalling",
    "purchases adding up to", "purchases amounting to", "orders totalling", "orders adding up to",
    "orders amounting to", "purchases that total", "purchases that add up to", "purchases which add up to",
    "orders that add up to", "purchases add up to", "orders add up to", "purchases total", "purchases come to",
    "purchases amount to", "orders come to", "bought for", "sales of", "sales over", "revenue", "turnover",
    "total turnover", "total value of orders", "total value of purchases", "order value in total", "total value",
    "bought goods for", "bought goods worth", "purchases worth", "purchases come",
)  # fmt: skip
ORDER_NOUNS = each("order purchase visit transaction sale checkout")
ITEM_NOUNS = each("item product article piece unit thing")
AVERAGE = one_of(
    "average order value", "average order size", "average order total", "average order amount", "avg order",
    "avg order value", "avg basket", "avg spend", "average order", "aov", "average basket", "average basket value",
    "average basket size", "average purchase", "average purchase value", "average spend per order",
    "average spend per visit", "average spend", "average spending", "mean order", "mean order value", "average bill",
    "average ticket", "average sale", "average transaction", "average transaction value", "spend per order",
    "spend per visit", "order average", "average order spend", "average amount per order", "average value per order",
    "basket size", "basket value", "average cart", "average cart value", "average amount spent per order",
    "typical order", "typical order value", "orders averaging", "mean basket", "mean basket value", "mean purchase",
    "mean spend", "purchases averaging", "typical basket", "typical spend", "orders on average",
)  # fmt: skip
PER_ORDER = one_of(
    "per order", "per visit", "per purchase", "a visit", "an order", "each time", "every time", "per transaction",
    "on average", "each visit", "each order", "on average per order", "per order on average", "a time",
    "on average per visit", "per visit on average", "per basket", "per time", "every visit", "every order",
)  # fmt: skip
ANYTHING = each("anything something stuff goods thing product item whatever anythin")
FILLERS = one_of(
    "to any shop", "any shop", "any of our shops", "at any shop", "in any shop", "to any of our shops",
    "at any of our shops", "in a shop of ours", "in any of our shops", "at any of the shops", "to any of the shops",
    "with us", "from us", "in total", "altogether", "all together", "so far", "to date", "ever", "before",
    "previously", "overall", "of all time", "in all", "at all", "here", "there", "again", "already", "with me",
    "over their lifetime", "in their lifetime", "over all time", "in the past", "at some point", "anymore",
    "any more", "in our programme", "to us", "since they joined", "even", "all time", "us", "all in all", "any",
    "yet", "right now", "at the moment", "at least once before", "until now", "up to now",
    "of some kind", "of some sort", "of any kind", "of any sort", "till now", "by now",
)  # fmt: skip
CHANNELS = Phrases(
    {
        "store": [
            "in the shop", "in shop", "in store", "instore", "in the store", "in person", "at the till", "offline",
            "over the counter", "at the counter", "in a shop", "in a store", "in our shop", "in our store", "on site",
            "at the shop", "at the store", "in physical store", "at our shop", "at our store",
        ],
        "online": [
            "online", "on the website", "on our website", "on the web", "on the internet", "through the website",
            "via the website", "from the website", "in the online shop", "in the online store", "in our online shop",
            "in our online store", "on our site", "over the internet", "on the web shop", "in the web shop",
            "through our website", "via our website", "on the online shop", "from our website", "on line",
            "from our online shop", "from the online shop", "at the online shop", "at our online shop",
        ],
    }
)  # fmt: skip
AT = each("at in from to with of by into inside the our")
ALL_SHOPS = each("all every each both")
SHOP_NOUNS = each("shop store location place branch business outlet site")
STOPS = each(
    "as along together minus and or but nor except excluding excluded who that which whose whom where having with"
    " without because so while although though apart however yet also plus unless if whereas then not never from at via"
    " through using for until than , ; . ! ? : ( ) & + /"
    ' " “ ” is are was were have has had'
)
CATEGORY = each("category department section range aisle line")
NOTHING = each("nothing none nowt")
PRONOUNS = each("us me we i you they them our he she it")
SIGNED = frozenset(("<", ">", "=", "<=", ">=", "≤", "≥", ":"))  # “orders >= 3”
MOST_SHOPS = 6  # of which combinations are written out
