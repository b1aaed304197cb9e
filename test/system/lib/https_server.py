# SPDX-License-Identifier: Apache-2.0
"""A server of JSON over HTTPS in a node, in this process: a test sees and steers it directly.

    authority = Authority(folder)
    class Mine(Server):
        def answer(self, request): return 200, {"hello": request.path}
    server = Mine(node, authority)       # server.address, server.requests

What may go wrong is asked for by server.fault: "silent" takes a request and never answers, "cut"
breaks off within the answer, "huge" answers more than anybody should read, "heads" with heads that
don't end, "garbage" no JSON, "redirect" sends elsewhere.
"""

import ctypes
import http.server
import json
import socket
import socketserver
import ssl
import subprocess
import threading

CLONE_NEWNET = 0x40000000
HUGE = 64 << 20


class Authority:
    """Makes certificates; `file` is what those trust who trust it."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.file, self.key = folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-days", "2", "-subj", "/CN=test authority", "-keyout", self.key,
                "-out", self.file)

    def certify(self, name):
        """(certificate, key) for an address or a host name."""
        kind = "IP" if name[0].isdigit() else "DNS"
        request, key, made = (self.folder / f"{name}.{end}" for end in ("csr", "key", "pem"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key,
                "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", made)
        return made, key


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


def listen_in(node):
    """A listening socket on the node's own loopback: a thread enters its network for a moment."""
    made = []
    def enter():
        with open(f"/proc/{node.pid}/ns/net", "rb") as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        made.append(socket.create_server(("127.0.0.1", 0)))
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return made[0]


class Request:
    def __init__(self, handler):
        self.method, self.path = handler.command, handler.path
        self.headers = dict(handler.headers)
        length = int(handler.headers.get("Content-Length", 0))
        self.body = handler.rfile.read(length)

    def __repr__(self):
        return f"{self.method} {self.path}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self):
        request = Request(self)
        self.server.owner.serve(request, self)

    do_GET = do_LIST = do_POST = serve

    def log_message(self, *_):
        pass


class Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner, listening, context):
        super().__init__(listening.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.owner, self.socket, self.context = owner, listening, context

    def finish_request(self, request, client_address):
        """The handshake belongs to the connection's own thread: a client may break it off."""
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # clients that go away are part of the tests


class Server:
    def __init__(self, node, authority=None, name="127.0.0.1"):
        listening = listen_in(node)
        scheme, context = "http", None
        if authority:
            scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority.certify(name))
        self.port = listening.getsockname()[1]
        self.address = f"{scheme}://127.0.0.1:{self.port}"
        self.requests, self.fault, self.lock = [], None, threading.Lock()
        self.heads = 0
        self.asked, self.release = threading.Event(), threading.Event()
        self.listener = Listener(self, listening, context)
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def answer(self, request):
        """(status, what is JSON or None)"""
        raise NotImplementedError

    def serve(self, request, handler):
        with self.lock:
            self.requests.append(request)
            self.asked.set()
        if self.fault == "silent":
            self.release.wait()
        if self.release.is_set():
            handler.close_connection = True
            return
        status, value = self.answer(request)
        body = json.dumps(value).encode() if value is not None else b""
        if self.fault == "garbage":
            body = b"<html>" + body
        if self.fault == "redirect":
            status = 307
        if self.fault == "huge":
            body += b" " * HUGE
        handler.send_response(status)
        if self.fault == "heads":
            self.send_heads(handler)
        if self.fault == "redirect":
            handler.send_header("Location", self.address + "/elsewhere")
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.fault == "cut":
            handler.wfile.write(body[:len(body) // 2])
            handler.close_connection = True
        else:
            handler.wfile.write(body)

    def send_heads(self, handler):
        """Until the other side has enough of it."""
        handler.flush_headers()
        try:
            while True:
                handler.wfile.write(b"X-More: " + b"x" * 8000 + b"\r\n")
                self.heads += 1
        except OSError:
            handler.close_connection = True

    def forget(self):
        """Counts requests anew."""
        with self.lock:
            self.requests.clear()
            self.asked.clear()

    def close(self):
        """Connections that are open break off with their next request."""
        self.release.set()
        self.listener.shutdown()
        self.listener.server_close()


