# SPDX-License-Identifier: Apache-2.0
"""Containers whose variables are references, beside the same ones without, on both kinds of engine.

The first creation in a minute, which asks the engine whether it has coffer-runtime, isn't counted.
"""

import json
import sys

import places
from cofferd import Cofferd
from engine import Engine
from measure import expect, in_turn, more, say, show, spawned, timed
from node import Node
from store import PATH, VALUE, Store

RUNTIME = places.BUILD / "src" / "coffer-runtime"
REAL = {"podman": "/usr/bin/crun", "dockerd": "/usr/sbin/runc"}
REFERENCES = 5
ROUNDS = 12
RUNTIME_ROUNDS = 60
AIM = 10
COMMAND = ["sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait"]
VARIABLES = [f"KEY{i}=se://bench/{i}" for i in range(REFERENCES)]


class Place:
    """An engine whose runtime is ours, a cofferd on it, and root's secrets engine, in a node."""

    def __init__(self, node, kind):
        self.node, self.kind = node, kind
        self.engine = Engine(kind, node, RUNTIME)
        self.engine.start()
        self.engine.load("busybox")
        self.cofferd = Cofferd(node, "c", self.engine, ["--log-level", "warn"]).start()
        self.engine.settings.write_text(f"runtime = {REAL[kind]}\n"
                                        f"references = {self.cofferd.state}/references\n")
        self.start_secrets()

    def start_secrets(self):
        """On demand, with its files in the node's folder and its socket where root's is."""
        config = self.node.folder / "home/.config/coffer"
        config.mkdir(parents=True)
        (config / "engine.conf").write_text(f"store = file\nplugin-dir = {places.PLUGINS}\n")
        for i in range(REFERENCES):
            self.node.run([places.COFFER, "pass", "set", f"bench/{i}={VALUE}"],
                          env={"PATH": PATH, "HOME": str(self.node.folder / "home")})


# ---- one container

def start(api, path, body):
    """Creates and starts one, in milliseconds; it is gone afterwards."""
    made = []

    def run():
        made.append(expect(api.post(path, body), 201).json["Id"])
        expect(api.post(f"/containers/{made[0]}/start"), 204)
    spent = timed(run)
    expect(api.delete(f"/containers/{made[0]}?force=1&v=1"), 204)
    return spent


def starter(engine_api, kind=None, runtime=None, **fields):
    """With a runtime by its name. Podman's own API has a word for it, so that serves for all of its runtimes."""
    path, body = "/containers/create", {"Image": "busybox:latest", "Cmd": COMMAND, **fields}
    if kind == "podman":
        path = "//v4.0.0/libpod/containers/create"
        body = {"image": "busybox:latest", "command": COMMAND, **({"oci_runtime": runtime} if runtime else {})}
    elif runtime:
        body["HostConfig"] = {"Runtime": runtime}
    return lambda: start(engine_api, path, body)


def measure_containers(p):
    own, ours = ("crun", None) if p.kind == "podman" else (None, "coffer")
    names = {"none": "cofferd, no reference", "five": f"cofferd, {REFERENCES} references",
             "bare": f"{p.kind}, {own or 'runc'} alone",
             "shim": f"{p.kind}, coffer-runtime, no reference"}
    samples = in_turn({
        names["none"]: starter(p.cofferd.api),
        names["five"]: starter(p.cofferd.api, Env=VARIABLES),
        names["bare"]: starter(p.engine.api, p.kind, own),
        names["shim"]: starter(p.engine.api, p.kind, ours),
    }, ROUNDS)
    show(f"a container created and started, {p.kind}, ms", samples, (names["bare"],))
    print("  more, median of the differences and least to least, ms:")
    for words, one, other, aim in ((f"{REFERENCES} references", "five", "none", AIM),
                                   ("coffer-runtime", "shim", "bare", None)):
        median, least = more(samples, names[one], names[other])
        note = "" if aim is None else f"   aim {aim}: {'met' if min(median, least) < aim else 'MISSED'}"
        print(f"  {words:<48}{median:>10.1f}{least:>10.1f}{note}")
    sys.stdout.flush()


# ---- the runtime alone

def bundle(folder, variables):
    folder.mkdir()
    config = {"ociVersion": "1.0.2", "root": {"path": "rootfs"},
              "process": {"cwd": "/", "args": COMMAND, "user": {"uid": 0, "gid": 0},
                          "env": ["PATH=/bin", "TERM=xterm", *variables]}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def measure_runtime(node):
    """What stands in for the real runtime does nothing."""
    store = Store(node.folder / "runtime", "file")
    for i in range(REFERENCES):
        store.set(f"bench/{i}")
    settings = store.folder / "runtime.conf"
    settings.write_text(f"runtime = /usr/bin/true\nuid = 0\nreferences = {store.folder}/references\n")

    def create(folder):
        return spawned([RUNTIME, f"--coffer-config={settings}", "create", "--bundle", folder, "c"], store.env)
    samples = in_turn({
        "true": spawned(["/usr/bin/true"], store.env),
        "coffer-runtime create, no reference": create(bundle(store.folder / "none", [])),
        f"coffer-runtime create, {REFERENCES} references": create(bundle(store.folder / "five", VARIABLES)),
    }, RUNTIME_ROUNDS)
    show("coffer-runtime in front of `true`, ms", samples, ("true",))
    store.stop()


def main(_):
    for kind in ("podman", "dockerd"):
        say(f"starts: {kind}")
        node = Node("bench")
        try:
            if kind == "podman":
                measure_runtime(node)
            place = Place(node, kind)
            measure_containers(place)
            place.engine.clear()
            place.cofferd.stop()
        finally:
            node.stop()


PARTS = {"starts": measure_containers}
