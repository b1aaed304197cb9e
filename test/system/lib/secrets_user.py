# SPDX-License-Identifier: Apache-2.0
"""Somebody in a node who keeps secrets with the real coffer-engined and the store of files."""

import os
import pathlib
import select
import signal
import socket
import struct
import subprocess

import places
from cli import Result

TIMEOUT = 60


class SecretsUser:
    """Root has the home that the node lends (system_folders); others get one in the node's folder."""

    def __init__(self, node, uid=0, **settings):
        self.node, self.uid = node, uid
        self.home = pathlib.Path("/root") if uid == 0 else node.folder / f"home-{uid}"
        self.run = pathlib.Path("/run/coffer-engine" if uid == 0 else f"/run/user/{uid}/coffer")
        self.env = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
                    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
        conf = self.home / ".config/coffer"
        node.run(["mkdir", "-p", conf])
        self.configure(**settings)
        if uid:
            self.env["XDG_RUNTIME_DIR"] = f"/run/user/{uid}"
            node.run(["mkdir", "-p", self.env["XDG_RUNTIME_DIR"]])
            node.run(["chown", "-R", f"{uid}:{uid}", self.home, self.env["XDG_RUNTIME_DIR"]])
            node.run(["chmod", "0700", self.env["XDG_RUNTIME_DIR"]])

    def configure(self, **settings):
        settings = {"store": "file", "plugin-dir": places.PLUGINS,
                    **{k.replace("_", "-"): v for k, v in settings.items()}}
        self.write(".config/coffer/engine.conf", "".join(f"{k} = {v}\n" for k, v in settings.items()))

    def write(self, name, text):
        """A file in the home, which is the node's."""
        path = self.home / name
        self.node.run(["mkdir", "-p", path.parent])
        self.node.path(path).write_text(text)

    def command(self, *words):
        user = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"] if self.uid else []
        return [*user, *words]

    def __call__(self, *arguments, stdin="", check=True):
        """docker pass ..."""
        command = self.command(places.DOCKER_PASS, "pass", *arguments)
        process = self.node.popen(command, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        out, err = process.communicate(stdin, timeout=TIMEOUT)
        result = Result(command, process.returncode, out, err)
        assert not check or process.returncode == 0, result
        return result

    @property
    def log(self):
        path = self.node.path(self.run / "engine.log")
        return path.read_text() if path.exists() else ""

    def engine(self):
        """The process id of this user's engine, as seen from here; None when there is none."""
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self.node.path(self.run / "engine.sock")))
            except OSError:
                return None
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return struct.unpack("iii", peer)[0]

    def stop(self, number=signal.SIGTERM):
        pid = self.engine()
        if pid is None:
            return
        watch = os.pidfd_open(pid)
        os.kill(pid, number)
        ended = select.select([watch], [], [], TIMEOUT)[0]
        os.close(watch)
        assert ended, f"the engine of user {self.uid} doesn't end"
