# SPDX-License-Identifier: Apache-2.0
"""Waiting until something holds, woken by the events of the daemon under test."""

import select
import socket
import time

# Docker's API has no event for the status of a task. What no event announces is looked at
# again after this time, as the docker CLI does for its progress display.
LOOK_AGAIN = 0.05
TIMEOUT = 30


class Timeout(AssertionError):
    pass


class Events:
    """A connection to /events of which only the arrival of something matters."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if path is None:
            self.close()
            return
        try:
            self.sock.connect(str(path))
            self.sock.sendall(b"GET /v1.41/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        except OSError:
            self.close()  # the daemon is down: that may be what the test waits in

    def wait(self, seconds):
        watched = [self.sock] if self.sock else []
        ready, _, _ = select.select(watched, [], [], seconds)
        if ready:
            try:
                if self.sock.recv(65536):
                    return
            except ConnectionResetError:
                pass  # the daemon was killed
            self.close()

    def close(self):
        if self.sock:
            self.sock.close()
        self.sock = None


def until(path, what, condition, timeout=TIMEOUT):
    """Returns the first true value of condition(); what says in words what is waited for.

    path is the socket of the daemon whose events wake it; None for a condition which a
    connection to the daemon would change.
    """
    deadline = time.monotonic() + timeout
    events = Events(path)
    try:
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Timeout(f"{what}: not within {timeout} s")
            events.wait(LOOK_AGAIN)
    finally:
        events.close()
