# SPDX-License-Identifier: Apache-2.0
"""A raw HTTP client over a unix socket: what it is told to send, it sends."""

import http.client
import json
import socket
import urllib.parse

TIMEOUT = 60
VERSION = "v1.41"


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout=TIMEOUT):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        """The text of an error answer."""
        return self.json["message"]

    def __repr__(self):
        return f"{self.status} {self.text[:300]}"


class Api:
    """Paths are below /v1.41, unless they begin with // (then they are sent as written)."""

    def __init__(self, path, timeout=TIMEOUT):
        self.path, self.timeout = path, timeout

    def request(self, method, path, body=None, headers=None):
        connection = Connection(self.path, self.timeout)
        try:
            response = self._send(connection, method, path, body, headers)
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    @staticmethod
    def _send(connection, method, path, body, headers):
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        target = path[1:] if path.startswith("//") else f"/{VERSION}{path}"
        connection.request(method, target, body, headers)
        return connection.getresponse()

    def get(self, path, **filters):
        return self.request("GET", with_filters(path, filters))

    def post(self, path, body=None, headers=None):
        return self.request("POST", path, body, headers)

    def delete(self, path):
        return self.request("DELETE", path)

    def stream(self, path, method="GET", body=None):
        """A response that is read as it comes; the caller closes it."""
        connection = Connection(self.path, self.timeout)
        response = self._send(connection, method, path, body, None)
        return Stream(connection, response)

    def raw(self, data, half_close=False):
        """Sends bytes on a new connection and returns all that comes back until it ends."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(self.timeout)
            sock.connect(str(self.path))
            try:
                sock.sendall(data)
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was refused before it was read to the end; the answer says why
            return read_all(sock)


class Stream:
    def __init__(self, connection, response):
        self.connection, self.response = connection, response
        # The connection forgets its socket once a response ends it, but the response reads on.
        self.sock = connection.sock

    def lines(self):
        """JSON values, one a line, until the stream ends."""
        for line in self.response:
            if line.strip():
                yield json.loads(line)

    def close(self):
        self.response.close()
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_all(sock):
    parts = []
    while True:
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            break  # what was answered before has been read
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def with_filters(path, filters):
    if not filters:
        return path
    encoded = json.dumps({key: values if isinstance(values, list) else [values]
                          for key, values in filters.items()})
    return f"{path}{'&' if '?' in path else '?'}filters={urllib.parse.quote(encoded)}"
