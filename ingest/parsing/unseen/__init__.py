"""What a file holds and does not show, taken out before the file is read; a module for each kind of format.

What a person does not see must not reach an index, a model or an answer: it is how instructions are smuggled
past the people who would notice them. What counts as unseen is the same for all formats:

- Text in the colour of what is behind it, or nearly (`Colour.shows_on`). What is behind is taken for white
  where it cannot be known: white text on a dark cell stays, white text on nothing that we know of goes.
- Text of no size (`TINY`), or placed where nobody can look.
- Whatever the format itself marks as hidden or as deleted.

What a click shows is seen: a folded `<details>`, an accordion, a speaker's notes. Characters without a shape
are every format's: see `ingest/characters.py`.
"""

TINY = 2.0
"""Points. Print of this size or less is not read by people."""
