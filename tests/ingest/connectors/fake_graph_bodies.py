"""What a Microsoft Graph says of a tenant: its bodies, in no other fields than are documented."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from tests.ingest.connectors.fake_graph_tenant import Drive, Grant, Item, Json, Site, Tenant

# What a body may hold: https://learn.microsoft.com/en-us/graph/api/resources/driveitem, and so on for each.
FIELDS = {
    "driveItem": "id name parentReference file folder package root deleted shared remoteItem malware size"
    " eTag cTag webUrl lastModifiedDateTime lastModifiedBy createdDateTime createdBy fileSystemInfo"
    " @microsoft.graph.downloadUrl @microsoft.graph.sharedChanged",
    "permission": "id roles grantedTo grantedToV2 grantedToIdentities grantedToIdentitiesV2 link"
    " inheritedFrom invitation shareId expirationDateTime hasPassword",
    "sharePointIdentitySet": "user group application device siteUser siteGroup",
    # The last is not documented, and often there.
    "sharePointIdentity": "id displayName loginName email",
    "sharingLink": "scope type webUrl application preventsDownload",
    "drive": "id name webUrl driveType owner quota createdDateTime",
    "site": "id displayName name webUrl siteCollection root isPersonalSite",
    "user": "id mail userPrincipalName displayName @odata.type",
}
KNOWN = {name: frozenset(words.split()) for name, words in FIELDS.items()}


class UnknownFieldError(Exception):
    """Somebody selects what there is not."""


class Bodies(Tenant):
    """Says what it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tells_inheritance = True
        """Whether permissions say that they are inherited: documented is that they do not, seen that they
        do."""
        self.tells_content = False
        """Whether a log tells the `cTag`."""

    def told(self, drive: Drive, item: Item, prefers: frozenset[str]) -> Json:
        """An item as it is told; who asks a log is not told its path."""
        said: Json = {"id": item.id}
        if item.parent is None:
            said["root"] = {}
        else:
            said["parentReference"] = {"driveId": drive.id, "driveType": "documentLibrary", "id": item.parent}
        if item.body is None and "package" not in item.facets:
            said["folder"] = {"childCount": len(drive.children(item))}
        elif item.body is not None:
            said["file"] = {"hashes": {"quickXorHash": "not asked for"}}
        if not drive.is_there(item):
            return said | {"deleted": {"state": "deleted"}}
        said |= {
            "name": item.name,
            "webUrl": f"{drive.url}/{quote(drive.path(item))}",
            "size": len(item.body or b""),
            "eTag": f'"{{{item.id}}},{item.metadata}"',
            "lastModifiedDateTime": f"2026-01-01T00:{item.content // 60:02}:{item.content % 60:02}Z",
            "@microsoft.graph.downloadUrl": f"https://{self.host}/download?tempauth=never-keep-this",
            **item.facets,
        }
        if self.tells_content and item.body is not None:
            said["cTag"] = f'"c:{{{item.id}}},{item.content}"'
        if item.grants is not None and "hierarchicalsharing" in prefers:
            links = [grant for grant in item.grants if grant.kind == "link"]
            said["shared"] = {"scope": links[0].scope} if links else {}
        return said

    def permissions(self, drive: Drive, item: Item) -> list[Json]:
        """https://learn.microsoft.com/en-us/graph/api/driveitem-list-permissions"""
        nearest = next(one for one in drive.above(item) if one.grants is not None)
        inherited = {"inheritedFrom": {}} if nearest is not item and self.tells_inheritance else {}
        return [self._permission(grant) | inherited for grant in nearest.grants or ()]

    def _permission(self, grant: Grant) -> Json:
        identities = [self._identity(grant.kind, one) for one in grant.who]
        said: Json = {
            "id": grant.id,
            "roles": [grant.role],
            "expirationDateTime": grant.until,
            "shareId": grant.id,
        }
        if grant.kind == "link":
            link = {"scope": grant.scope, "type": "view", "webUrl": f"https://{self.host}/:w:/s/{grant.id}"}
            check("sharingLink", link)
            return said | {"link": link, "grantedToIdentitiesV2": identities}
        return said | {"grantedToV2": identities[0] if identities else self._identity(grant.kind, "")}

    def _identity(self, kind: str, id_: str) -> Json:
        said: Json
        if kind in {"person", "link"}:
            upn = self.people.get(id_, {}).get("userPrincipalName", id_)
            site = {"id": "9", "displayName": upn, "loginName": f"i:0#.f|membership|{upn}"}
            # What SharePoint remembers of an address may be old.
            said = {"user": {"id": id_, "displayName": upn, "email": "old@acme.com"}, "siteUser": site}
            said = said if id_ in self.people else {"siteUser": site}
        elif kind == "group":
            group = id_.removesuffix("_o")
            claim = (
                f"c:0o.c|federateddirectoryclaimprovider|{id_}" if group != id_ else f"c:0t.c|tenant|{id_}"
            )
            title = f"Group {group[:4]}"
            said = {
                "group": {"id": group, "displayName": title},
                "siteUser": {"id": "8", "displayName": title, "loginName": claim},
            }
        elif kind == "site group":
            said = {"siteGroup": {"id": "5", "displayName": id_, "loginName": id_}}
        else:
            claim = f"c:0-.f|rolemanager|spo-grid-all-users/{uuid.NAMESPACE_DNS}"
            said = {
                "siteUser": {"id": "7", "displayName": "Everyone except external users", "loginName": claim}
            }
        check("sharePointIdentitySet", said)
        for identity in said.values():
            check("sharePointIdentity", identity)
        return said

    def site(self, site: Site) -> Json:
        return {
            "id": site.id,
            "displayName": site.name,
            "name": site.name.lower(),
            "webUrl": f"https://{self.host}{site.path}",
        }


def drive_body(drive: Drive) -> Json:
    return {"id": drive.id, "name": drive.name, "webUrl": drive.url, "driveType": "documentLibrary"}


def check(kind: str, said: Json) -> None:
    assert said.keys() <= KNOWN[kind], f"a {kind} has no {said.keys() - KNOWN[kind]}"


def selected(kind: str, said: Json, given: Json) -> Json:
    check(kind, said)
    wanted = [one for one in given.get("$select", "").split(",") if one]
    if set(wanted) - KNOWN[kind]:
        raise UnknownFieldError(wanted)
    return {
        name: value
        for name, value in said.items()
        if not wanted or name in wanted or (name.startswith("@") and name != "@microsoft.graph.downloadUrl")
    }
