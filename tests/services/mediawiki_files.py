"""What a MediaWiki consists of: PHP and its code from Debian's packages, and an empty wiki to be copied.

Both are kept in the cache folder, made where they are not there by one process of this machine.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from filelock import FileLock

from tests.services.debian import Archive
from tests.services.server import FailedServer, MissingServer, cache_folder

SETTINGS = Path(__file__).with_name("mediawiki") / "LocalSettings.php"
PHP_PARTS = ("cli", "common", "opcache", "curl", "intl", "mbstring", "sqlite3", "xml")
EXTENSIONS = (
    # An extension comes after those that it uses.
    *("calendar", "ctype", "fileinfo", "iconv", "pdo", "phar", "posix", "tokenizer"),
    *("curl", "dom", "intl", "mbstring", "pdo_sqlite", "simplexml", "xml", "xmlreader", "xmlwriter"),
)
OPTIONS = {
    "date.timezone": "UTC",
    "display_errors": "0",  # else they are in the middle of an answer
    "log_errors": "1",
    "memory_limit": "512M",
    "post_max_size": "200M",
    "upload_max_filesize": "200M",
}
CODE = "usr/share/mediawiki"
"""Of MediaWiki, in the folder with its packages."""
LANGUAGES = ("en", "es")
"""Those that its interface speaks."""
ADMIN, ADMIN_PASSWORD = "Admin", "sabio-administrator"
BOT, ACCOUNT_PASSWORD = "Sabio", "sabio-reads-the-wiki"
BOT_PASSWORD = "0123456789abcdefghijklmnopqrstuv"
APP = "sabio"
"""A bot password belongs to an application; its user logs in as `BOT@APP`."""
HISTORY = (
    *("page", "revision", "revision_comment_temp", "ip_changes", "slots", "content", "text"),
    *("recentchanges", "logging", "log_search", "searchindex", "pagelinks", "externallinks"),
)
"""The tables that know of pages, and of what was done."""


def find_code() -> Path:
    """The folder with PHP and MediaWiki; raises `MissingServer` where it is not here."""
    kept = code_folder()
    if not kept.exists():
        raise MissingServer("MediaWiki is not here (`make test` gets it from Debian's packages)")
    return kept


def get_code() -> Path:
    """The same, unpacked where it is not here."""
    return _keep(code_folder(), _unpack)


def empty_wiki() -> Path:
    """A wiki without a page, set up where there is none yet: its databases, its files and its texts."""
    made = _digest(SETTINGS.read_bytes() + Path(__file__).read_bytes())
    return _keep(find_code().with_name(f"{code_folder().name}-empty-{made}"), _set_up)


def php(*words: str | Path) -> list[str | Path]:
    """The command that runs PHP, with nothing of this machine's configuration."""
    code = find_code()
    [program] = (code / "usr/bin").glob("php[0-9]*")
    [compiled] = (code / "usr/lib/php").glob("*/pdo.so")
    options = OPTIONS | {"extension_dir": str(compiled.parent), "zend_extension": "opcache"}
    lines = [f"{name}={value}" for name, value in options.items()]
    lines += [f"extension={name}" for name in EXTENSIONS]
    return [program, "-n", *(word for line in lines for word in ("-d", line)), *words]


def code_of_wiki() -> Path:
    """What is shown by a web server is in this folder."""
    return find_code() / CODE


def environment(data: Path, server: str, private: bool = False) -> dict[str, str]:
    """What PHP, and `LocalSettings.php` for the wiki in the folder `data`, are told."""
    places = [find_code() / name for name in ("lib", "usr/lib")]
    libraries = sorted({str(file.parent) for place in places for file in place.rglob("*.so.*")})
    return {
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "MW_CONFIG_FILE": str(SETTINGS),
        "MW_INSTALL_PATH": str(code_of_wiki()),
        "SABIO_WIKI_DATA": str(data),
        "SABIO_WIKI_SERVER": server,
        "SABIO_WIKI_PRIVATE": "1" if private else "0",
    }


def maintain(given: dict[str, str], script: str, *words: str | Path) -> str:
    """Run one of the scripts for those who maintain a wiki. Returns what it printed."""
    done = subprocess.run(
        php(code_of_wiki() / "maintenance" / script, *words),
        env=given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = " ".join((done.stdout + done.stderr).split())[-600:]
        raise FailedServer(f"{script} of MediaWiki failed: {said}")
    return done.stdout


def code_folder() -> Path:
    """By the release of the system, and by which of its packages it is made of."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {}
    release = f"{system.get('ID', 'unknown')}-{system.get('VERSION_ID', 'rolling')}"
    return cache_folder() / f"mediawiki-{release}-{_digest(repr(PHP_PARTS).encode())}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:8]


def _keep(kept: Path, make: Callable[[Path], None]) -> Path:
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            with tempfile.TemporaryDirectory(prefix="mediawiki-", dir=kept.parent) as folder:
                made = Path(folder) / "made"
                make(made)
                made.rename(kept)
    return kept


def _unpack(folder: Path) -> None:
    sys.stderr.write("Getting MediaWiki from Debian's packages, once for this machine …\n")
    try:
        with tempfile.TemporaryDirectory(prefix="packages-", dir=folder.parent) as packages:
            archive = Archive(Path(packages))
            [version] = re.findall(r"\bphp([\d.]+)-cli\b", " ".join(archive.dependencies("php-cli")))
            parts = archive.missing([f"php{version}-{part}" for part in PHP_PARTS])
            archive.unpack([*parts, "mediawiki", "mediawiki-classes"], folder)
            # They lead to where the packages would have been installed.
            for name in ("LocalSettings.php", "config", "extensions", "images"):
                (folder / CODE / name).unlink(missing_ok=True)
            (folder / CODE / "extensions").symlink_to("extensions-core")
    except (MissingServer, ValueError) as error:
        raise MissingServer(f"MediaWiki could not be had from Debian's packages ({error})") from error


def _set_up(folder: Path) -> None:
    for name in ("database", "images", "texts"):
        (folder / name).mkdir(parents=True)
    given = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    given |= environment(folder, "http://localhost") | {"SABIO_WIKI_WRITES_TEXTS": "1"}
    install = ("--dbtype", "sqlite", "--dbname", "wiki", "--dbpath", folder / "database", "--scriptpath", "")
    who = ("--pass", ADMIN_PASSWORD, "Sabio Wiki", ADMIN)
    # The installer wants to write its own settings, and refuses to run where it sees some.
    bare = {name: value for name, value in given.items() if name != "MW_CONFIG_FILE"}
    maintain(bare, "install.php", *install, "--confpath", folder, *who)
    (folder / "LocalSettings.php").unlink()
    maintain(given, "rebuildLocalisationCache.php", f"--lang={','.join(LANGUAGES)}")
    maintain(given, "createAndPromote.php", "--bot", BOT, ACCOUNT_PASSWORD)
    grants = ("--appid", APP, "--grants", "basic,highvolume")
    maintain(given, "createBotPassword.php", *grants, BOT, BOT_PASSWORD)
    _empty(folder / "database" / "wiki.sqlite")
    maintain(given, "initSiteStats.php", "--update")


def _empty(database: Path) -> None:
    """The installer wrote a page, and in the logs that it made users."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in HISTORY:
            connection.execute(f"DELETE FROM {table}")
