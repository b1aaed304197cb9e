# SPDX-License-Identifier: Apache-2.0
"""A cofferd in a node, with folders of its own."""

import os

import places
from api import Api
from daemon import Daemon


class Cofferd:
    def __init__(self, node, name="c", engine=None, options=(), state=None, run=None):
        self.node, self.name = node, name
        self.folder = node.folder / name
        self.state = state or self.folder / "state"
        self.run = run or self.folder / "run"
        self.socket = self.run / "coffer.sock"
        self.folder.mkdir(exist_ok=True)
        command = [places.COFFERD, "--state-dir", self.state, "--run-dir", self.run,
                   "--socket", self.socket, "--log-level", "debug", *options]
        if engine:
            command += ["--engine", f"unix://{engine.socket}"]
        self.daemon = Daemon(node, name, command, sanitizer_options())
        self.api = Api(self.socket)

    def start(self):
        self.daemon.start()
        return self

    def stop(self):
        return self.daemon.stop()

    def kill(self):
        return self.daemon.kill()

    def restart(self):
        self.stop()
        return self.start()

    @property
    def log(self):
        return self.daemon.log.read_text(errors="replace")

    def mounts(self):
        """What is mounted below its run folder, as [(place, kind, options)]."""
        lines = [line.split() for line in self.node.mounts()]
        return [(line[1], line[2], line[3]) for line in lines if line[1].startswith(str(self.run))]

    def task_files(self):
        """Every file below the run folder as the node sees it, sockets left out."""
        found = []
        for folder, _, names in os.walk(self.node.path(self.run)):
            found += [os.path.join(folder, n) for n in names
                      if os.path.isfile(os.path.join(folder, n))]
        return found

    def sweep(self):
        """After a test: unmounts what a killed daemon or its running tasks still had."""
        for place, _, _ in reversed(self.mounts()):
            self.node.run(["umount", "-l", place])


def sanitizer_options():
    names = ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
    return {name: os.environ[name] for name in names if name in os.environ}
