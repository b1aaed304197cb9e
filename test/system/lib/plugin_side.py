# SPDX-License-Identifier: Apache-2.0
"""What a test's own plugin is made of: a program that an engine starts, and that does what its script
says, also what no plugin should. See Engined.scripted.

    serve(get=lambda call: call.found({"a/b": b"value"}))
"""

import json
import os
import socket
import time

import protobuf
from plugin import FIN, VARIABLE, WINDOW, Connection

NEVER = 1e9  # seconds; the test ends long before
GET = "resolver.v1.ResolverService/GetSecrets"
CHECK = "accesscontrol.v1.AccessControlService/CheckAccess"
AUTHORIZE = "accesscontrol.v1.AccessControlService/Authorize"
SHUTDOWN = "plugins.v1.PluginService/Shutdown"


class Call:
    """One of the engine's, on a stream."""

    def __init__(self, side, number, message):
        self.side, self.number = side, number
        self.path = message[0].split()[1].lstrip("/")
        self.fields = protobuf.decode(message[2])

    @property
    def pattern(self):
        return self.fields[1][0].decode()

    def send(self, data):
        """Bytes as they are, without an end."""
        self.side.connection.send(0, 0, self.number, len(data), data)

    def finish(self):
        self.side.connection.send(WINDOW, FIN, self.number, 0)

    def write(self, data):
        """All of it, as the engine gives room, and the end."""
        self.side.connection.write(self.number, data, NEVER)

    def answer(self, body):
        self.write(head(len(body)) + body)

    def found(self, values, **times):
        """The secrets of an answer; expires: a time since 1970."""
        self.answer(b"".join(protobuf.encode({1: envelope(*item, **times)})
                             for item in values.items()))

    def decide(self, is_allowed, expires=None):
        self.answer(protobuf.encode({1: int(is_allowed),
                                     **({2: protobuf.encode({1: expires})} if expires else {})}))


def envelope(name, value, expires=None):
    return protobuf.encode({1: name, 2: value,
                            **({7: protobuf.encode({1: expires})} if expires else {})})


def head(length, status="200 OK"):
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/proto\r\nContent-Length: {length}\r\n"
            "Connection: close\r\n\r\n").encode()


class Side:
    def __init__(self):
        self.launch = json.loads(os.environ[VARIABLE])
        self.connection = Connection(socket.socket(fileno=self.launch["fd"]))
        self.connection.next_id = 1
        self.served = set()

    def begin(self, method, message):
        """Calls the engine; returns the stream."""
        number = self.connection.open()
        body = protobuf.encode(message)
        self.connection.write(number, f"POST /{method} HTTP/1.1\r\nHost: unix\r\n"
                              "Content-Type: application/proto\r\nConnect-Protocol-Version: 1\r\n"
                              f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                              + body, NEVER)
        return number

    def call(self, method, message):
        """(status, body)"""
        number = self.begin(method, message)
        while not (answer := self.connection.streams[number].message()):
            self.connection.receive(NEVER)
        return int(answer[0].split()[1]), answer[2]

    def register(self, pattern="**", is_module=False, name=None):
        role = {4: b""} if is_module else {3: protobuf.encode({1: pattern})}
        return self.call("plugins.v1.RegisterService/RegisterPlugin",
                         {1: name or self.launch["name"], 2: "v1.0.0", **role})

    def next_call(self):
        """The engine's next call, when it is whole."""
        while True:
            for number, stream in self.connection.streams.items():
                if number % 2 == 0 and number not in self.served and stream.message():
                    self.served.add(number)
                    return Call(self, number, stream.message())
            self.connection.receive(NEVER)

    def is_reset(self, call):
        """Waits until the engine breaks the call off."""
        while not self.connection.streams[call.number].is_reset:
            self.connection.receive(NEVER)
        return True


def serve(get=None, check=None, authorize=None, pattern="**", side=None):
    """Registers and serves; what isn't said is never answered, but for the engine's goodbye."""
    if side is None:
        side = Side()
        side.register(pattern, is_module=bool(check or authorize))
    handlers = {GET: get, CHECK: check, AUTHORIZE: authorize}
    while True:
        call = side.next_call()
        if call.path == SHUTDOWN:
            call.answer(b"")
        elif handlers.get(call.path):
            handlers[call.path](call)


def in_a_moment(seconds):
    """A time since 1970."""
    return int(time.time() + seconds)
