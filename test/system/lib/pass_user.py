# SPDX-License-Identifier: Apache-2.0
"""A person with a secrets engine and a store of encrypted files of their own."""

import os
import select
import signal
import socket
import struct

import places
from cli import Result
from subprocess import PIPE, run

TIMEOUT = 60


class User:
    """Everything is in one folder; the engine is started by the first command that needs it."""

    def __init__(self, t, **settings):
        self.home = t.node.folder / f"user-{next(t.counter)}"
        self.home.mkdir()
        settings = {"store": "file", "plugin-dir": places.PLUGINS, **settings}
        (self.home / "engine.conf").write_text(
            "".join(f"{key} = {value}\n" for key, value in settings.items()))
        plugins = self.home / ".docker/cli-plugins"
        plugins.mkdir(parents=True)
        (plugins / "docker-pass").symlink_to(places.DOCKER_PASS)
        self.env = {"HOME": str(self.home), "COFFER_HOME": str(self.home), "PATH": os.environ["PATH"],
                    "LANG": "C.UTF-8"}
        t.defer(self.stop)

    def __call__(self, *arguments, stdin="", check=True, program=None, env=None):
        command = [*(program or [places.DOCKER_PASS]), *arguments]
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        done = run(command, check=False, input=data, env={**self.env, **(env or {})}, stdout=PIPE,
                   stderr=PIPE, timeout=TIMEOUT)
        result = Result(command, done.returncode, done.stdout.decode(errors="replace"),
                        done.stderr.decode(errors="replace"))
        assert not check or done.returncode == 0, result
        return result

    def refused(self, *arguments, **options):
        """Runs what must fail with status 1; returns what it says on standard error."""
        result = self(*arguments, check=False, **options)
        assert result.code == 1, result
        return result.err.strip()

    def engine(self):
        """The process id of this user's engine; None when there is none."""
        return self.peer(self.home / "engine.sock")

    @staticmethod
    def peer(path):
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(path))
            except OSError:
                return None
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return struct.unpack("iii", peer)[0]

    def stop(self):
        pid = self.engine()
        if pid is None:
            return
        watch = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        ended = select.select([watch], [], [], TIMEOUT)[0]
        os.close(watch)
        assert ended, f"the engine of {self.home} doesn't end"
