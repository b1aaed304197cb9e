# SPDX-License-Identifier: Apache-2.0
"""Running a command line client as a person would, with a fixed environment."""

import os
import pty
import subprocess

TIMEOUT = 90


class Result:
    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    @property
    def lines(self):
        return self.out.splitlines()

    @property
    def text(self):
        """Standard output without the newline at its end."""
        return self.out.strip()

    def __repr__(self):
        words = " ".join(str(word) for word in self.command)
        return f"{words}: exit {self.code}\n  out: {self.out!r}\n  err: {self.err!r}"


class Client:
    """program is docker or coffer; calls go to the socket, with an empty configuration."""

    def __init__(self, program, socket, config):
        self.program = program
        config.mkdir(exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(config), "LANG": "C.UTF-8",
                    "DOCKER_HOST": f"unix://{socket}", "COFFER_HOST": f"unix://{socket}",
                    "DOCKER_CONFIG": str(config), "DOCKER_BUILDKIT": "0",
                    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}

    def __call__(self, *arguments, stdin="", check=True, timeout=TIMEOUT):
        """Runs it to its end; a status other than 0 fails the test unless check=False."""
        command = [self.program, *arguments]
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        done = subprocess.run(command, check=False, input=data, env=self.env, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        result = Result(command, done.returncode, done.stdout.decode(errors="replace"),
                        done.stderr.decode(errors="replace"))
        assert not check or done.returncode == 0, result
        return result

    def refused(self, *arguments, stdin=""):
        """Runs what must fail with status 1; returns what it says on standard error."""
        result = self(*arguments, stdin=stdin, check=False)
        assert result.code == 1, result
        return result.err.strip()

    def start(self, *arguments, **options):
        """A running client with pipes; the caller ends it."""
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   **options}
        return subprocess.Popen([self.program, *arguments], env=self.env, **options)

    def on_terminal(self, *arguments, timeout=TIMEOUT):
        """Runs it on a terminal of its own; out has both streams."""
        ours, theirs = pty.openpty()
        command = [self.program, *arguments]
        process = subprocess.Popen(command, env={**self.env, "TERM": "xterm"}, stdin=theirs,
                                   stdout=theirs, stderr=theirs, start_new_session=True)
        os.close(theirs)
        parts = []
        try:
            while True:
                part = os.read(ours, 65536)
                if not part:
                    break
                parts.append(part)
        except OSError:
            pass  # how Linux tells that the other side has closed
        os.close(ours)
        text = b"".join(parts).decode(errors="replace").replace("\r\n", "\n")
        return Result(command, process.wait(timeout), text, "")
