# SPDX-License-Identifier: Apache-2.0
"""A terminal with a person at it: types, and waits until it reads what it expects."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

TIMEOUT = 20


class Terminal:
    """A command on a terminal of its own, which is its controlling one."""

    def __init__(self, command, env, size=(24, 80), **options):
        self.ours, theirs = pty.openpty()
        self.resize(*size)
        self.process = subprocess.Popen(
            command, env={"TERM": "xterm", **env}, stdin=theirs, stdout=options.pop("stdout", theirs),
            stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **options)
        os.close(theirs)
        self.read, self.seen = "", 0

    def resize(self, rows, columns):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.ours, text.encode())

    def expect(self, text, timeout=TIMEOUT):
        """Waits until text comes, behind what was expected before; returns what stood before it."""
        deadline = time.monotonic() + timeout
        while (at := self.read.find(text, self.seen)) < 0:
            assert self._more(deadline), f"no {text!r} in {self.read[self.seen:]!r}"
        before, self.seen = self.read[self.seen:at], at + len(text)
        return before

    def end(self, timeout=TIMEOUT):
        """Waits for the command's end; returns its status."""
        deadline = time.monotonic() + timeout
        while self._more(deadline):
            pass
        status = self.process.wait(max(0.1, deadline - time.monotonic()))
        os.close(self.ours)
        return status

    def _more(self, deadline):
        ready, _, _ = select.select([self.ours], [], [], max(0, deadline - time.monotonic()))
        try:
            data = os.read(self.ours, 65536) if ready else b""
        except OSError:  # how Linux tells that the other side has closed
            data = b""
        self.read += data.decode(errors="replace")
        return bool(data)


class Shell(Terminal):
    """An interactive bash, with job control."""

    PROMPT = "$> "

    def __init__(self, env, **options):
        super().__init__(["bash", "--norc", "--noprofile", "-i"],
                         {**env, "PS1": self.PROMPT, "HISTFILE": "/dev/null", "TERM": "dumb"}, **options)
        self.expect(self.PROMPT)

    def start(self, line):
        """Types a command; its echo is behind us."""
        self.type(line + "\n")
        self.expect("\r\n")

    def finish(self):
        """Waits for the prompt; returns what was printed before it."""
        return self.expect(self.PROMPT).replace("\r\n", "\n")

    def __call__(self, line):
        self.start(line)
        return self.finish()

    def status(self):
        return int(self("echo $?"))

    def leave(self):
        self.type("exit\n")
        return self.end()
