"""What is known of each customer from what they bought, as of the end of any day.

`families` has one SQL statement for each family, `registry` says what each feature means, `arrays` gives models what
they fit on. Only `intelligence.actions.features` writes.
"""
