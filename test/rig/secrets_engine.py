#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A scripted secrets engine: what Docker's and coffer's answer to GetSecrets, from a JSON file.

    secrets_engine.py SOCKET FILE [LOG]

FILE is {"id": "value", ...} and is read anew for each request. A key may also be
"!PATTERN": its value is the text of an error that a request for just that pattern gets. Each
pattern that is asked for becomes a line of LOG. It knows ids and patterns and nothing else.
"""

import http.server
import json
import os
import pathlib
import re
import socketserver
import sys


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        shift, at = shift + 7, at + 1
        if byte < 128:
            return value, at


def first_text(data):
    """Field 1 of a message whose fields are all texts."""
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        size, at = read_varint(data, at)
        if key == 10:
            return data[at:at + size].decode()
        at += size
    return ""


def matches(pattern, identity):
    parts = [".*" if part == "**" else "[^/]+" if part == "*" else re.escape(part)
             for part in pattern.split("/")]
    return re.fullmatch("/".join(parts), identity) is not None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        pattern = first_text(body)
        if self.server.log:
            with open(self.server.log, "a") as log:
                log.write(pattern + "\n")
        known = json.loads(pathlib.Path(self.server.file).read_text())
        found = b"".join(field(1, field(1, k.encode()) + field(2, v.encode()) + field(3, b"scripted"))
                         for k, v in sorted(known.items()) if k[0] != "!" and matches(pattern, k))
        if "!" + pattern in known:
            self.fail(500, "internal", known["!" + pattern])
        elif found:
            self.answer(200, "application/proto", found)
        else:
            self.fail(404, "not_found", "secret not found")

    def fail(self, status, code, message):
        self.answer(status, "application/json",
                    json.dumps({"code": code, "message": message}).encode())

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def main():
    path = sys.argv[1]
    if os.path.exists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    server = Server(path, Handler)
    server.file = sys.argv[2]
    server.log = sys.argv[3] if len(sys.argv) > 3 else None
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
