"""A Confluence on loopback that speaks as the Cloud does, and as a Data Center: one wiki, two dialects.

Requests that the documentation does not allow are answered with 400 and remembered. Lists come in pages of
two, and links to what follows as each deployment writes them.

https://developer.atlassian.com/cloud/confluence/rest/v2/intro/ (what is at `/wiki/api/v2`)
https://developer.atlassian.com/cloud/confluence/rest/v1/intro/ (what is at `/wiki/rest/api`)
https://developer.atlassian.com/server/confluence/rest/ (a Data Center's `/rest/api`)
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from tests.ingest.connectors.fake_confluence_wiki import Space, Thing, Wiki
from tests.ingest.connectors.web import Asked, Said, Web

Json = dict[str, Any]
FEW = 2
"""Things on a page of a list."""
EMAIL, TOKEN = "bot@acme.com", "a-token-of-nobody-at-all"
WHEN = "2026-03-01T10:00:00.000Z"
_RESTRICTIONS = {"restrictions.read.restrictions.user", "restrictions.read.restrictions.group"}


def _up_to(most: int) -> Callable[[str], bool]:
    return lambda said: said.isdecimal() and 0 < int(said) <= most


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda said: set(said.split(",")) <= set(words)


def _anything(_: str) -> bool:
    return True


_CURSOR = {"limit": _up_to(250), "cursor": _anything}
_START = {"limit": _up_to(200), "start": str.isdecimal}
_NAMED = {"expand": _one_of("restrictions.user", "restrictions.group", "content")}
_CQL = re.compile(r'space = "([^"]+)" and type in \(page, blogpost\)')
_CONTENT = _one_of(
    "version", "ancestors", "space", "body.view", "body.storage", "children.attachment", *_RESTRICTIONS
)
# Paths, the parameters that the documentation knows there with what they may say, and who answers.
_CLOUD: list[tuple[str, dict[str, Callable[[str], bool]], str]] = [
    (r"/api/v2/spaces", {**_CURSOR, "keys": _anything, "status": _one_of("current", "archived"),
                         "type": _one_of("global", "collaboration", "knowledge_base", "personal")}, "spaces"),
    (r"/api/v2/spaces/(\d+)/(pages|blogposts)",
     {**_CURSOR, "status": _one_of("current", "archived", "deleted", "trashed"),
      "body-format": _one_of("storage", "atlas_doc_format")}, "items"),
    (r"/api/v2/spaces/(\d+)/permissions", _CURSOR, "space_permissions"),
    (r"/api/v2/(?:pages|blogposts)/(\d+)/attachments",
     {**_CURSOR, "status": _one_of("current", "archived", "trashed")}, "files"),
    (r"/api/v2/(pages|blogposts|folders)/(\d+)",
     {"body-format": _one_of("storage", "atlas_doc_format", "view", "export_view", "styled_view")}, "item"),
    (r"/api/v2/attachments/(att\d+)", {}, "file"),
    (r"/rest/api/content/search", {"limit": _up_to(250), "cursor": _anything,
                                   "cql": lambda said: bool(_CQL.fullmatch(said)),
                                   "expand": _one_of("childTypes.attachment", *_RESTRICTIONS)}, "search"),
    (r"/rest/api/group/by-id", {"id": _anything}, "group_by_id"),
    (r"/rest/api/group/([^/]+)/membersByGroupId", _START, "members"),
    (r"/rest/api/user", {"accountId": _anything}, "person"),
    (r"/rest/api/content/(\w+)/restriction/byOperation", _NAMED, "restrictions"),
    (r"/rest/api/content/(\w+)/restriction/byOperation/read", {**_START, **_NAMED}, "read_restriction"),
    (r"/download/attachments/(att\d+)", {}, "bytes"),
]  # fmt: skip
_DATA_CENTER: list[tuple[str, dict[str, Callable[[str], bool]], str]] = [
    (r"/rest/api/space", {**_START, "type": _anything, "status": _anything}, "dc_spaces"),
    (r"/rest/api/space/([^/]+)/permissions", {}, "dc_permissions"),
    (r"/rest/api/space/([^/]+)/permissions/anonymous", {}, "dc_strangers"),
    (r"/rest/api/content", {**_START, "spaceKey": _anything, "type": _one_of("page", "blogpost"),
                            "status": _one_of("current", "trashed", "any"), "expand": _CONTENT}, "dc_items"),
    (r"/rest/api/content/(\d+)/child/attachment", {**_START, "expand": _CONTENT}, "dc_files"),
    (r"/rest/api/content/(\w+)", {"status": _anything, "expand": _CONTENT}, "dc_item"),
    (r"/rest/api/group/([^/]+)/member", _START, "members"),
    (r"/rest/api/group/([^/]+)/groupmember", _START, "dc_nested"),
    (r"/rest/api/user", {"key": _anything, "username": _anything}, "dc_person"),
    (r"/rest/api/content/(\w+)/restriction/byOperation", _NAMED, "restrictions"),
    (r"/rest/api/content/(\w+)/restriction/byOperation/read", {**_START, **_NAMED}, "read_restriction"),
    (r"/download/attachments/(att\d+)", {}, "bytes"),
]  # fmt: skip


class FakeConfluence(Web):
    """Serves a wiki: the Cloud below `/wiki`, a Data Center below `/`."""

    def __init__(self, wiki: Wiki, *, cloud: bool) -> None:
        super().__init__()
        self.wiki, self.token, self._cloud = wiki, TOKEN, cloud
        self._root = "/wiki" if cloud else ""
        self.refused: list[str] = []
        """Requests that the documentation does not allow."""
        self.searches = True
        """Whether the bot may search."""
        self.heeds_status = True
        """Whether lists of pages are of the status that was asked for."""
        self.links = "usual"
        """How lists say where the next page is: `usual` for the deployment, `header`, `base` or `whole`."""
        self.answer = self._answer

    def _answer(self, asked: Asked) -> Said:
        parts = urlsplit(asked.path)
        basic = "Basic " + b64encode(f"{EMAIL}:{self.token}".encode()).decode()
        if asked.headers.get("Authorization") != (basic if self._cloud else f"Bearer {self.token}"):
            return Said(401, b'{"statusCode": 401}')
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        for pattern, known, name in _CLOUD if self._cloud else _DATA_CENTER:
            if found := re.fullmatch(self._root + pattern, parts.path):
                allowed = all(key in known and known[key](said) for key, said in given.items())
                if asked.method != "GET" or not allowed:
                    self.refused.append(asked.path)
                    return Said(400, b'{"statusCode": 400}')
                return self._told(getattr(self, f"_{name}")(*map(unquote, found.groups()), parts.path, given))
        self.refused.append(asked.path)
        return Said(404, b'{"statusCode": 404}')

    @staticmethod
    def _told(said: Any) -> Said:
        if isinstance(said, Said):
            return said
        if said is None:
            return Said(404, b'{"statusCode": 404}')
        link = said.pop("Link", None) if isinstance(said, dict) else None
        headers = {"Content-Type": "application/json", **({"Link": link} if link else {})}
        return Said(200, json.dumps(said).encode(), headers)

    def _page(self, listed: list[Json], path: str, given: Json) -> Json:
        """A page of a list, and where the next one is."""
        first = "/rest/api/" in path and "/search" not in path
        name = "start" if first else "cursor"
        start = int(given.get(name, 0))
        few = listed[start : start + min(FEW, int(given.get("limit", FEW)))]
        links: Json = {"base": self.url.rstrip("/") + self._root}
        said: Json = {"results": few, "_links": links}
        if "/rest/api/" in path:
            said |= {"start": start, "limit": FEW, "size": len(few)}
        if start + len(few) < len(listed):
            below = f"{path.removeprefix(self._root)}?{urlencode({**given, name: start + len(few)})}"
            from_host = f"{self._root}{below}"
            if self.links == "header":
                said["Link"] = f'<{from_host}>; rel="next"'
            else:
                # In the Cloud from the host on; in a Data Center, and in version 1, from the site on.
                usual = below if "/rest/api/" in path else from_host
                links["next"] = {"base": below, "whole": links["base"] + below}.get(self.links, usual)
        return said

    def _seen(self, space: Space | None, kind: str) -> list[Thing]:
        things = [one for one in self.wiki.things.values() if one.space is space and one.seen]
        return [one for one in things if one.kind == kind]

    def _space(self, number: str) -> Space | None:
        return next((one for one in self.wiki.spaces.values() if one.id == number), None)

    def _thing(self, number: str) -> Thing | None:
        thing = self.wiki.things.get(number)
        return thing if thing and thing.seen else None

    def _user(self, email: str) -> Json:
        name = email.partition("@")[0]
        if not self._cloud:
            key = f"key-{name}"
            return {"type": "known", "username": name, "userKey": key, "displayName": name.title()}
        told = "" if email in self.wiki.hidden else email
        account = f"557058:{name}"
        return {"type": "known", "accountId": account, "email": told, "displayName": name.title()}

    def _by(self, field: str, value: str) -> Json | None:
        users = [self._user(one) for one in (*self.wiki.people(), EMAIL)]
        return next((one for one in users if one.get(field) == value), None)

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
        if space is None:
            return None
        # By default archived pages are listed as well.
        asked = given.get("status") if self.heeds_status else None
        wanted = set(asked.split(",")) if asked else {"current", "archived"}
        things = [one for one in self._seen(space, kind.rstrip("s")) if one.status in wanted]
        return self._page([self._v2(one) for one in things], path, given)

    def _v2(self, thing: Thing) -> Json:
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

    def _item(self, kind: str, number: str, _path: str, given: Json) -> Json | None:
        thing = self._thing(number)
        if thing is None or f"{thing.kind}s" != kind:
            return None
        form = given.get("body-format")
        body = {"body": {form: {"representation": form, "value": thing.body.decode()}}} if form else {}
        return self._v2(thing) | body

    def _files(self, number: str, path: str, given: Json) -> Json | None:
        above = self._thing(number)
        wanted = set(given.get("status", "current,archived").split(","))
        files = [one for one in self.wiki.below(above) if one.status in wanted] if above else []
        return self._page([self._v2_file(one) for one in files], path, given) if above else None

    def _v2_file(self, thing: Thing) -> Json:
        assert thing.parent
        about = {"mediaType": thing.media_type, "fileSize": len(thing.body), "pageId": thing.parent.id}
        links = {"downloadLink": f"/download/attachments/{thing.id}", "webuiLink": f"/pages/view/{thing.id}"}
        left = {"spaceId", "parentId", "parentType", "authorId"}
        return {key: said for key, said in self._v2(thing).items() if key not in left} | about | links

    def _file(self, number: str, _path: str, _given: Json) -> Json | None:
        thing = self._thing(number)
        return self._v2_file(thing) if thing else None

    def _bytes(self, number: str, _path: str, _given: Json) -> Said:
        thing = self._thing(number)
        return Said(200, thing.body, {"Content-Type": thing.media_type}) if thing else Said(404)

    def _space_permissions(self, number: str, path: str, given: Json) -> Json | None:
        space = self._space(number)
        if space is None or not space.told:
            return None
        who = [{"type": "role", "id": one} for one in sorted(space.roles)]
        for name in sorted(space.readers):
            if "@" in name:
                who.append({"type": "user", "id": self._user(name)["accountId"]})
            elif name == "anonymous":
                who.append({"type": "role", "id": "anonymous-users"})
            else:
                who.append({"type": "group", "id": f"id-{name}"})
        kinds = (("create", "page"), ("read", "space"))
        listed = [
            {"id": "1", "principal": one, "operation": {"key": key, "targetType": target}}
            for one in [{"type": "group", "id": "id-creators"}, *who]
            for key, target in kinds[: 1 if one["id"] == "id-creators" else 2]
        ]
        return self._page(listed, path, given)

    def _search(self, path: str, given: Json) -> Json | Said:
        if not self.searches:
            return Said(403)
        found = _CQL.fullmatch(given["cql"])
        space = self.wiki.spaces.get(found[1]) if found else None
        things = [*self._seen(space, "page"), *self._seen(space, "blogpost")]
        listed = []
        for thing in things:
            if thing.status != "current" or not thing.indexed:
                continue
            said: Json = {"id": thing.id, "type": thing.kind, "status": "current", "title": thing.title}
            said["childTypes"] = {"attachment": {"value": bool(self.wiki.below(thing)), "_links": {}}}
            if thing.told:
                said["restrictions"] = {"read": self._restriction(thing, 0, FEW)}
            listed.append(said)
        return self._page(listed, path, given)

    def _members(self, group: str, path: str, given: Json) -> Json | Said | None:
        name = group.removeprefix("id-") if self._cloud else group
        known = self.wiki.groups.get(name)
        if name in self.wiki.unseen_groups:
            return Said(403)
        people = [self._user(one) for one in sorted(known or ()) if "@" in one]
        return None if known is None else self._page(people, path, given)

    def _group_by_id(self, _path: str, given: Json) -> Json | None:
        name = given["id"].removeprefix("id-")
        return self._group(name) if name in self.wiki.groups else None

    def _person(self, _path: str, given: Json) -> Json | None:
        return self._by("accountId", given["accountId"])

    # What both say in the same words

    def _restrictions(self, number: str, path: str, given: Json) -> Json | Said | None:
        said = self._read_restriction(number, path, given)
        return {"read": said} if isinstance(said, dict) else said

    def _read_restriction(self, number: str, _path: str, given: Json) -> Json | Said | None:
        thing = self._thing(number)
        if thing is None or not thing.told:
            return Said(403) if thing else None
        few = min(FEW, int(given.get("limit", FEW)))
        return self._restriction(thing, int(given.get("start", 0)), few)

    def _restriction(self, thing: Thing, start: int, few: int) -> Json:
        people = [self._user(one) for one in sorted(thing.readers) if "@" in one]
        groups = [self._group(one) for one in sorted(thing.readers) if "@" not in one]
        named = {"user": people[start : start + few], "group": groups[start : start + few]}
        told = {
            who: {"results": some, "start": start, "limit": few, "size": len(some)}
            for who, some in named.items()
        }
        content = {"content": f"/rest/api/content/{thing.id}"}
        return {"operation": "read", "restrictions": told, "_expandable": content, "_links": {}}

    # A Data Center

    def _dc_spaces(self, path: str, given: Json) -> Json:
        listed = [
            {"id": int(one.id), "key": one.key, "name": f"Space {one.key}", "type": one.kind,
             "status": one.status.upper()}
            for one in self.wiki.spaces.values()
        ]  # fmt: skip
        return self._page(listed, path, given)

    def _dc_permissions(self, key: str, _path: str, _given: Json) -> list[Json] | Said | None:
        space = self.wiki.spaces.get(key)
        if space is None or not space.told:
            return Said(403) if space else None
        listed = []
        for name in sorted(space.readers - {"anonymous"}):
            who = {"type": "group", "name": name}
            if "@" in name:
                who = {"type": "user", "userKey": self._user(name)["userKey"]}
            for key_, target in (("create", "page"), ("read", "space")):
                operation = {"operationKey": key_, "targetType": target}
                listed.append({"operation": operation, "subject": who, "spaceKey": key})
        return listed

    def _dc_strangers(self, key: str, _path: str, _given: Json) -> list[Json] | Said:
        space = self.wiki.spaces[key]
        if not space.told:
            return Said(403)
        operation = {"operationKey": "read", "targetType": "space"}
        return [{"operation": operation, "spaceKey": key}] if "anonymous" in space.readers else []

    def _dc_items(self, path: str, given: Json) -> Json | None:
        space = self.wiki.spaces.get(given.get("spaceKey", ""))
        if space is None:
            return None
        wanted = given.get("status", "current")
        things = [one for one in self._seen(space, given["type"]) if one.status == wanted]
        return self._page([self._v1(one, given) for one in things], path, given)

    def _v1(self, thing: Thing, given: Json) -> Json:
        """What is told of a thing: what `expand` asks for and nothing else."""
        expand, above, here = set(given.get("expand", "").split(",")), [], thing.parent
        while here is not None:
            above.insert(0, {"id": here.id, "type": here.kind, "title": here.title})
            here = here.parent
        by = {"type": "known", "username": "bot", "displayName": "Bot"}
        links = {"webui": f"/pages/viewpage.action?pageId={thing.id}"}
        said: Json = {"id": thing.id, "type": thing.kind, "status": thing.status, "title": thing.title}
        said["_links"] = links
        if thing.kind == "attachment":
            links["download"] = f"/download/attachments/{thing.id}"
            said["metadata"] = {"mediaType": thing.media_type}
            said["extensions"] = {"fileSize": len(thing.body)}
        if "version" in expand:
            when = "2026-03-01T12:00:00.000+02:00"
            said["version"] = {"number": thing.version, "when": when, "by": by}
        if "ancestors" in expand:
            said["ancestors"] = above
        if "body.view" in expand:
            said["body"] = {"view": {"value": thing.body.decode(), "representation": "view"}}
        if expand >= _RESTRICTIONS and thing.told:
            said["restrictions"] = {"read": self._restriction(thing, 0, FEW)}
        if "children.attachment" in expand:
            files = [{"id": one.id} for one in self.wiki.below(thing)][:FEW]
            said["children"] = {"attachment": {"results": files, "size": len(files)}}
        return said

    def _dc_item(self, number: str, _path: str, given: Json) -> Json | None:
        thing = self._thing(number)
        if thing is None or (thing.status != "current" and given.get("status") != "any"):
            return None
        return self._v1(thing, given)

    def _dc_files(self, number: str, path: str, given: Json) -> Json | None:
        above = self._thing(number)
        files = self.wiki.below(above) if above else []
        return self._page([self._v1(one, given) for one in files], path, given) if above else None

    def _dc_nested(self, group: str, path: str, given: Json) -> Json | None:
        known = self.wiki.groups.get(group)
        groups = [self._group(one) for one in sorted(known or ()) if "@" not in one]
        return None if known is None else self._page(groups, path, given)

    def _dc_person(self, _path: str, given: Json) -> Json | None:
        field = "userKey" if "key" in given else "username"
        return self._by(field, given.get("key") or given["username"])
