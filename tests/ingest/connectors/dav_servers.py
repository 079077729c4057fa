"""WebDAV servers on loopback: the real WsgiDAV, also with the numbers that Nextcloud gives to its files, and
one that says whatever a test tells it to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from cheroot.wsgi import Server
from lxml import etree
from wsgidav.fs_dav_provider import FileResource, FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp

from tests.ingest.connectors.web import Asked, Said

CLOUD = "/cloud/remote.php/dav/files"
_NUMBER = "{http://owncloud.org/ns}fileid"


class _CloudFile(FileResource):
    """A file with a number, which it keeps when it is renamed: its inode's."""

    def get_property_names(self, *, is_allprop: bool) -> list[str]:
        return [*super().get_property_names(is_allprop=is_allprop), _NUMBER]

    def get_property_value(self, name: str) -> Any:
        return str(self.file_stat.st_ino) if name == _NUMBER else super().get_property_value(name)


class _Cloud(FilesystemProvider):
    def get_resource_inst(self, path: str, environ: dict[str, Any]) -> Any:
        found = super().get_resource_inst(path, environ)
        return found if found is None or found.is_collection else _CloudFile(path, environ, found._file_path)


class WsgiDav:
    """Serves one folder at `/dav`, at `CLOUD` as Nextcloud would, and at `/open` to everybody."""

    def __init__(self, root: Path) -> None:
        self.root = root
        options = {"follow_symlinks": True}
        shares = {
            "/dav": FilesystemProvider(str(root), readonly=True, fs_opts=options),
            "/open": FilesystemProvider(str(root), readonly=True, fs_opts=options),
            CLOUD: _Cloud(str(root), readonly=True, fs_opts=options),
        }
        app = WsgiDAVApp(
            {
                "provider_mapping": shares,
                "http_authenticator": {"accept_digest": False, "default_to_digest": False},
                "simple_dc": {"user_mapping": {"*": {"nobody": {"password": "at all"}}, "/open": True}},
                "dir_browser": {"enable": False},
                "lock_storage": False,
                "property_manager": False,
                "verbose": 0,
                "logging": {"enable": False},
            }
        )
        self.users: dict[str, Mapping[str, str]] = app.config["simple_dc"]["user_mapping"]["*"]
        """Who may read, with a `password` each; it may be changed at any time."""
        self._server = Server(("127.0.0.1", 0), app, numthreads=4)
        self._server.prepare()
        self.port = self._server.bind_addr[1]
        self._thread = Thread(target=self._server.serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.stop()
        self._thread.join()


def listed(href: str, *properties: str, folder: bool = False, status: str = "HTTP/1.1 200 OK") -> str:
    """What a server says of one resource; `properties` as XML, below `d:` and `oc:`."""
    kind = "<d:resourcetype><d:collection/></d:resourcetype>" if folder else "<d:resourcetype/>"
    told = f"<d:prop>{kind}{''.join(properties)}</d:prop><d:status>{status}</d:status>"
    return f"<d:response><d:href>{escape(href)}</d:href><d:propstat>{told}</d:propstat></d:response>"


def changed(moment: str = "Sat, 03 Oct 2026 10:00:00 GMT") -> str:
    return f"<d:getlastmodified>{moment}</d:getlastmodified>"


def tagged(tag: str) -> str:
    return f"<d:getetag>{escape(tag)}</d:getetag>"


def multistatus(*responses: str, before: str = "") -> Said:
    """A whole listing."""
    names = 'xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"'
    body = f'<?xml version="1.0"?>{before}<d:multistatus {names}>{"".join(responses)}</d:multistatus>'
    return Said(207, body.encode(), {"Content-Type": "application/xml"})


class Told:
    """Answers by `folders` (a path, with a slash at its end, and what is said of it) and `files`."""

    def __init__(self) -> None:
        self.folders: dict[str, Said] = {}
        self.files: dict[str, Said] = {}

    def __call__(self, asked: Asked) -> Said:
        path = urlsplit(asked.path).path
        if asked.method == "GET":
            return self.files.get(path, Said(404))
        wanted = etree.fromstring(asked.body).findall("{DAV:}prop/*") if asked.body else []
        if asked.method != "PROPFIND" or asked.headers.get("Depth") not in {"0", "1"} or not wanted:
            return Said(400)
        return self.folders.get(path, Said(404))
