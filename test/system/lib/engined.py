# SPDX-License-Identifier: Apache-2.0
"""coffer-engined with folders of its own, asked by curl."""

import base64
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import textwrap
import time

import places
from node import child_of

TIMEOUT = 30
ENGINED = places.BUILD / "src" / "coffer-engined"
IS_SANITIZED = ENGINED.exists() and b"__asan_init" in ENGINED.read_bytes()
EXAMPLE = places.BUILD / "examples" / "example-plugin"

GET = "resolver.v1.ResolverService/GetSecrets"
AUTHORIZE = "resolver.v1.AuthorizerService/Authorize"
LIST_PLUGINS = "plugins.v1.PluginManagementService/ListPlugins"
ENABLE = "plugins.v1.PluginManagementService/EnablePlugin"
DISABLE = "plugins.v1.PluginManagementService/DisablePlugin"
SAVE = "coffer.v1.StoreService/Save"
REMOVE = "coffer.v1.StoreService/Remove"
LIST = "coffer.v1.StoreService/List"
READ = "coffer.v1.StoreService/Read"


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        return self.json.get("message", "")

    def __repr__(self):
        return f"{self.status} {self.body!r}"


class Engined:
    """One engine: its folder, its process. uid: whose it is."""

    def __init__(self, t, uid=0, env=None, **settings):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="coffer-engined-"))
        self.uid, self.process, self.inner = uid, None, None
        self.programs = self.home / "programs"
        self.socket = self.home / "engine.sock"
        (self.home / "plugins").mkdir()
        self.programs.mkdir()
        self.settings(**{"store": "file", "plugin-dir": self.programs, **settings})
        self.env = {"HOME": str(self.home), "PATH": os.environ["PATH"],
                    **(env if env is not None else {"COFFER_HOME": str(self.home)})}
        t.defer(self.close)

    # ---- before it starts

    def settings(self, **settings):
        text = "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in settings.items())
        (self.home / "engine.conf").write_text(text)

    def program(self, name, script):
        """Puts a program into the plugin folder."""
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def example(self, name="hello"):
        """The SDK's example as a plugin."""
        path = self.programs / name
        path.symlink_to(EXAMPLE)
        self.plugin_settings(name, "")
        return path

    def store(self):
        """The encrypted files as the local store."""
        return self.own_plugin("file")

    def own_plugin(self, name):
        """One of coffer's plugins."""
        path = self.programs / f"coffer-plugin-{name}"
        path.symlink_to(places.PLUGINS / path.name)
        return path

    def scripted(self, name, script, settings=""):
        """A plugin that does what a script in Python says, on plugin_side."""
        lib = pathlib.Path(__file__).parent
        path = self.programs / name
        path.write_text("#!/usr/bin/python3 -B\nimport os, signal, sys, time\n"
                        f"sys.path[:0] = ['{lib}', '{lib.parents[1] / 'rig'}']\n"
                        f"from plugin_side import *\n{textwrap.dedent(script)}\n")
        path.chmod(0o755)
        self.plugin_settings(name, f"{settings}allow-read = {lib.parents[1]}\n")
        return path

    def plugin_settings(self, name, text):
        """What isn't installed is where a plugin may not read by itself."""
        of_tree = f"allow-read = {places.BUILD}\n" if (self.programs / name).is_symlink() else ""
        (self.home / "plugins" / f"{name}.conf").write_text(text + of_tree)

    # ---- its life

    def own(self):
        """Everything in its folder is its user's."""
        for folder, _, files in os.walk(self.home):
            for name in (".", *files):
                os.chown(os.path.join(folder, name), self.uid, self.uid, follow_symlinks=False)

    def command(self, *arguments):
        user = [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"] if self.uid else []
        # After a failed test nobody else ends it.
        return ["setpriv", "--pdeathsig", "KILL", *user, ENGINED, *arguments]

    def start(self, *arguments, spawn=subprocess.Popen):
        self.own()
        self.inner = None
        ready, theirs = os.pipe()
        with open(self.home / "engine.log", "ab") as log:
            self.process = spawn(self.command("--ready-fd", str(theirs), *arguments), env=self.env,
                                 pass_fds=[theirs], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(theirs)
        with open(ready, "rb") as lines:
            assert lines.readline() == b"ready\n", self.log
        return self

    def start_in(self, node, *arguments):
        """In a node, where the abstract names are its own."""
        self.start(*arguments, spawn=node.popen)
        self.inner = child_of(self.process.pid)
        return self

    @property
    def pid(self):
        """The engine's, also where our child only waits for it."""
        return self.inner or self.process.pid

    @property
    def log(self):
        return (self.home / "engine.log").read_text()

    def wait(self):
        return self.process.wait(TIMEOUT)

    def stop(self, number=signal.SIGTERM):
        os.kill(self.pid, number)
        return self.wait()

    def close(self):
        if self.process and self.process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    # ---- asking

    def curl(self, *arguments, data=None, socket=None, uid=None, run=subprocess.run):
        user = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"] if uid else []
        where = socket or ["--unix-socket", self.socket]
        done = run([*user, "curl", "-s", "-o", "-", "-w", "\n%{http_code}", "--max-time",
                    str(TIMEOUT), *where, *arguments], input=data, stdout=subprocess.PIPE, check=True)
        body, _, status = done.stdout.rpartition(b"\n")
        return Answer(int(status), body.decode(errors="surrogateescape"))

    def call(self, procedure, message, **options):
        return self.curl("-H", "Content-Type: application/json", "--data-binary", "@-",
                         f"http://unix/{procedure}", data=json.dumps(message).encode(), **options)

    def get(self, pattern, **options):
        """{(id, provider): value}"""
        answer = self.call(GET, {"pattern": pattern}, **options)
        assert answer.status == 200, answer
        return {(e["id"], e["provider"]): base64.b64decode(e.get("value", ""))
                for e in answer.json["envelopes"]}

    def save(self, name, value, **more):
        answer = self.call(SAVE, {"id": name, "value": base64.b64encode(value).decode(), **more})
        assert answer.status == 200, answer

    def plugins(self):
        answer = self.call(LIST_PLUGINS, {})
        assert answer.status == 200, answer
        return {p["name"]: p for p in answer.json.get("plugins", [])}

    def status(self, name):
        return self.plugins().get(name, {}).get("runStatus", "").removeprefix("RUN_STATUS_")

    def program_pids(self):
        """The programs of the plugins; between them and the engine are their keepers."""
        return [self.pids(keeper)[0] for keeper in self.pids()]

    def pids(self, parent=None):
        """The children of the engine, which keep its plugins."""
        pid = parent or self.pid
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(word) for word in text.split()]

    def until(self, condition):
        """Asks again whenever the engine's log grows, until the condition holds."""
        end = time.monotonic() + TIMEOUT
        watch = subprocess.Popen(["tail", "-c", "+1", "-F", self.home / "engine.log"],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            while not condition():
                left = end - time.monotonic()
                ready = select.select([watch.stdout], [], [], max(left, 0))[0]
                assert ready, f"it did not happen; the log:\n{self.log}"
                os.read(watch.stdout.fileno(), 65536)
        finally:
            watch.kill()
            watch.wait()
            watch.stdout.close()
