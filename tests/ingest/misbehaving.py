"""A parsing child whose reader does what the file's name says: all that hostile files make readers do."""

import ctypes
import errno
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from config.errors import DocumentError
from ingest.documents import Document, Section
from ingest.parsing import child


def read(content, languages, unpacked_mb):
    return Document((Section(str(BEHAVIOUR[content.name](content.data.decode()))),))


def refuse(_):
    raise DocumentError("I cannot read this")


def eat_memory(_):
    hoard = []
    while True:
        hoard.append(bytearray(10_000_000))


def spin(_):
    while True:
        pass


def connect(address):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=5):
        return "connected"


def connect_beneath_python(_):
    """As C code would: no audit hook sees it, only the kernel can refuse. Returns the error's name."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(9), bytes([127, 0, 0, 1]))
    libc.connect(handle, address, len(address))
    return errno.errorcode[ctypes.get_errno()]


def write(path):
    Path(path).write_text("escaped")
    return "written"


def print_a_lot(_):
    sys.stdout.write("noise " * 1000)
    os.write(1, b"more noise")
    return "still understood"


BEHAVIOUR = {
    "good.txt": lambda text: text,
    "refuse": refuse,
    "eat memory": eat_memory,
    "spin": spin,
    "hang": lambda _: time.sleep(3600),
    "crash": lambda _: ctypes.string_at(0),
    "exit": lambda _: os._exit(3),
    "connect": connect,
    "connect beneath": connect_beneath_python,
    "network": lambda _: Path("/proc/self/ns/net").readlink(),
    "fetch": lambda url: urllib.request.urlopen(url, timeout=5).status,
    "write": write,
    "remove": lambda path: Path(path).unlink(),
    "start": lambda path: subprocess.run([path], check=True).returncode,
    "print": print_a_lot,
    "pid": lambda _: str(os.getpid()),
    "environment": os.environ.get,
    "own file": lambda _: Path("mine").write_text("x"),
    "folder": lambda name: str(Path(name).absolute().parent),
}

if __name__ == "__main__":
    child.read = read
    child.main()
