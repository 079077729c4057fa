"""How a process of this machine becomes a container's: the shell that makes its root, and becomes it there.

The root is the image's, with its volumes, and a /proc and a /dev as container runtimes make them; user,
groups and rights are those of the pod's and the container's `securityContext`. What is not done: a seccomp
profile, and limits of processor and memory.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.helm.chart import Object
from tests.helm.own_network import OwnNetwork
from tests.image.clean_root import Image
from tests.services import MissingServer

_WITH_ITS_PARENT = "--pdeathsig=KILL"
APART = (
    *("setpriv", _WITH_ITS_PARENT),
    *("unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"),
)
"""Begins a command that shares nothing with this machine but its network, and ends with whoever began it."""
_DEVICES = ("null", "zero", "full", "random", "urandom")


@dataclass(frozen=True)
class Mount:
    """What is seen at a path in a root: a folder or file of this machine, or `size` of memory for a group."""

    path: str
    origin: Path | None = None
    read_only: bool = True
    size: str = ""
    group: int = 0


def making(root: Path, mounts: Sequence[Mount], *, read_only: bool, name: str) -> str:
    """The lines of a shell, in namespaces of its own, that make a root of the image's files on a host of that
    name. `read_only` is the root alone."""
    for mount in mounts:
        _make_way(root, mount)
    lines = ["set -e", f"echo {_q(name)} > /proc/sys/kernel/hostname", f"mount --bind {_q(root)} {_q(root)}"]
    if read_only:
        lines.append(f"mount -o remount,bind,ro {_q(root)}")
    for mount in mounts:
        lines += _mounting(root, mount)
    dev = root / "dev"
    lines += [f"mount -t tmpfs -o mode=755,nosuid tmpfs {_q(dev)}", f"mkdir {_q(dev / 'shm')}"]
    lines += [f"touch {_q(dev / one)} && mount --bind /dev/{one} {_q(dev / one)}" for one in _DEVICES]
    # No larger than it is in pods: https://github.com/containerd/containerd, oci/mounts.go
    lines.append(f"mount -t tmpfs -o mode=1777,nosuid,nodev,noexec,size=64m shm {_q(dev / 'shm')}")
    lines += [f"mount -o remount,ro {_q(dev)}", f"mount -t proc proc {_q(root / 'proc')}"]
    return "\n".join(lines)


def becoming(
    words: Sequence[str], image: Image, spec: Object, container: Object, variables: Mapping[str, str]
) -> str:
    """The line of a shell, as root in that root, that becomes these words, by whoever the pod's spec says."""
    rights = {**spec.get("securityContext", {}), **container.get("securityContext", {})}
    own_user, _, own_group = image.user.partition(":")
    # Whoever becomes another user is not ended any more as `unshare --kill-child` has asked for: prctl(2).
    drop = ["setpriv", _WITH_ITS_PARENT, "--inh-caps=-all"]
    drop.append(f"--reuid={rights.get('runAsUser', own_user)}")
    drop.append(f"--regid={rights.get('runAsGroup', own_group or own_user)}")
    drop.append(f"--groups={rights['fsGroup']}" if "fsGroup" in rights else "--clear-groups")
    if rights.get("capabilities", {}).get("drop") == ["ALL"]:
        drop.append("--bounding-set=-all")
    if rights.get("allowPrivilegeEscalation") is False:
        drop.append("--no-new-privs")
    # A shell lets what it starts in the background ignore two signals.
    environment = [
        "env",
        "-i",
        "--default-signal=INT,QUIT",
        *(f"{key}={value}" for key, value in variables.items()),
    ]
    return f"cd {_q(image.folder)} && exec {shlex.join([*drop, *environment, *words])}"


def find_rights() -> None:
    """Raises `MissingServer` where no container can be run."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise MissingServer("running the chart's pods needs Linux and root")
    try:
        OwnNetwork().close()
        subprocess.run([*APART, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise MissingServer(f"running the chart's pods needs namespaces: {error}") from None


def _make_way(root: Path, mount: Mount) -> None:
    """A runtime makes the place where something is to be mounted."""
    place = _inside(root, mount.path)
    if mount.origin is not None and mount.origin.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    else:
        place.mkdir(parents=True, exist_ok=True)


def _mounting(root: Path, mount: Mount) -> list[str]:
    place = _q(_inside(root, mount.path))
    if mount.origin is None:
        # As the kubelet leaves an `emptyDir`: open to all, and what is in it belongs to the pod's group.
        return [f"mount -t tmpfs -o mode=2777,gid={mount.group},size={mount.size} tmpfs {place}"]
    lines = [f"mount --bind {_q(mount.origin)} {place}"]
    return [*lines, f"mount -o remount,bind,ro {place}"] if mount.read_only else lines


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _q(path: Path | str) -> str:
    return shlex.quote(str(path))
