# SPDX-License-Identifier: Apache-2.0
"""A plugin of the secrets engine, and an engine's side of its connection.

    plugin = Plugin(node, "file", config={"folder": "/run/store"})
    plugin.save("db/password", b"secret")
    plugin.get("db/*")["db/password"].value

The connection is hashicorp's yamux with one request of HTTP/1.1 on each stream, the messages are
protobuf. A refusal is a Refused with Connect's word for it.
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import time

import places
import protobuf
from node import child_of

DATA, WINDOW, PING, GO_AWAY = range(4)
SYN, ACK, FIN, RST = 1, 2, 4, 8
INITIAL_WINDOW = 256 * 1024
TIMEOUT = 60
UNSET = -62135596800
SHADOW = 1 << 28  # a mapping that is larger is a sanitizer's own
VARIABLE = "DOCKER_SECRETS_ENGINE_PLUGIN_LAUNCH_CFG"


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Gone(Exception):
    """The plugin closed its connection."""


class Stream:
    def __init__(self):
        self.data, self.window, self.is_over, self.is_reset = b"", INITIAL_WINDOW, False, False

    def message(self):
        """(first line, headers, body) when it is whole, else None."""
        head, mark, body = self.data.partition(b"\r\n\r\n")
        if not mark:
            return None
        first, *lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        return (first, headers, body[:length]) if len(body) >= length else None


class Connection:
    """The engine's end: its streams have even numbers."""

    def __init__(self, end):
        self.socket, self.input, self.streams, self.next_id = end, b"", {}, 2
        self.pong = False

    def send(self, kind, flags, stream, length, payload=b""):
        try:
            self.socket.sendall(struct.pack(">BBHII", 0, kind, flags, stream, length) + payload)
        except BrokenPipeError:
            pass  # what it said before it went can still be read

    def open(self):
        number, self.next_id = self.next_id, self.next_id + 2
        self.streams[number] = Stream()
        self.send(WINDOW, SYN, number, 0)
        return number

    def write(self, number, data, deadline):
        """All of it, as the other side gives room, and the end of our direction."""
        while data:
            part = data[:min(self.streams[number].window, 65536)]
            if part:
                self.send(DATA, 0, number, len(part), part)
                self.streams[number].window -= len(part)
                data = data[len(part):]
            else:
                self.receive(deadline)
        self.send(WINDOW, FIN, number, 0)

    def ping(self, deadline):
        self.send(PING, SYN, 0, 7)
        while not self.pong:
            self.receive(deadline)
        self.pong = False

    def receive(self, deadline):
        """One frame."""
        header = self._take(12, deadline)
        _, kind, flags, number, length = struct.unpack(">BBHII", header)
        if kind == PING:
            if flags & SYN:
                self.send(PING, ACK, 0, length)
            self.pong = self.pong or bool(flags & ACK)
            return
        if kind == GO_AWAY:
            return
        stream = self.streams.setdefault(number, Stream())
        if flags & SYN:
            self.send(WINDOW, ACK, number, 0)
        if kind == DATA and length:
            stream.data += self._take(length, deadline)
            self.send(WINDOW, 0, number, length)
        elif kind == WINDOW:
            stream.window += length
        stream.is_over = stream.is_over or bool(flags & (FIN | RST))
        stream.is_reset = stream.is_reset or bool(flags & RST)

    def _take(self, size, deadline):
        while len(self.input) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise TimeoutError("the plugin does not answer")
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                raise Gone()
            self.input += part
        taken, self.input = self.input[:size], self.input[size:]
        return taken


class Plugin:
    def __init__(self, node, name, config=None, environment=None):
        self.name = name
        ours, theirs = socket.socketpair()
        launch = json.dumps({"name": name, "timeout": 5_000_000_000, "fd": theirs.fileno()})
        self.process = node.popen(
            [places.PLUGINS / f"coffer-plugin-{name}"], pass_fds=[theirs.fileno()],
            stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin", **(environment or {}),
                                         **sanitizers(), VARIABLE: launch})
        theirs.close()
        self.connection = Connection(ours)
        self._register(time.monotonic() + TIMEOUT)
        self.call("coffer.v1.ConfigureService/Configure", {1: protobuf.pairs(config or {})})

    def _register(self, deadline):
        """Its first request; the answer is protobuf, as it asked: our name and version."""
        while not (1 in self.connection.streams and self.connection.streams[1].message()):
            self.connection.receive(deadline)
        self.registration = self.connection.streams[1].message()
        body = protobuf.encode({1: "test", 2: "v0.0.1"})
        self.connection.write(1, b"HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\n"
                              b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
                              + body, deadline)

    # ---- calls

    def begin(self, method, message, timeout=TIMEOUT):
        """Sends a request, with so many seconds for the plugin; give the result to finish()."""
        number = self.connection.open()
        body = protobuf.encode(message)
        head = (f"POST /{method} HTTP/1.1\r\nHost: plugin\r\nContent-Type: application/proto\r\n"
                f"Connect-Protocol-Version: 1\r\nConnect-Timeout-Ms: {int(timeout * 1000)}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n")
        self.connection.write(number, head.encode() + body, time.monotonic() + TIMEOUT)
        return number

    def finish(self, number, timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        stream = self.connection.streams[number]
        while not (answer := stream.message()):
            if stream.is_over:
                raise Gone()
            self.connection.receive(deadline)
        del self.connection.streams[number]
        if answer[0].split()[1] != "200":
            error = json.loads(answer[2])
            raise Refused(error["code"], error["message"])
        return protobuf.decode(answer[2])

    def call(self, method, message, timeout=TIMEOUT):
        return self.finish(self.begin(method, message, timeout))

    def get(self, pattern, **options):
        return envelopes(self.call("resolver.v1.ResolverService/GetSecrets", {1: pattern},
                                   **options))

    def value(self, secret, **options):
        return self.get(secret, **options)[secret].value

    def list(self, pattern="**", **options):
        return envelopes(self.call("coffer.v1.StoreService/List", {1: pattern}, **options))

    def begin_save(self, secret, value, metadata=None, overwrite=True, **options):
        return self.begin("coffer.v1.StoreService/Save",
                          {1: secret, 2: value, 3: protobuf.pairs(metadata or {}),
                           4: overwrite}, **options)

    def save(self, *arguments, **options):
        self.finish(self.begin_save(*arguments, **options))

    def remove(self, secret, **options):
        self.call("coffer.v1.StoreService/Remove", {1: secret}, **options)

    def read(self, secret, **options):
        return envelopes(self.call("coffer.v1.StoreService/Read", {1: secret}, **options))

    def state(self):
        """kind, place, key, locked, has passphrase"""
        found = self.call("coffer.v1.StoreService/State", {})
        words = [found.get(n, [b""])[0].decode() for n in (1, 2, 3)]
        return (*words, *(bool(found.get(n, [0])[0]) for n in (4, 5)))

    def protect(self, how, old=b"", new=b"", **options):
        self.call("coffer.v1.StoreService/Protect", {1: how, 2: old, 3: new}, **options)

    def unlock(self, passphrase=b"", **options):
        self.call("coffer.v1.StoreService/Unlock", {1: passphrase}, **options)

    def lock(self, **options):
        self.call("coffer.v1.StoreService/Lock", {}, **options)

    def ping(self, timeout=TIMEOUT):
        """Until it answers a ping."""
        self.connection.ping(time.monotonic() + timeout)

    def remembers(self, words):
        """Are these bytes in its memory, once it is done with its last answer?"""
        self.ping()
        pid = child_of(self.process.pid)
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            return any(words in mapping(memory, line) for line in maps
                       if line.split()[1].startswith("rw"))

    # ---- its end

    def kill(self):
        os.kill(child_of(self.process.pid), signal.SIGKILL)
        self.process.wait()
        self.connection.socket.close()

    def stop(self):
        """Says goodbye; returns the exit status and what it wrote to stderr."""
        self.connection.socket.close()
        _, said = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, said.decode()


def mapping(memory, line):
    """What is in a mapping that is a line of /proc/PID/maps."""
    start, end = (int(part, 16) for part in line.split()[0].split("-"))
    if end - start > SHADOW:
        return b""
    memory.seek(start)
    return memory.read(end - start)


class Secret:
    """One envelope of an answer."""

    def __init__(self, data):
        fields = protobuf.decode(data)
        self.id = fields[1][0].decode()
        self.value = fields.get(2, [b""])[0]
        self.version = fields.get(4, [b""])[0].decode()
        self.metadata = protobuf.read_pairs(fields.get(8, []))
        self.created_at, self.expires_at = read_time(fields.get(5)), read_time(fields.get(7))


def read_time(values):
    """Seconds since 1970; None for what is unset, Go's zero time."""
    seconds = protobuf.decode(values[0]).get(1, [0])[0] if values else UNSET
    return None if seconds == UNSET else seconds


def envelopes(answer):
    """An answer as {id: Secret}; an id that comes twice is an error."""
    found = [Secret(data) for data in answer.get(1, [])]
    assert len({s.id for s in found}) == len(found), [s.id for s in found]
    return {s.id: s for s in found}


def sanitizers():
    return {k: v for k, v in os.environ.items() if k in ("ASAN_OPTIONS", "LSAN_OPTIONS",
                                                         "UBSAN_OPTIONS")}


def refused(code, function, *arguments, **options):
    """Calls a function that must be refused with this code; returns the message."""
    try:
        function(*arguments, **options)
    except Refused as refusal:
        assert refusal.code == code, refusal
        return refusal.message
    raise AssertionError(f"not refused with {code}")
