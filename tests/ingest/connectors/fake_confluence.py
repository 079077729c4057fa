"""A Confluence on loopback that speaks as the Cloud does, and as a Data Center: one wiki, two dialects.

Requests that the documentation does not allow are answered with 400. Lists come in pages of two, and links to
what follows as each deployment writes them. Who may read is worked out by rules of its own.

https://developer.atlassian.com/cloud/confluence/rest/v2/intro/ (what is at `/wiki/api/v2`)
https://developer.atlassian.com/cloud/confluence/rest/v1/intro/ (what is at `/wiki/rest/api`)
https://developer.atlassian.com/server/confluence/rest/ (a Data Center's `/rest/api`)
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from tests.ingest.connectors.web import Asked, Said, Web

Json = dict[str, Any]
FEW = 2
"""Things on a page of a list."""
EMAIL, TOKEN = "bot@acme.com", "a-token-of-nobody-at-all"
WHEN = "2026-03-01T10:00:00.000Z"


@dataclass
class Space:
    """`readers` are e-mails, group names and `anonymous`."""

    id: str
    key: str
    kind: str = "global"
    status: str = "current"
    readers: set[str] = field(default_factory=set)
    told: bool = True
    """Whether the bot may see its permissions."""


@dataclass
class Thing:
    """A page, post, attachment or folder. `readers`: who is named by restrictions; none: no restriction."""

    id: str
    kind: str
    space: Space
    title: str
    body: bytes = b""
    parent: Thing | None = None
    status: str = "current"
    version: int = 1
    readers: set[str] = field(default_factory=set)
    told: bool = True


class Wiki:
    """What there is, and who may read it."""

    def __init__(self) -> None:
        self.numbers = count(101)
        self.spaces: dict[str, Space] = {}
        self.things: dict[str, Thing] = {}
        self.groups: dict[str, set[str]] = {}
        self.hidden: set[str] = set()
        """People who hide their e-mail."""

    def add_space(self, key: str, *readers: str, **more: Any) -> Space:
        space = self.spaces[key] = Space(str(next(self.numbers)), key, readers=set(readers), **more)
        return space

    def add(
        self, kind: str, space: Space, title: str, body: bytes = b"", parent: Thing | None = None
    ) -> Thing:
        number = f"att{next(self.numbers)}" if kind == "attachment" else str(next(self.numbers))
        thing = self.things[number] = Thing(number, kind, space, title, body, parent)
        return thing

    def remove(self, thing: Thing) -> None:
        """For good; what lies in it goes to what it lay in, as in Confluence."""
        for other in list(self.things.values()):
            if other.parent is thing and other.kind == "attachment":
                self.remove(other)
            elif other.parent is thing:
                other.parent = thing.parent
        del self.things[thing.id]

    def may_read(self, person: str, thing: Thing) -> bool:
        here: Thing | None = thing
        while here is not None:
            if here.readers and not self._is_named(person, here.readers):
                return False
            here = here.parent
        return "anonymous" in thing.space.readers or self._is_named(person, thing.space.readers)

    def _is_named(self, person: str, readers: set[str]) -> bool:
        return person in readers or any(person in self.groups.get(one, ()) for one in readers)


Route = Callable[..., Any]


class FakeConfluence(Web):
    """Serves a wiki: the Cloud below `/wiki`, a Data Center below `/`."""

    def __init__(self, wiki: Wiki) -> None:
        super().__init__()
        self.wiki, self.token = wiki, TOKEN
        self.refused: list[str] = []
        """Requests that the documentation does not allow."""
        self.answer = self._answer
        paged, dc = {"limit", "cursor"}, {"limit", "start"}
        restricted = {"expand", "start", "limit"}
        self._routes: list[tuple[str, set[str], Route]] = [
            (r"/wiki/api/v2/spaces", {*paged, "keys", "status", "type"}, self._spaces),
            (r"/wiki/api/v2/spaces/(\d+)/(pages|blogposts)", {*paged, "status", "body-format"}, self._items),
            (r"/wiki/api/v2/spaces/(\d+)/permissions", paged, self._space_permissions),
            (r"/wiki/api/v2/(?:pages|blogposts)/(\d+)/attachments", {*paged, "status"}, self._files),
            (r"/wiki/api/v2/(pages|blogposts|folders)/(\d+)", {"body-format", "status"}, self._item),
            (r"/wiki/api/v2/attachments/(att\d+)", set(), self._file),
            (r"/wiki/rest/api/group/([^/]+)/membersByGroupId", dc, self._members),
            (r"/wiki/rest/api/user", {"accountId"}, self._person),
            (r"(?:/wiki)?/rest/api/content/(\w+)/restriction/byOperation", restricted, self._restrictions),
            (
                r"(?:/wiki)?/rest/api/content/(\w+)/restriction/byOperation/read",
                restricted,
                self._read_restriction,
            ),
            (r"(?:/wiki)?/download/attachments/(att\d+)", set(), self._bytes),
            (r"/rest/api/space", {*dc, "type", "status"}, self._dc_spaces),
            (r"/rest/api/space/([^/]+)/permissions", set(), self._dc_permissions),
            (r"/rest/api/content", {*dc, "spaceKey", "type", "status", "expand"}, self._dc_items),
            (r"/rest/api/content/(\d+)/child/attachment", {*dc, "expand"}, self._dc_files),
            (r"/rest/api/content/(\w+)", {"status", "expand"}, self._dc_item),
            (r"/rest/api/group/([^/]+)/member", dc, self._dc_members),
            (r"/rest/api/user", {"key", "username"}, self._dc_person),
        ]

    def _answer(self, asked: Asked) -> Said:
        parts = urlsplit(asked.path)
        self._cloud = parts.path.startswith("/wiki/")
        basic = "Basic " + b64encode(f"{EMAIL}:{self.token}".encode()).decode()
        if asked.headers.get("Authorization") != (basic if self._cloud else f"Bearer {self.token}"):
            return Said(401, b'{"statusCode": 401}')
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        for pattern, known, route in self._routes:
            if found := re.fullmatch(pattern, parts.path):
                if asked.method != "GET" or set(given) - known or int(given.get("limit", 25)) > 250:
                    self.refused.append(asked.path)
                    return Said(400, b'{"statusCode": 400}')
                said = route(*map(unquote, found.groups()), parts.path, given)
                if isinstance(said, Said):
                    return said
                if said is None:
                    return Said(404, b'{"statusCode": 404}')
                return Said(200, json.dumps(said).encode(), {"Content-Type": "application/json"})
        self.refused.append(asked.path)
        return Said(404, b'{"statusCode": 404}')

    def _page(self, listed: list[Json], path: str, given: Json) -> Json:
        """A page of a list, and where the next one is."""
        name = "start" if "/rest/api/" in path else "cursor"
        start = int(given.get(name, 0))
        few = listed[start : start + min(FEW, int(given.get("limit", FEW)))]
        links: Json = {"base": self.url.rstrip("/") + ("/wiki" if self._cloud else "")}
        if start + len(few) < len(listed):
            query = urlencode({**given, name: start + len(few)})
            # In the Cloud from the host on; in a Data Center, and in version 1, from the site on.
            links["next"] = f"{path.removeprefix('/wiki') if name == 'start' else path}?{query}"
        return {"results": few, "_links": links, "start": start, "limit": FEW, "size": len(few)}

    def _listed(self, space: Space | None, kind: str) -> list[Thing]:
        return [one for one in self.wiki.things.values() if one.space is space and one.kind == kind]

    def _space(self, number: str) -> Space | None:
        return next((one for one in self.wiki.spaces.values() if one.id == number), None)

    def _user(self, email: str) -> Json:
        told = "" if email in self.wiki.hidden else email
        name = email.partition("@")[0]
        if self._cloud:
            return {
                "type": "known",
                "accountId": f"557058:{name}",
                "email": told,
                "displayName": name.title(),
            }
        return {"type": "known", "username": name, "userKey": f"key-{name}", "displayName": name.title()}

    def _by_account(self, account: str) -> Json | None:
        everybody = {one for group in self.wiki.groups.values() for one in group} | {EMAIL}
        for thing in [*self.wiki.spaces.values(), *self.wiki.things.values()]:
            everybody |= {one for one in thing.readers if "@" in one}
        users = [self._user(one) for one in sorted(everybody)]
        return next((one for one in users if account in {one.get("accountId"), one.get("userKey")}), None)

    def _group(self, name: str) -> Json:
        return {"type": "group", "name": name} | ({"id": f"id-{name}"} if self._cloud else {})

    # The Cloud

    def _spaces(self, path: str, given: Json) -> Json:
        listed = [
            {"id": one.id, "key": one.key, "name": f"Space {one.key}", "type": one.kind, "status": one.status}
            for one in self.wiki.spaces.values()
        ]
        return self._page(listed, path, given)

    def _items(self, number: str, kind: str, path: str, given: Json) -> Json | None:
        space = self._space(number)
        # By default archived pages are listed as well.
        wanted = {given["status"]} if "status" in given else {"current", "archived"}
        things = [one for one in self._listed(space, kind.rstrip("s")) if one.status in wanted]
        return space and self._page([self._told(one) for one in things], path, given)  # type: ignore[return-value]

    def _told(self, thing: Thing) -> Json:
        return {
            "id": thing.id,
            "status": thing.status,
            "title": thing.title,
            "spaceId": thing.space.id,
            "parentId": thing.parent.id if thing.parent else None,
            "parentType": thing.parent.kind if thing.parent else None,
            "authorId": "557058:bot",
            "createdAt": WHEN,
            "version": {"number": thing.version, "createdAt": WHEN, "authorId": "557058:bot"},
            "_links": {"webui": f"/spaces/{thing.space.key}/pages/{thing.id}/{quote(thing.title, safe='')}"},
        }

    def _item(self, _kind: str, number: str, _path: str, given: Json) -> Json | None:
        thing = self.wiki.things.get(number)
        if thing is None:
            return None
        body = {}
        if form := given.get("body-format"):
            body = {"body": {form: {"representation": form, "value": thing.body.decode()}}}
        return self._told(thing) | body

    def _files(self, number: str, path: str, given: Json) -> Json | None:
        above = self.wiki.things.get(number)
        files = [one for one in self.wiki.things.values() if one.parent is above and one.kind == "attachment"]
        return above and self._page([self._file_told(one) for one in files], path, given)  # type: ignore[return-value]

    def _file_told(self, thing: Thing) -> Json:
        link = f"/download/attachments/{thing.id}"
        about = {"mediaType": "application/pdf", "fileSize": len(thing.body), "pageId": thing.parent.id}  # type: ignore[union-attr]
        return self._told(thing) | about | {"downloadLink": link, "webuiLink": f"/pages/view/{thing.id}"}

    def _file(self, number: str, _path: str, _given: Json) -> Json | None:
        thing = self.wiki.things.get(number)
        return thing and self._file_told(thing)  # type: ignore[return-value]

    def _bytes(self, number: str, _path: str, _given: Json) -> Said:
        thing = self.wiki.things.get(number)
        return Said(200, thing.body, {"Content-Type": "application/pdf"}) if thing else Said(404)

    def _space_permissions(self, number: str, path: str, given: Json) -> Json | Said:
        space = self._space(number)
        if space is None or not space.told:
            return Said(403)
        listed = []
        for name in sorted(space.readers):
            who = {"type": "group", "id": f"id-{name}"}
            if "@" in name:
                who = {"type": "user", "id": self._user(name)["accountId"]}
            elif name == "anonymous":
                who = {"type": "role", "id": "anonymous-users"}
            for key, target in (("create", "page"), ("read", "space")):
                listed.append({"id": "1", "principal": who, "operation": {"key": key, "targetType": target}})
        return self._page(listed, path, given)

    def _members(self, group: str, path: str, given: Json) -> Json | None:
        known = self.wiki.groups.get(group.removeprefix("id-"))
        return None if known is None else self._page([self._user(one) for one in sorted(known)], path, given)

    def _person(self, _path: str, given: Json) -> Json | None:
        return self._by_account(given["accountId"])

    # What both say in the same words

    def _restrictions(self, number: str, path: str, given: Json) -> Json | Said | None:
        said = self._read_restriction(number, path, {**given, "limit": 1, "start": 0})
        if not isinstance(said, dict):
            return said
        nobody: Json = {"user": {"results": [], "size": 0}, "group": {"results": [], "size": 0}}
        return {"read": said, "update": {"operation": "update", "restrictions": nobody}}

    def _read_restriction(self, number: str, _path: str, given: Json) -> Json | Said | None:
        thing = self.wiki.things.get(number)
        if thing is None:
            return None
        if not thing.told:
            return Said(403)
        start, few = int(given.get("start", 0)), int(given.get("limit", FEW))
        people = [self._user(one) for one in sorted(thing.readers) if "@" in one]
        groups = [self._group(one) for one in sorted(thing.readers) if "@" not in one]
        more = start + few < max(len(people), len(groups))
        links = {"next": f"/rest/api/content/{number}/restriction/byOperation/read?start={start + few}"}
        return {
            "operation": "read",
            "restrictions": {
                "user": {"results": people[start : start + few], "size": len(people)},
                "group": {"results": groups[start : start + few], "size": len(groups)},
            },
            "_links": links if more else {},
        }

    # A Data Center

    def _dc_spaces(self, path: str, given: Json) -> Json:
        listed = [
            {"id": int(one.id), "key": one.key, "name": f"Space {one.key}", "type": one.kind,
             "status": one.status.upper()}
            for one in self.wiki.spaces.values()
        ]  # fmt: skip
        return self._page(listed, path, given)

    def _dc_permissions(self, key: str, _path: str, _given: Json) -> list[Json] | Said:
        space = self.wiki.spaces[key]
        if not space.told:
            return Said(403)
        listed = []
        for name in sorted(space.readers):
            who = {"type": "group", "name": name}
            if "@" in name:
                who = {"type": "user", "userKey": self._user(name)["userKey"]}
            elif name == "anonymous":
                who = {"type": "anonymous"}
            for key_, target in (("create", "page"), ("read", "space")):
                operation = {"operationKey": key_, "targetType": target}
                listed.append({"operation": operation, "subject": who, "spaceKey": key})
        return listed

    def _dc_items(self, path: str, given: Json) -> Json:
        space = self.wiki.spaces.get(given.get("spaceKey", ""))
        things = [
            one for one in self._listed(space, given["type"]) if one.status == given.get("status", "current")
        ]
        return self._page([self._dc_told(one) for one in things], path, given)

    def _dc_told(self, thing: Thing) -> Json:
        above, here = [], thing.parent
        while here is not None:
            above.insert(0, {"id": here.id, "type": here.kind, "title": here.title})
            here = here.parent
        by = {"type": "known", "username": "bot", "displayName": "Bot"}
        return {
            "id": thing.id,
            "type": thing.kind,
            "status": thing.status,
            "title": thing.title,
            "version": {"number": thing.version, "when": "2026-03-01T12:00:00.000+02:00", "by": by},
            "ancestors": above,
            "body": {"view": {"value": thing.body.decode("latin-1"), "representation": "view"}},
            "metadata": {"mediaType": "application/pdf"},
            "extensions": {"fileSize": len(thing.body)},
            "_links": {
                "webui": f"/pages/viewpage.action?pageId={thing.id}",
                "download": f"/download/attachments/{thing.id}",
            },
        }

    def _dc_item(self, number: str, _path: str, given: Json) -> Json | None:
        thing = self.wiki.things.get(number)
        if thing is None or (thing.status != "current" and given.get("status") != "any"):
            return None
        told = self._dc_told(thing)
        if thing.kind != "attachment":
            told["body"]["view"]["value"] = thing.body.decode()
        return told

    def _dc_files(self, number: str, path: str, given: Json) -> Json:
        above = self.wiki.things.get(number)
        files = [one for one in self.wiki.things.values() if one.parent is above and one.kind == "attachment"]
        return self._page([self._dc_told(one) for one in files], path, given)

    def _dc_members(self, group: str, path: str, given: Json) -> Json | None:
        known = self.wiki.groups.get(group)
        return None if known is None else self._page([self._user(one) for one in sorted(known)], path, given)

    def _dc_person(self, _path: str, given: Json) -> Json | None:
        return self._by_account(given["key"])
