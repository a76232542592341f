"""From a sentence to the rows of a segment: `reading.read_sentence`, behind `engine`. It writes nothing.

1. `text` cuts it into words in one `spelling`; `Phrases` find what stands at a place.
2. `refusals` declines what is no group of customers.
3. `scan` goes from left to right and makes `items`: the longest condition that a reader finds, a joint (“and”, “who”),
   people, a small word; or what nobody knows, with what it may belong to. The readers have one `context`:
   `sales` and `spent` (with `slots`, `sold`, `goods`, `places_sold` and the tables of `sales_words`), `located`,
   `named`, `figures`, `days`, `known`, `deeds`. They share `numbers` and `times` (with `points` and `lengths`).
4. `settling` looks at what stands beside each item: times by themselves, doubt, “only”, “lapsed”; `sequence` at “then”.
5. `grammar` joins the items by and, or, not and except to one `tree`, which is built into rules.
6. `reading` checks them, and says with `notes`, `vague` and `suggestions` what was assumed and what was not understood.

What a programme has by name is a `vocabulary`, filled by `names`, with the words of `synonyms` and `places`; only there
is the database asked. docs/algorithms/segment-words.md specifies all this.
"""
