"""From a sentence to the rows of a segment: `reading.read_sentence`, with the grammar that comes with the product.

docs/algorithms/segment-words.md says what the grammar reads. It never writes and never asks the database; what the
programme has by name comes as a `Vocabulary`.
"""
