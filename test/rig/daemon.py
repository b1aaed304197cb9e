# SPDX-License-Identifier: Apache-2.0
"""A daemon in a node, started and waited for by the protocol systemd has for it (sd_notify)."""

import os
import select
import signal
import socket
import subprocess
import time

from node import child_of

START_TIMEOUT = 60
STOP_TIMEOUT = 30
TAIL_LINES = 12
TAIL_COLUMNS = 240


class DaemonError(Exception):
    pass


class Daemon:
    def __init__(self, node, name, command, env=None):
        self.node, self.name, self.command, self.env = node, name, command, env or {}
        self.log = node.folder / f"{name}.log"
        self.process = None

    def start(self, timeout=START_TIMEOUT):
        """Returns when the daemon has said that it is ready."""
        path = self.node.folder / f"{self.name}.notify"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            self._spawn(path)
            self._wait_ready(notify, time.monotonic() + timeout)
        path.unlink()

    def _spawn(self, notify):
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                       "LANG": "C.UTF-8", "HOME": str(self.node.folder),
                       "NOTIFY_SOCKET": str(notify), **self.env}
        with open(self.log, "ab") as log:
            self.process = self.node.popen(self.command, env=environment, stdout=log, stderr=log)

    def _wait_ready(self, notify, deadline):
        ended = os.pidfd_open(self.process.pid)
        try:
            while True:
                left = deadline - time.monotonic()
                ready, _, _ = select.select([notify, ended], [], [], max(left, 0))
                if notify in ready:
                    if b"READY=1" in notify.recv(4096).split(b"\n"):
                        return
                elif ended in ready:
                    self._fail(f"ended with status {self.process.wait()} before it was ready")
                else:
                    self.kill()
                    self._fail("did not say that it is ready")
        finally:
            os.close(ended)

    def _fail(self, what):
        raise DaemonError(f"{self.name} {what}; the end of its log:\n{self.tail()}")

    def tail(self, lines=TAIL_LINES):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join("    | " + line[:TAIL_COLUMNS] for line in text.splitlines()[-lines:])

    @property
    def pid(self):
        """The daemon's process id as seen from outside the node."""
        return child_of(self.process.pid)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self, number=signal.SIGKILL):
        """Sends a signal and waits for the end."""
        if self.running:
            try:
                os.kill(self.pid, number)
            except (IndexError, ProcessLookupError, FileNotFoundError):
                pass  # it ended by itself just now
        return self.wait()

    def stop(self):
        return self.kill(signal.SIGTERM)

    def wait(self, timeout=STOP_TIMEOUT):
        if self.process is None:
            return None
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise DaemonError(f"{self.name} does not end; the end of its log:\n{self.tail()}") \
                from None
