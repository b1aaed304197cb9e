# SPDX-License-Identifier: Apache-2.0
"""A local store with an engine of its own, started on demand by `coffer pass`, and a keyring."""

import os
import select
import signal
import socket
import struct
import subprocess
import pathlib

import measure  # noqa: F401  (finds the modules below)
import places
from keyring import Bus, attributes

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
VALUE = "0123456789abcdef0123456789abcdef"


class Store:
    """kind is "file" or "keychain"; all of it is in the folder."""

    def __init__(self, folder, kind, env=None):
        self.folder, self.kind = pathlib.Path(folder), kind
        self.socket = self.folder / "engine.sock"
        (self.folder / "plugins").mkdir(parents=True)
        os.chmod(self.folder, 0o700)
        (self.folder / "engine.conf").write_text(f"store = {kind}\nplugin-dir = {places.PLUGINS}\n")
        self.env = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": str(self.folder), **(env or {}),
                    "COFFER_HOME": str(self.folder)}

    def coffer(self, *arguments):
        return subprocess.run([places.COFFER, "pass", *arguments], env=self.env, check=True,
                              stdout=subprocess.PIPE).stdout.decode()

    def set(self, name):
        self.coffer("set", f"{name}={VALUE}")

    def pid(self):
        """The engine's process; None: there is none."""
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(str(self.socket))
            except OSError:
                return None
            return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def stop(self):
        pid = self.pid()
        if pid is None:
            return
        process = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        select.select([process], [], [])
        os.close(process)

    def processes(self):
        """[(program, pid)] of the engine, the keepers of its plugins, and these."""
        return [(command(pid), pid) for pid in with_children(self.pid())]


def with_children(pid):
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid] + [p for child in children for p in with_children(int(child))]


def command(pid):
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return "keeper" if b"--confine" in words else words[0].decode().rsplit("/")[-1]


class Keyring:
    """GNOME's, on a bus of its own, in a node, which it ends with."""

    def __init__(self, node):
        self.bus = Bus(node, node.folder / "bus")
        self.process = self.bus.start_keyring()
        self.env = {name: value for name, value in self.bus.environment.items() if name != "PATH"}

    def lookup(self, name):
        """The words of secret-tool for what coffer's keychain stores under this name."""
        return ["/usr/bin/secret-tool", "lookup", *attributes(name, "com.docker.pass.shared", {})]


def memory(pid):
    """{"PSS", "RSS"} of a process in MB."""
    sizes = dict(line.split()[:2] for line in
                 pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return {name: int(sizes[key]) / 1024 for name, key in (("PSS", "Pss:"), ("RSS", "Rss:"))}
