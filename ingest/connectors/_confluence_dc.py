"""What a Confluence Data Center is asked: https://developer.atlassian.com/server/confluence/rest/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from config.errors import DocumentError, UnavailableError
from ingest.connectors._confluence import ATTACHMENT, BLOG, CURRENT, PAGE, Item, Json, Space, read_time
from ingest.connectors._confluence_people import People, Told
from ingest.connectors._confluence_site import TOLD, Site
from ingest.connectors._http import Home
from ingest.documents import EVERYONE, Readers

_MOST = 100
"""How many things are asked for at once."""


class DataCenter(Site):
    """A Confluence of one's own."""

    def __init__(self, source: str, home: Home, people_domain: str | None) -> None:
        """`people_domain`: where people have their e-mail, who are told by their user names."""
        super().__init__(source, home)
        self.people = People(source, self._look_up, ("username", "userKey"), people_domain)

    def spaces(self) -> Iterator[Space]:
        """See `Site`."""
        for said in self.api.results("rest/api/space", limit=_MOST):
            key, status = str(said["key"]), str(said.get("status") or CURRENT).lower()
            kind, title = str(said.get("type") or "global"), str(said.get("name") or key)
            yield Space(str(said.get("id") or key), key, title, kind, status != CURRENT)

    def items(self, space: Space) -> Iterator[Item]:
        """See `Site`."""
        for kind in (PAGE, BLOG):
            asked = {"spaceKey": space.key, "type": kind, "status": CURRENT, "limit": _MOST}
            expand = f"version,ancestors,{TOLD},children.attachment"
            for said in self.api.results("rest/api/content", **asked, expand=expand):
                yield self._item(kind, said)

    def attachments(self, item: Item) -> Iterator[Item]:
        """See `Site`."""
        path = f"rest/api/content/{item.id}/child/attachment"
        for said in self.api.results(path, limit=_MOST, expand="version"):
            about = {**(said.get("metadata") or {}), **(said.get("extensions") or {})}
            yield self._item(
                ATTACHMENT,
                said,
                parent=(item.kind, item.id),
                media_type=str(about.get("mediaType") or "application/octet-stream"),
                size=about.get("fileSize"),
            )

    def above(self, kind: str, id_: str) -> Item | None:
        """See `Site`."""
        said = self.api.may_see(f"rest/api/content/{id_}", status="any", expand="version,ancestors")
        return self._item(kind, said) if isinstance(said, dict) else None

    def space_readers(self, space: Space) -> Readers | None:
        """See `Site`. Known since Confluence 9.1, to whoever administers the space."""
        path = f"rest/api/space/{quote(space.key)}/permissions"
        try:
            listed = self.api.may_list(path)
            strangers = None if listed is None else self.api.may_list(f"{path}/anonymous")
        except UnavailableError as error:
            # https://jira.atlassian.com/browse/CONFSERVER-99908: with 500, and not with 403.
            hint = f"whoever `token` is of must administer the space {space.key} to see its permissions"
            raise UnavailableError(f"{error}; if that lasts, {hint}", error.retry_after) from error
        if listed is None:
            return None
        found = {self._reader(said) for said in listed if _is_read(said.get("operation"))}
        if any(map(_lets_read, strangers or ())):
            found.add(EVERYONE)
        return frozenset(one for one in found if one)

    def text(self, kind: str, id_: str) -> tuple[str, str]:  # noqa: ARG002 - asked for in the same way
        """See `Site`."""
        said = self.api.said(f"rest/api/content/{id_}", expand="body.view,version")
        body = (said.get("body") or {}).get("view")
        if said.get("status", CURRENT) != CURRENT or not isinstance(body, dict):
            raise DocumentError(f"it is {said.get('status')}, without a text to show")
        return str(said["title"]), str(body.get("value") or "")

    def file_address(self, id_: str) -> str:
        """See `Site`."""
        said = self.api.said(f"rest/api/content/{id_}", expand="version")
        link = (said.get("_links") or {}).get("download")
        if said.get("status", CURRENT) != CURRENT or not link:
            raise DocumentError(f"it is {said.get('status')}, without a file")
        return str(link)

    def members(self, group: str) -> Iterator[Json]:
        """See `Site`."""
        return self.api.results(f"rest/api/group/{quote(group, safe='')}/member", limit=_MOST)

    def nested(self, group: str) -> Sequence[Json]:
        """See `Site`."""
        path = f"rest/api/group/{quote(group, safe='')}/groupmember"
        return self.api.may_list(path, limit=_MOST) or ()

    def _look_up(self, user: Told) -> Any:
        key = {"key": user["userKey"]} if user.get("userKey") else {"username": user["username"]}
        return self.api.may_see("rest/api/user", **key)

    def _reader(self, said: Mapping[str, Any]) -> str | None:
        """Whom a permission is given to; None where it does not say."""
        subject = said.get("subject") or {}
        kind = str(subject.get("type") or "").lower()
        if kind == "group":
            return self.people.group({"name": subject.get("name")})
        if kind in {"user", "known"}:
            return self.people.person({name: subject[name] for name in subject if name != "type"})
        return EVERYONE if kind == "anonymous" else None

    def _item(self, kind: str, said: Mapping[str, Any], **more: Any) -> Item:
        version, ancestors = said.get("version") or {}, said.get("ancestors") or ()
        files = (said.get("children") or {}).get("attachment")
        lies_in = (str(ancestors[-1].get("type") or PAGE), str(ancestors[-1]["id"])) if ancestors else None
        given: dict[str, Any] = {"parent": lies_in, **more}
        return Item(
            id=str(said["id"]),
            kind=kind,
            title=str(said.get("title") or ""),
            version=str(version.get("number") or version.get("when") or ""),
            current=said.get("status", CURRENT) == CURRENT,
            changed=read_time(version.get("when")),
            author=(version.get("by") or {}).get("displayName"),
            link=(said.get("_links") or {}).get("webui"),
            restrictions=(said.get("restrictions") or {}).get("read"),
            has_files=not _is_empty(files),
            **given,
        )


def _is_read(operation: Any) -> bool:
    """Whether an operation is to read a space."""
    told = operation if isinstance(operation, dict) else {}
    key = told.get("operationKey") or told.get("operation") or told.get("key")
    return (key, told.get("targetType")) == ("read", "space")


def _lets_read(said: Mapping[str, Any]) -> bool:
    """Whether what strangers may do is to read; it is told alone or with other operations."""
    return _is_read(said.get("operation")) or any(map(_is_read, said.get("operations") or ()))


def _is_empty(listed: Any) -> bool:
    """Whether a part of a reply is a list that is known to be of nothing."""
    if not isinstance(listed, dict) or listed.get("results") != []:
        return False
    return not listed.get("size") and not (listed.get("_links") or {}).get("next")
