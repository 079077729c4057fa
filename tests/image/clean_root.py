"""Builds the stages of the Dockerfile in folders, and runs what comes out confined as a container is.

No container engine is needed, and none is replaced: a stage is a folder, RUN is a `chroot` into it, and the
official Python image, which cannot be had without a registry, is played by Debian's own Python of the same
version on the same Debian. What this does not prove: that the pinned digest can be pulled, that BuildKit
reads the file as we do, and what the seccomp profile of a real engine would refuse.

Linux, root, and `debootstrap` are needed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.image.dockerfile import Ignore, Stage, Step, fill, read

ROOT = Path(__file__).parent.parent.parent
SUITE = "trixie"
# What the official image has besides a minimal Debian, and Python.
_PACKAGES = "ca-certificates,netbase,tzdata,python3,python3-venv"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Image:
    """A stage that was built: its files, and what the instructions say of its processes."""

    files: Path
    environment: dict[str, str]
    user: str = "0"
    folder: str = "/"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()

    def size(self, base: Path) -> int:
        """Bytes of its layers: its files, and what the base has and a later layer removed."""
        ours, theirs = _sizes(self.files), _sizes(base)
        return sum(ours.values()) + sum(size for name, size in theirs.items() if name not in ours)


@dataclass
class Builder:
    """Builds stages below a folder, each once."""

    work: Path
    stages: dict[str, Stage] = field(
        default_factory=lambda: read((ROOT / "Dockerfile").read_text(encoding="utf-8"))
    )
    arguments: dict[str, str] = field(default_factory=dict)
    built: dict[str, Image] = field(default_factory=dict)

    def build(self, name: str) -> Image:
        """The image of that stage."""
        if name not in self.built:
            stage = self.stages[name]
            below = self.build(stage.base) if stage.base in self.stages else self.base()
            self.built[name] = self._carry_out(stage, below)
        return self.built[name]

    def base(self) -> Image:
        """The minimal Debian with Python that stands for the official image."""
        files = self.work / "base"
        path = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
        if not files.exists():
            _do("debootstrap", "--variant=minbase", f"--include={_PACKAGES}", SUITE, str(files))
            # In the official image Python lies in /usr/local, with pip beside it.
            _do("chroot", str(files), "python3", "-m", "venv", "--without-scm-ignore-files", "/usr/local")
            installer = files / "usr/lib/python3.13/ensurepip"
            shutil.move(installer, files / "usr/local/lib/python3.13/ensurepip")
            for cache in ("var/cache/apt", "var/lib/apt/lists", "var/log"):
                shutil.rmtree(files / cache)
                (files / cache).mkdir()
            # What Debian's slim images leave out: https://github.com/debuerreotype/debuerreotype
            left_out = ("doc", "info", "locale", "man")
            for name in left_out:
                shutil.rmtree(files / "usr/share" / name, ignore_errors=True)
            rules = files / "etc/dpkg/dpkg.cfg.d/docker"
            rules.write_text("".join(f"path-exclude /usr/share/{name}/*\n" for name in left_out))
        return Image(files, {"PATH": path, "LANG": "C.UTF-8"})

    def _carry_out(self, stage: Stage, below: Image) -> Image:
        files = self.work / stage.name
        _do("cp", "-a", "--reflink=auto", str(below.files), str(files))
        image, arguments = replace(below, files=files), dict(self.arguments)
        for step in stage.steps:
            image, arguments = self._take(step, image, arguments)
        return image

    def _take(self, step: Step, image: Image, arguments: dict[str, str]) -> tuple[Image, dict[str, str]]:
        known = image.environment | arguments
        match step.word:
            case "ENV":
                given = {name: fill(value, known) for name, value in step.pairs.items()}
                image = replace(image, environment=image.environment | given)
            case "ARG":
                arguments = step.pairs | arguments
            case "USER":
                image = replace(image, user=step.text)
            case "WORKDIR":
                (image.files / step.text.lstrip("/")).mkdir(parents=True, exist_ok=True)
                image = replace(image, folder=step.text)
            case "COPY":
                self._copy(step, image)
            case "RUN":
                self._run(step, image, known)
            case "ENTRYPOINT":
                image = replace(image, entrypoint=tuple(step.words))
            case "CMD":
                image = replace(image, command=tuple(step.words))
            case "HEALTHCHECK":
                _, _, command = step.text.partition("CMD ")
                image = replace(image, health=tuple(Step(step.line, "CMD", (), command).words))
        return image, arguments

    def _copy(self, step: Step, image: Image) -> None:
        *sources, target = step.words
        start = self.build(stage).files if (stage := step.flag("from")) else ROOT
        ignore = None if stage else Ignore((ROOT / ".dockerignore").read_text(encoding="utf-8"))
        place = image.files / os.path.normpath(os.path.join(image.folder, target)).lstrip("/")  # noqa: PTH118
        for source in sources:
            origin = start / source.lstrip("/")
            if origin.is_dir():
                shutil.copytree(origin, place, symlinks=True, dirs_exist_ok=True, ignore=_not_let_in(ignore))
            else:
                assert ignore is None or ignore.lets_in(source), f"{source} is not in the context"
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, place)

    def _run(self, step: Step, image: Image, known: Mapping[str, str]) -> None:
        caches = [flag.rpartition("target=")[2] for flag in step.flags if "type=cache" in flag]
        binds = []
        for cache in caches:
            kept = self.work / "caches" / cache.strip("/").replace("/", "-")
            kept.mkdir(parents=True, exist_ok=True)
            binds.append((kept, cache))
        # As the host reaches its registries, so does the builder.
        shared = (Path("/etc/resolv.conf"), _CERTIFICATES)
        binds += [(path, str(path)) for path in shared if path.exists()]
        command = step.words if step.is_exec else ["/bin/sh", "-c", step.text]
        told = ("PIP_", "UV_INDEX", "UV_DEFAULT")
        reached = {name: value for name, value in os.environ.items() if name.startswith(told)}
        if _CERTIFICATES.exists():
            reached["SSL_CERT_FILE"] = str(_CERTIFICATES)
        done = subprocess.run(
            confined(image, command, binds=binds, environment={**reached, **known}, writable=True),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"line {step.line} of the Dockerfile:\n{done.stdout}{done.stderr}"


def confined(
    image: Image,
    command: Sequence[str] = (),
    *,
    binds: Sequence[tuple[Path, str]] = (),
    environment: Mapping[str, str] | None = None,
    writable: bool = False,
    user: str | None = None,
) -> list[str]:
    """A command line that runs `command` (else the image's own) in the image, as process 1 of its own.

    Not `writable` is `--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges` of an engine.
    `binds` are the folders and files of this machine that are seen there. The network is this machine's.
    """
    q, files = shlex.quote, str(image.files)
    words = [*(() if writable else image.entrypoint), *(command or image.command)]
    variables = [f"{name}={value}" for name, value in {**image.environment, **(environment or {})}.items()]
    script = ["set -e", f"mount --bind {q(files)} {q(files)}"]
    for place, source in binds:
        inside = q(files + source)
        script.append(f"mount --bind {q(str(place))} {inside}")
    if not writable:
        script.append(f"mount -o remount,bind,ro {q(files)}")
    # An engine's own options; builders have an ordinary folder there.
    scratch = "mode=1777,nosuid,nodev" + ("" if writable else ",noexec")
    script += [
        f"mount -t tmpfs -o {scratch} tmpfs {q(files + '/tmp')}",
        f"mount -t proc proc {q(files + '/proc')}",
        f"mount --rbind /dev {q(files + '/dev')}",
    ]
    who = user or image.user
    uid, _, gid = who.partition(":")
    drop = f"--reuid={uid} --regid={gid or uid} --clear-groups"
    if not writable:
        # The last, as whoever becomes another user is not ended any more by `unshare --kill-child`: prctl(2).
        drop += " --no-new-privs --bounding-set=-all --inh-caps=-all --pdeathsig=KILL"
    enter = f"cd {q(image.folder)} && exec setpriv {drop} env -i {shlex.join(variables)} {shlex.join(words)}"
    script.append(f"exec chroot {q(files)} /bin/sh -c {q(enter)}")
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", "\n".join(script)]


def _not_let_in(ignore: Ignore | None) -> Callable[[str, list[str]], list[str]]:
    def left_out(folder: str, names: list[str]) -> list[str]:
        if ignore is None:
            return []
        inside = Path(folder).relative_to(ROOT)
        return [name for name in names if not ignore.lets_in(str(inside / name))]

    return left_out


def _sizes(root: Path) -> dict[str, int]:
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            found[str(path.relative_to(root))] = path.lstat().st_size
    return found


def _do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


class Container:
    """A process that stays, with what it prints in a file. Ended with the block, asked first."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def said(self) -> str:
        """What it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def stop(self, seconds: float = 60) -> int:
        """Send process 1 the signal that an engine sends, and wait: its exit code."""
        for child in Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        return self._process.wait(seconds)

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()  # and `unshare` takes its child along
        self._process.wait()
