"""What a Confluence Data Center is asked: https://developer.atlassian.com/server/confluence/rest/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from config.errors import DocumentError, UnavailableError
from ingest.connectors._confluence import ATTACHMENT, BLOG, CURRENT, PAGE, Item, Json, Site, Space, read_time
from ingest.documents import EVERYONE, Readers


class DataCenter(Site):
    """A Confluence of one's own."""

    first_page = 100

    def spaces(self) -> Iterator[Space]:
        """See `Site`."""
        for said in self.results("rest/api/space"):
            archived = str(said.get("status") or CURRENT).lower() != CURRENT
            kind = str(said.get("type") or "global")
            yield Space(str(said.get("id")), str(said["key"]), str(said.get("name")), kind, archived)

    def items(self, space: Space) -> Iterator[Item]:
        """See `Site`."""
        for kind in (PAGE, BLOG):
            asked = {"spaceKey": space.key, "type": kind, "status": CURRENT, "expand": "version,ancestors"}
            for said in self.results("rest/api/content", **asked):
                yield self._item(kind, said)

    def attachments(self, item: Item) -> Iterator[Item]:
        """See `Site`."""
        for said in self.results(f"rest/api/content/{item.id}/child/attachment", expand="version"):
            about = {**(said.get("metadata") or {}), **(said.get("extensions") or {})}
            yield self._item(
                ATTACHMENT,
                said,
                parent=(item.kind, item.id),
                media_type=str(about.get("mediaType") or "application/octet-stream"),
                size=about.get("fileSize"),
            )

    def above(self, kind: str, id_: str) -> Item | None:
        """See `Site`: an ancestor that was not listed as a page, for it is not current any more."""
        said = self.may_see(
            f"rest/api/content/{id_}", params={"status": "any", "expand": "version,ancestors"}
        )
        return self._item(kind, said) if isinstance(said, dict) else None

    def space_readers(self, space: Space) -> Readers | None:
        """See `Site`. Known since Confluence 9.1, to whoever administers the space."""
        try:
            said = self.may_see(f"rest/api/space/{quote(space.key)}/permissions")
        except UnavailableError as error:
            # https://jira.atlassian.com/browse/CONFSERVER-99908: with 500, and not with 403.
            hint = f"whoever `token` is of must administer the space {space.key} to see its permissions"
            raise UnavailableError(f"{error}; if that lasts, {hint}", error.retry_after) from error
        if said is None:
            return None
        listed = said if isinstance(said, list) else said.get("results") or ()
        return frozenset(filter(None, map(self._reader, listed)))

    def text(self, kind: str, id_: str) -> tuple[str, str]:  # noqa: ARG002 - asked for in the same way
        """See `Site`."""
        said = self.said(f"rest/api/content/{id_}", params={"expand": "body.view,version"})
        if said.get("status", CURRENT) != CURRENT:
            raise DocumentError(f"it is {said['status']}")
        return str(said["title"]), str(((said.get("body") or {}).get("view") or {}).get("value") or "")

    def file_address(self, id_: str) -> str:
        """See `Site`."""
        said = self.said(f"rest/api/content/{id_}", params={"expand": "version"})
        link = (said.get("_links") or {}).get("download")
        if said.get("status", CURRENT) != CURRENT or not link:
            raise DocumentError("it is not there any more")
        return str(link)

    def members(self, group: str) -> Iterator[Json]:
        """See `Site`."""
        return self.results(f"rest/api/group/{quote(group, safe='')}/member")

    def _account(self, user: Mapping[str, Any]) -> str:
        return str(user.get("userKey") or user.get("username"))

    def _asked_for(self, account: str) -> Json:
        return self.said("rest/api/user", params={"key": account})

    def _reader(self, said: Mapping[str, Any]) -> str | None:
        """Whom a permission lets read the space; None for one that is about something else."""
        operation, subject = said.get("operation") or {}, said.get("subject") or {}
        key = operation.get("operationKey") or operation.get("operation")
        if (key, operation.get("targetType")) != ("read", "space"):
            return None
        kind = str(subject.get("type") or "").lower()
        if kind == "group":
            return self.group({"name": subject.get("name")})
        if kind == "user":
            return self.person(subject)
        return EVERYONE if kind == "anonymous" else None

    def _item(self, kind: str, said: Mapping[str, Any], **more: Any) -> Item:
        version, ancestors = said.get("version") or {}, said.get("ancestors") or ()
        by = version.get("by") or {}
        given: dict[str, Any] = {
            "parent": (PAGE, str(ancestors[-1]["id"])) if ancestors else None,
            **more,
        }
        return Item(
            id=str(said["id"]),
            kind=kind,
            title=str(said.get("title") or ""),
            version=str(version.get("number") or ""),
            current=said.get("status", CURRENT) == CURRENT,
            changed=read_time(version.get("when")),
            author=by.get("displayName"),
            link=(said.get("_links") or {}).get("webui"),
            **given,
        )
