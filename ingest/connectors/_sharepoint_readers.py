"""What SharePoint's permissions say of who may read:
https://learn.microsoft.com/en-us/graph/api/resources/permission."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto

from ingest.connectors._sharepoint import is_entra_id
from ingest.connectors._sharepoint_account import Json
from ingest.documents import Readers

_READING = frozenset({"read", "write", "owner"})
"""Roles that read. Others may hold less than that, as limited access does, and count for nothing."""
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""The end of what has none."""

# How SharePoint writes who somebody is:
# https://learn.microsoft.com/en-us/answers/questions/349797/understanding-login-name-format-of-sharepoint
_MEMBER = re.compile(r"i:0#\.f\|membership\|(.+@.+)", re.IGNORECASE)
_GROUP = re.compile(
    r"c:0(?:t\.c\|tenant|o\.c\|federateddirectoryclaimprovider)\|([0-9a-f-]{36}(?:_o)?)", re.IGNORECASE
)
_INSIDERS = re.compile(r"c:0(?:-\.f\|rolemanager\|spo-grid-all-users/.*|\(\.s\|true)", re.IGNORECASE)
"""Everyone except external users, and everyone."""


class Kind(Enum):
    """What may hold a permission."""

    PERSON = auto()
    """Somebody whom Entra ID knows by an id."""
    ADDRESS = auto()
    GROUP = auto()
    """Of Entra ID, `ID_o` for its owners, or of a site, `SITE/NUMBER`."""
    INSIDERS = auto()
    """The people of the organization."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a permission."""

    kind: Kind
    key: str = ""
    title: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Access:
    """What the permissions of one file or folder say."""

    holders: frozenset[Holder] | None
    """Who may read by what is said of this one; None: that is not told."""
    inherits: bool
    """Whether who may read what it lies in may read it as well."""


UNTOLD = Access(None, inherits=False)
LIKE_ABOVE = Access(frozenset(), inherits=True)


def read_access(permissions: Sequence[Json], site: str, moment: datetime) -> Access:
    """What is told of a file or folder. `site` is what the ids of its site's own groups are unique in.

    The list holds all who may read, whether by what is said of this one or of what it lies in. Where Graph
    tells which is which, by `inheritedFrom`, only the former are kept: then what changes above is known to
    change here as well. It is documented that libraries do not tell it, and seen that they do, with an empty
    value.
    """
    own = [one for one in permissions if "inheritedFrom" not in one]
    holders = frozenset(holder for one in own if _reads(one, moment) for holder in _holders(one, site))
    return Access(holders, inherits=len(own) < len(permissions))


def _reads(permission: Json, moment: datetime) -> bool:
    if not _READING & set(permission.get("roles") or ()):
        return False
    end = permission.get("expirationDateTime")
    until = datetime.fromisoformat(end) if end else _NEVER
    return until <= _NEVER or until > moment


def _holders(permission: Json, site: str) -> Iterator[Holder]:
    """Who reads by one permission. A link is only for those whom it names: whoever else may open it has to
    have been given it."""
    link = permission.get("link")
    if link is None:
        identities = [permission.get("grantedToV2") or permission.get("grantedTo")]
    elif link.get("scope") in {None, "users"}:
        identities = permission.get("grantedToIdentitiesV2") or permission.get("grantedToIdentities") or []
    else:
        identities = []
    for identity in identities:
        holder = _holder(identity or {}, site)
        if holder is not None:
            yield holder


def _holder(identity: Json, site: str) -> Holder | None:
    """https://learn.microsoft.com/en-us/graph/api/resources/sharepointidentityset"""
    user, group = identity.get("user") or {}, identity.get("group") or {}
    of_site, group_of_site = identity.get("siteUser") or {}, identity.get("siteGroup") or {}
    claim = str(of_site.get("loginName") or "")
    title = str(
        group_of_site.get("displayName") or group.get("displayName") or of_site.get("displayName") or ""
    )
    if group_of_site:
        return Holder(Kind.GROUP, f"{site}/{group_of_site['id']}", title)
    if _INSIDERS.fullmatch(claim):
        return Holder(Kind.INSIDERS)
    if found := _GROUP.fullmatch(claim):
        return Holder(Kind.GROUP, found[1].lower(), title)
    if is_entra_id(str(group.get("id") or "")):
        return Holder(Kind.GROUP, str(group["id"]).lower(), title)
    if is_entra_id(str(user.get("id") or "")):
        return Holder(Kind.PERSON, str(user["id"]).lower())
    if found := _MEMBER.fullmatch(claim):
        return Holder(Kind.ADDRESS, found[1].lower())
    return None


class Principals:
    """The principals of holders, as one source names them."""

    def __init__(self, source: str, people: Mapping[str, Json], insiders: Readers) -> None:
        """`people` are those whom Entra ID knows, `insiders` those of the organization."""
        self._source, self._people, self._insiders = source, people, insiders

    def of(self, holders: frozenset[Holder] | None) -> Readers | None:
        """Who these are; None where they are not told."""
        return None if holders is None else frozenset().union(*(self._of(holder) for holder in holders))

    def _of(self, holder: Holder) -> Readers:
        if holder.kind is Kind.PERSON:
            return person(self._source, self._people.get(holder.key) or {"id": holder.key})
        if holder.kind is Kind.ADDRESS:
            return frozenset({f"user:{holder.key}"})
        return (
            self._insiders
            if holder.kind is Kind.INSIDERS
            else frozenset({f"group:{self._source}/{holder.key}"})
        )


def person(source: str, said: Json) -> Readers:
    """A person of Entra ID: by every address that is told, and by the id where none is."""
    addresses = {str(said.get(one) or "").strip().lower() for one in ("mail", "userPrincipalName")}
    known = frozenset(f"user:{address}" for address in addresses if "@" in address)
    return known or frozenset({f"user:{source}/{said['id']}"})
