"""A Microsoft Graph in this process, and the sign-in before it, over a tenant that tests can change.

Written after https://learn.microsoft.com/en-us/graph/api/overview: it refuses what the documentation does not
allow, gives small pages, and keeps what it says to the fields that are documented.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.ingest.connectors.fake_graph_bodies import Bodies, UnknownFieldError, drive_body, selected
from tests.ingest.connectors.fake_graph_tenant import Drive, Item, Json, Site
from tests.ingest.connectors.web import Asked, Said, Web

PREFERENCES = {
    "deltashowremovedasdeleted",
    "deltatraversepermissiongaps",
    "deltashowsharingchanges",
    "hierarchicalsharing",
}
PAGE = 3
"""Things on one page."""
FULL, READ = "Sites.FullControl.All", "Sites.Read.All"
PEOPLE, GROUPS = "User.ReadBasic.All", "GroupMember.Read.All"


class Refused(Exception):
    """An error as Graph says it."""

    def __init__(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.headers = status, code, dict(headers or {})


class FakeGraph(Web, Bodies):
    """The server. Fields are for tests to change."""

    tenant, client, secret = "acme.onmicrosoft.com", "app-1", "s3cret-of-the-app"

    def __init__(self) -> None:
        Web.__init__(self)
        Bodies.__init__(self)
        self.roles = {FULL, READ, PEOPLE, GROUPS}
        """What the application may."""
        self.certificate: Any = None
        """Of the application, where it signs in by one."""
        self.throttled_parts = 0
        """Parts of batches that are answered with 429 from now on."""
        self.refused: set[str] = set()
        """Ids of items of which all is refused."""
        self.tokens: set[str] = set()
        self._pages: dict[str, tuple[list[Json], frozenset[str], int, str]] = {}
        self._downloads: dict[str, bytes] = {}
        self.answer = self._answer

    def _answer(self, asked: Asked) -> Said:
        parts = urlsplit(asked.path)
        headers = {name.lower(): value for name, value in asked.headers.items()}
        try:
            if parts.path.startswith("/download/"):
                return Said(200, self._downloads[parts.path.rpartition("/")[2]])
            if parts.path.endswith("/oauth2/v2.0/token"):
                return self._token(asked, headers)
            return self._graph(asked.method, asked.path, headers, asked.body)
        except UnknownFieldError:
            return Said(400, b'{"error": {"code": "BadRequest", "message": "Bad."}}')
        except Refused as error:
            said = {"error": {"code": error.code, "message": f"In words: {error.code}", "innerError": {}}}
            return Said(
                error.status, json.dumps(said).encode(), {"Content-Type": "application/json", **error.headers}
            )

    def _token(self, asked: Asked, headers: Mapping[str, str]) -> Said:
        """https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
        form = dict(parse_qsl(asked.body.decode()))
        proven = (
            self._is_signed(form, headers) if self.certificate else form.get("client_secret") == self.secret
        )
        if asked.method != "POST" or asked.path != f"/{self.tenant}/oauth2/v2.0/token":
            error, status = (
                {"error": "invalid_request", "error_description": "AADSTS90002: Tenant not found."},
                400,
            )
        elif (
            form.get("grant_type") != "client_credentials"
            or form.get("scope") != f"http://{headers['host']}/.default"
        ):
            error, status = (
                {"error": "invalid_scope", "error_description": "AADSTS70011: The scope is not valid."},
                400,
            )
        elif form.get("client_id") != self.client or not proven:
            error, status = (
                {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."},
                401,
            )
        else:
            token = uuid.uuid4().hex
            self.tokens.add(token)
            said = {"token_type": "Bearer", "expires_in": 3599, "access_token": token}
            return Said(200, json.dumps(said).encode(), {"Content-Type": "application/json"})
        return Said(status, json.dumps(error).encode(), {"Content-Type": "application/json"})

    def _is_signed(self, form: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        import jwt

        audience = f"http://{headers['host']}/{self.tenant}/oauth2/v2.0/token"
        assertion = form.get("client_assertion", "")
        try:
            said = jwt.decode(
                assertion, self.certificate.public_key(), algorithms=["PS256"], audience=audience
            )
        except jwt.PyJWTError:
            return False
        type_ = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return said["iss"] == said["sub"] == self.client and form["client_assertion_type"] == type_

    def _graph(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Said:
        if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Refused(401, "InvalidAuthenticationToken")
        base = f"http://{headers['host']}/v1.0"
        parts = urlsplit(path)
        if parts.path == "/v1.0/$batch":
            return _json(self._batch(method, headers, body))
        if method != "GET" or not parts.path.startswith("/v1.0/"):
            raise Refused(400, "BadRequest")
        return self._get(parts.path.removeprefix("/v1.0/"), parts.query, headers, base)

    def _batch(self, method: str, headers: Mapping[str, str], body: bytes) -> Json:
        """https://learn.microsoft.com/en-us/graph/json-batching"""
        if method != "POST" or not headers.get("content-type", "").startswith("application/json"):
            raise Refused(400, "BadRequest")
        asked = json.loads(body)["requests"]
        if not 0 < len(asked) <= 20 or len({one["id"] for one in asked}) != len(asked):
            raise Refused(400, "BadRequest")
        return {"responses": [self._part(one, headers) for one in reversed(asked)]}

    def _part(self, asked: Json, headers: Mapping[str, str]) -> Json:
        if self.throttled_parts:
            self.throttled_parts -= 1
            refused = Refused(429, "activityLimitReached", {"Retry-After": "1"})
        else:
            path, _, query = asked["url"].removeprefix("/").partition("?")
            try:
                said = self._get(path, query, {"host": headers["host"]}, f"http://{headers['host']}/v1.0")
                return {"id": asked["id"], "status": 200, "headers": {}, "body": json.loads(said.body)}
            except Refused as error:
                refused = error
        error = {"error": {"code": refused.code, "message": "In words."}}
        return {"id": asked["id"], "status": refused.status, "headers": refused.headers, "body": error}

    def _get(self, path: str, query: str, headers: Mapping[str, str], base: str) -> Said:
        given = dict(parse_qsl(query, keep_blank_values=True))
        steps = [unquote(step) for step in path.split("/")]
        match steps:
            case ["sites"]:
                self._allow(given, "$select", "search", roles={FULL, READ})
                return _json(
                    {"value": [selected("site", self.site(site), given) for site in self.sites.values()]}
                )
            case ["sites", _, "drives"]:
                self._allow(given, "$select", roles={FULL, READ})
                return self._listed(
                    "drive", [drive_body(one) for one in self._site_of(steps[1]).drives], given, base, path
                )
            case ["sites", host, *rest]:
                self._allow(given, "$select", roles={FULL, READ})
                site = self.sites.get("/" + "/".join(rest)) if host == f"{self.host}:" else None
                return _json(selected("site", self.site(_there(site)), given))
            case ["users", person, "drive"]:
                self._allow(given, "$select", roles={FULL, READ})
                return _json(selected("drive", drive_body(_there(self.onedrives.get(person))), given))
            case ["users", person]:
                self._allow(given, "$select", roles={PEOPLE}, code="Authorization_RequestDenied")
                return _json(selected("user", _there(self.people.get(person)), given))
            case ["groups", group, ("transitiveMembers" | "owners") as what]:
                self._allow(
                    given, "$select", "$top", "page", roles={GROUPS}, code="Authorization_RequestDenied"
                )
                _there(self.groups.get(group))
                inside = (
                    self.everybody_in(group) if what == "transitiveMembers" else self.owners.get(group, set())
                )
                found = [
                    {"@odata.type": "#microsoft.graph.user", **self.people[one]} for one in sorted(inside)
                ]
                nested = [
                    {"@odata.type": "#microsoft.graph.group", "id": one}
                    for one in self.groups[group]
                    if one in self.groups
                ]
                return self._listed("user", found + nested, given, base, path)
            case ["drives", drive, "root", "delta"]:
                return self._delta(_there(self.drives.get(drive)), given, headers, base)
            case ["drives", drive, "items", item, *rest]:
                there = _there(self.drives.get(drive))
                return self._item(there, _there(there.items.get(item)), rest, given, base, path)
        raise Refused(400, "BadRequest")

    def _item(self, drive: Drive, item: Item, rest: list[str], given: Json, base: str, path: str) -> Said:
        self._allow(given, "$select", "page", roles={FULL, READ})
        if not drive.is_there(item):
            raise Refused(404, "itemNotFound")
        if item.id in self.refused:
            raise Refused(403, "accessDenied")
        if not rest:
            return _json(selected("driveItem", self.told(drive, item, frozenset()), given))
        if rest == ["permissions"]:
            # Others than whoever has full control are told of themselves alone.
            found = self.permissions(drive, item) if FULL in self.roles else []
            return self._listed("permission", found, given, base, path)
        if rest != ["content"] or item.body is None:
            raise Refused(400, "invalidRequest")
        token = uuid.uuid4().hex
        self._downloads[token] = item.body
        return Said(302, b"", {"Location": base.replace("/v1.0", f"/download/{token}")})

    def _delta(self, drive: Drive, given: Json, headers: Mapping[str, str], base: str) -> Said:
        """https://learn.microsoft.com/en-us/graph/api/driveitem-delta"""
        self._allow(given, "$select", "token", roles={FULL, READ})
        prefers = frozenset(one.strip() for one in headers.get("prefer", "").split(",") if one.strip())
        needed = {"deltashowremovedasdeleted", "deltatraversepermissiongaps"}
        if prefers - PREFERENCES or ("deltashowsharingchanges" in prefers and not needed <= prefers):
            raise Refused(400, "invalidRequest")
        token = given.get("token", "")
        if token in self._pages:
            left, before, until, select = self._pages[token]
        else:
            since, before, select = 0, prefers, given.get("$select", "")
            if token:
                number, _, preferred = token.partition("~")
                since, before = int(number), frozenset(preferred.split(","))
                if since < drive.known_from:
                    raise Refused(
                        410,
                        "resyncChangesApplyDifferences",
                        {"Location": f"{base}/drives/{quote(drive.id)}/root/delta"},
                    )
            until = len(drive.log)
            left = self._since(drive, since, prefers) if token else self._whole(drive, prefers)
        if before != prefers:
            raise Refused(410, "resyncRequired")
        page = [selected("driveItem", one, {"$select": select} if select else {}) for one in left[:PAGE]]
        link = f"{base}/drives/{quote(drive.id)}/root/delta?$select={select}&token="
        if left[PAGE:]:
            further = uuid.uuid4().hex
            self._pages[further] = (left[PAGE:], prefers, until, select)
            return _json({"value": page, "@odata.nextLink": link + further})
        return _json({"value": page, "@odata.deltaLink": f"{link}{until}~{quote(','.join(sorted(prefers)))}"})

    def _whole(self, drive: Drive, prefers: frozenset[str]) -> list[Json]:
        found = [self.told(drive, one, prefers) for one in drive.items.values() if drive.is_there(one)]
        # The same item may come more than once, and the last time counts.
        stale = [{**one, "name": "stale.md", "eTag": "stale"} for one in found[-1:] if "file" in one]
        return [*stale, *found]

    def _since(self, drive: Drive, since: int, prefers: frozenset[str]) -> list[Json]:
        tells_sharing = "deltashowsharingchanges" in prefers and FULL in self.roles
        happened: dict[str, bool] = {}
        for id_, sharing in drive.log[since:]:
            if not sharing or tells_sharing:
                happened[id_] = happened.pop(id_, True) and sharing
        changed: dict[str, Json] = {}
        for id_, sharing in happened.items():
            item = drive.items[id_]
            for one in list(drive.above(item))[::-1]:
                if one is item or (not item.away and drive.is_there(one)):
                    changed.setdefault(one.id, {})
            changed[id_] = (
                {"@microsoft.graph.sharedChanged": "True"} if sharing and item.body is not None else {}
            )
        return [self.told(drive, drive.items[id_], prefers) | more for id_, more in changed.items()]

    def _site_of(self, id_: str) -> Site:
        return _there(next((site for site in self.sites.values() if site.id == id_), None))

    def _allow(self, given: Json, *known: str, roles: set[str], code: str = "accessDenied") -> None:
        if given.keys() - set(known):
            raise Refused(400, "BadRequest")
        if not roles & self.roles:
            raise Refused(403, code)

    def _listed(self, kind: str, found: list[Json], given: Json, base: str, path: str) -> Said:
        start = int(given.get("page", 0))
        said: Json = {"value": [selected(kind, one, given) for one in found[start : start + PAGE]]}
        if found[start + PAGE :]:
            more = "&".join(f"{name}={value}" for name, value in given.items() if name != "page")
            said["@odata.nextLink"] = f"{base}/{quote(path, safe='/!,%')}?{more}&page={start + PAGE}"
        return _json(said)


def _there(thing: Any) -> Any:
    if thing is None:
        raise Refused(404, "itemNotFound")
    return thing


def _json(said: Json) -> Said:
    return Said(200, json.dumps(said).encode(), {"Content-Type": "application/json"})
