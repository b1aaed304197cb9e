# SPDX-License-Identifier: Apache-2.0
"""What tests of references in containers share: a place whose engine has coffer-runtime, a scripted
secrets engine, and the search for a value."""

import json
import os
import pathlib
import subprocess

import places
import wait
from api import Api
from daemon import Daemon
from engine import CONTAINERS_CONF, NO_LIMIT_OF_PROCESSES, Engine, lacks_pids_controller
from fixture import Fixture
from harness import skip, test
from node import Node
from system_folders import lend_system_folders
from places import BUILD, ROOT

RUNTIME = BUILD / "src" / "coffer-runtime"
REAL = {"podman": "/usr/bin/crun", "dockerd": "/usr/sbin/runc"}
RUNTIME_INSTALLED = pathlib.Path("/usr/local/libexec/coffer/coffer-runtime")
LATER = "trap 'exit 0' TERM; sleep 1000000 & wait"


class Secrets:
    """A scripted secrets engine of a user's, in the node."""

    def __init__(self, node, uid=0, **values):
        self.node, self.values = node, {}
        folder = "/run/coffer-engine" if uid == 0 else f"/run/user/{uid}/coffer"
        node.path(folder).mkdir(parents=True, exist_ok=True)
        os.chown(node.path(folder), uid, uid)
        self.file = node.folder / f"secrets-{uid}.json"
        self.log = node.folder / f"asked-{uid}"
        self.log.touch()
        os.chown(self.log, uid, uid)
        self.set(**values)
        self.process = node.popen(
            ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups",
             ROOT / "test/rig/secrets_engine.py", f"{folder}/engine.sock", self.file, self.log],
            stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"ready\n"

    def set(self, **values):
        self.values.update({key.replace("__", "/"): value for key, value in values.items()})
        self.file.write_text(json.dumps(self.values))

    def asked(self):
        return self.log.read_text().split()

    def stop(self):
        self.process.terminate()  # nsenter; its child goes with the node
        self.process.stdout.close()


class OwnPodman(Engine):
    """The Podman that a cofferd started for itself, with a storage in the node's folder."""

    def __init__(self, node):
        self.kind, self.node = "podman", node
        self.storage = node.folder / "containers"
        self.storage.mkdir()
        node.run(["mount", "--bind", self.storage, "/var/lib/containers"])

    def take(self, cofferd):
        self.daemon, self.socket = cofferd.daemon, cofferd.run / "podman.sock"
        self.api = Api(self.socket)


class Place:
    """A node with an engine that has coffer-runtime, a cofferd, and a docker CLI. It has a /root of its
    own: root's secrets engine is started there."""

    def __init__(self, kind, settings="", runtime=RUNTIME, daemon=None):
        if not RUNTIME.exists():
            skip("coffer-runtime is not built")
        self.node = Node("refs")
        self.node.folder.chmod(0o755)
        lend_system_folders(self)
        self.engine = Engine(kind, self.node, runtime)
        if daemon:
            self.configure(daemon)
        self.hands = Fixture(self.node, self.engine, places.newest_cli())
        self.kind, self.settings = kind, settings

    def __enter__(self):
        try:
            self.engine.start()
            self.engine.load("busybox")
            self.cofferd = self.hands.start_cofferd("--group", "nogroup")
            self.set("")
        except BaseException:
            self.node.stop()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if error:
            error.logs = [("cofferd", self.cofferd.daemon.tail())] if hasattr(self, "cofferd") else []
        try:
            self.hands.close()
        finally:
            self.node.stop()

    def set(self, settings):
        self.engine.settings.write_text(f"runtime = {REAL[self.kind]}\n{self.settings}\n"
                                        f"references = {self.cofferd.state}/references\n"
                                        f"files = {self.cofferd.run}/files\n{settings}\n")

    def configure(self, settings):
        """Adds to dockerd's daemon.json."""
        path = self.node.folder / "daemon.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))
        self.add_mapped_user(settings.get("userns-remap", ""))

    def add_mapped_user(self, name):
        """Somebody with uids of their own to give to containers, in the node's /etc."""
        if name:
            self.node.run(["useradd", "--system", "--no-create-home", name])
            for path in ("/etc/subuid", "/etc/subgid"):
                self.node.run(["sh", "-c", f"sed -i '/^{name}:/d' {path}; echo {name}:300000:200000 >>{path}"])

    def without_engined(self):
        """As if coffer-engined were not installed."""
        self.node.run(["mount", "--bind", "/dev/null", BUILD / "src" / "coffer-engined"])

    @property
    def docker(self):
        return self.hands.docker

    def open_to_all(self):
        """Lets every user reach cofferd's socket."""
        self.cofferd.socket.chmod(0o666)
        for folder in (self.node.folder, self.cofferd.folder, self.cofferd.run):
            folder.chmod(0o755)

    def docker_as(self, uid, *arguments):
        """The docker client as a user of this machine; a CompletedProcess."""
        home = self.node.folder / f"docker-{uid}"
        if not home.exists():
            home.mkdir()
            os.chown(home, uid, uid)
        return subprocess.run(
            ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", self.docker.program,
             *arguments], env={**self.docker.env, "HOME": str(home), "DOCKER_CONFIG": str(home)},
            check=False, capture_output=True, text=True)

    def run(self, *arguments, script, check=True):
        return self.docker("run", "--rm", *arguments, "busybox:latest", "sh", "-c", script,
                           check=check)


class OwnPlace(Place):
    """A node with a cofferd that starts its Podman itself, as one from a build folder does."""

    def __init__(self):
        if not RUNTIME.exists():
            skip("coffer-runtime is not built")
        self.node = Node("refs")
        self.node.folder.chmod(0o755)
        lend_system_folders(self)
        self.kind = "podman"
        self.hands = Fixture(self.node, None, places.newest_cli())
        self.engine = OwnPodman(self.node)

    def __enter__(self):
        try:
            self.cofferd = self.hands.start_cofferd("--group", "nogroup")
            self.engine.take(self.cofferd)
            self.engine.load("busybox")
            self.hands.engine = self.engine
        except BaseException:
            self.node.stop()
            raise
        return self


class UnitPlace(OwnPlace):
    """A node whose Podman runs as coffer-podman.service says, and a cofferd with the folders that an
    installation has."""

    def __init__(self):
        super().__init__()
        self.node.run(["mkdir", "-p", "/run/coffer-podman", "/etc/coffer", RUNTIME_INSTALLED.parent])
        self.node.run(["ln", "-sf", RUNTIME, RUNTIME_INSTALLED])
        self.node.run(["cp", ROOT / "packaging/runtime.conf", "/etc/coffer/runtime.conf"])
        unit = (BUILD / "packaging/coffer-podman.service").read_text()
        command = unit.split("ExecStart=")[1].splitlines()[0].split()
        conf = self.node.folder / "containers.conf"
        conf.write_text(CONTAINERS_CONF.format(
            runtime="", limits=NO_LIMIT_OF_PROCESSES if lacks_pids_controller() else ""))
        self.daemon = Daemon(self.node, "podman", command, {"CONTAINERS_CONF": str(conf)})

    def __enter__(self):
        try:
            self.daemon.start()
            self.engine.daemon, self.engine.socket = self.daemon, "/run/coffer-podman/podman.sock"
            self.engine.api = Api(self.node.path(self.engine.socket))
            self.engine.load("busybox")
            self.hands.engine = self.engine
            self.cofferd = self.hands.new_cofferd(("--group", "nogroup"), state="/var/lib/coffer")
            self.cofferd.start()
            self.hands.cofferd = self.cofferd
        except BaseException:
            self.node.stop()
            raise
        return self


def each(function):
    """The test once on each kind of engine; nothing of the harness's own is started."""
    def run_on(kind):
        def run(_):
            function(kind)
        run.__name__ = f"{function.__name__}_on_{kind}"
        run.__module__ = function.__module__
        return run
    for kind in ("podman", "dockerd"):
        test(engines=(None,), cofferd=False, reference=False)(run_on(kind))
    return function


def holders(value):
    """The programs of this machine that have it in their environment."""
    found = set()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if value.encode() in (folder / "environ").read_bytes():
                found.add((folder / "comm").read_text().strip())
            assert value.encode() not in (folder / "cmdline").read_bytes()
        except OSError:  # it has ended, or is none of ours
            continue
    return found


def only_in(value, programs):
    """These programs have it in their environment, once they are there, and no others."""
    found = wait.until(None, "a process that has the value", lambda: holders(value))
    assert found <= programs, found


def nowhere(p, *values):
    """No file of the node, of its engine, of cofferd, in /run, nor a log has it."""
    ours = {p.node.folder / "secrets-0.json"}
    for root in (p.node.folder, p.node.path("/run")):
        for folder, _, names in os.walk(root):
            for name in names:
                path = pathlib.Path(folder, name)
                if path in ours or not path.is_file() or path.is_symlink():
                    continue
                data = path.read_bytes()
                # the scripts above print values: what they printed is in the container's log
                for value in values:
                    assert value.encode() not in data or name.endswith(("-json.log", "ctr.log")), path
