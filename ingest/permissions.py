"""Who a person is to the sources: their principals, and whether those may read a document."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.documents import EVERYONE, Readers


def principals_of(
    email: str | None, groups: Mapping[str, Readers], belongs_to: Readers = frozenset()
) -> Readers:
    """Everything that a person counts as.

    `email` must be verified by whoever passes it on; without one a person is only part of `everyone`.
    `groups` are the operator's own, name to members; a group may hold other groups, and those that somebody
    else keeps, as a chat platform does: of these the person `belongs_to` some, which is verified as well.
    """
    found = {EVERYONE, *belongs_to}
    if email:
        address = email.strip().lower()
        found.add(f"user:{address}")
        name, _, domain = address.rpartition("@")
        if name and domain:
            found.add(f"domain:{domain}")
    while True:
        joined = {f"group:{name}" for name, members in groups.items() if members & found} - found
        if not joined:
            return frozenset(found)
        found |= joined


def may_read(principals: Readers, readers: Readers | None) -> bool:
    """Whether any of a person's principals is among the readers. Unknown readers are nobody."""
    return bool(readers and principals & readers)
