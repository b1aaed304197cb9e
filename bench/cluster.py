# SPDX-License-Identifier: Apache-2.0
"""Secrets and services of a cluster beside Docker Swarm.

Three subjects get the same requests: a real dockerd as its own swarm, cofferd with dockerd as its engine, cofferd with
Podman. Beside them stands the floor: the engine's own create and start of as many containers. A ratio below 1 means
that coffer takes less than Docker Swarm.
"""

import base64
import concurrent.futures
import pathlib
import statistics
import sys
import threading
import time

from measure import expect, timed
from api import Api, Connection
from cofferd import Cofferd
from engine import Engine
from node import Node

COMMAND = ["sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait"]
IMAGE = "busybox:latest"
LABEL = "com.docker.swarm.service.name"
SECRETS_ALONE = 200
SECRETS_TOGETHER = 2000
IN_FLIGHT = 64
MANY_SECRETS = 10000
MANY_SERVICES = 1000
REPLICAS = (1, 10, 30)
ROUNDS = {1: 5, 10: 3, 30: 2}
PAUSE = 0.004  # between two looks at the tasks


class Subject:
    """One system under measurement: its API, its engine, its process."""

    def __init__(self, name, api, engine, daemon):
        self.name, self.api, self.engine, self.daemon = name, api, engine, daemon
        self.figures = {}

    def resident(self):
        """Resident memory of the daemon, in MB."""
        for line in pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmRSS")


class Creator:
    """A client with a connection of its own that creates secrets."""

    def __init__(self, api):
        self.connection = Connection(api.path)

    def create(self, name):
        body = {"Name": name, "Labels": {}, "Data": base64.b64encode(name.encode()).decode()}
        response = Api._send(self.connection, "POST", "/secrets/create", body, None)
        text = response.read()
        if response.status != 201:
            raise RuntimeError(text)


# ---- secrets

def measure_secrets(subject):
    creator = Creator(subject.api)
    times = [timed(creator.create, f"alone{i}") for i in range(SECRETS_ALONE)]
    subject.figures["secret create, one client"] = statistics.median(times)
    local = threading.local()

    def create(i):
        if not hasattr(local, "creator"):
            local.creator = Creator(subject.api)
        local.creator.create(f"together{i}")

    with concurrent.futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
        spent = timed(lambda: list(pool.map(create, range(SECRETS_TOGETHER))))
    subject.figures[f"secret create, {IN_FLIGHT} in flight, each"] = spent / SECRETS_TOGETHER


# ---- services

def service_spec(name, replicas):
    return {"Name": name, "Mode": {"Replicated": {"Replicas": replicas}},
            "TaskTemplate": {"ContainerSpec": {"Image": IMAGE, "Args": COMMAND}}}


def wait_until(look):
    while not look():
        time.sleep(PAUSE)


def create_service(subject, name, replicas):
    expect(subject.api.post("/services/create", service_spec(name, replicas)), 201)

    def look():
        tasks = subject.api.get("/tasks", service=name).json
        return sum(t["Status"]["State"] == "running" for t in tasks) == replicas

    wait_until(look)


def remove_service(subject, name):
    expect(subject.api.delete(f"/services/{name}"), 200)
    wait_until(lambda: not subject.engine.api.get("/containers/json?all=1",
                                                  label=f"{LABEL}={name}").json)


def measure_services(subject):
    for replicas in REPLICAS:
        up, down = [], []
        for i in range(ROUNDS[replicas]):
            name = f"bench{replicas}x{i}"
            up.append(timed(create_service, subject, name, replicas))
            down.append(timed(remove_service, subject, name))
        subject.figures[f"service create to running, {replicas}"] = statistics.median(up)
        subject.figures[f"service rm to gone, {replicas}"] = statistics.median(down)


def start_container(engine, name):
    made = expect(engine.api.post(f"/containers/create?name={name}",
                                  {"Image": IMAGE, "Cmd": COMMAND}), 201)
    expect(engine.api.post(f"/containers/{made.json['Id']}/start"), 204)


def measure_floor(engine):
    figures = {}
    for replicas in REPLICAS:
        names = [f"floor{replicas}x{i}" for i in range(replicas)]
        with concurrent.futures.ThreadPoolExecutor(replicas) as pool:
            figures[f"service create to running, {replicas}"] = timed(
                lambda: list(pool.map(lambda n: start_container(engine, n), names)))
        for name in names:
            expect(engine.api.delete(f"/containers/{name}?force=1&v=1"), 204)
    return figures


# ---- memory and start

def measure_memory(subject):
    creator = Creator(subject.api)
    for i in range(MANY_SECRETS):
        creator.create(f"many{i}")
    subject.figures[f"resident MB with {MANY_SECRETS} secrets"] = subject.resident()
    if isinstance(subject.daemon, CofferProcess):
        subject.figures[f"start with {MANY_SECRETS} secrets"] = timed(subject.daemon.restart)
    for i in range(MANY_SERVICES):
        expect(subject.api.post("/services/create", service_spec(f"many{i}", 0)), 201)
    subject.figures[f"and with {MANY_SERVICES} services"] = subject.resident()


class CofferProcess:
    def __init__(self, cofferd):
        self.cofferd = cofferd

    @property
    def pid(self):
        return self.cofferd.daemon.pid

    def restart(self):
        self.cofferd.stop()
        self.cofferd.start()


# ---- all of it

PARTS = {"secrets": measure_secrets, "services": measure_services, "memory": measure_memory}


def measure(subject, parts):
    subject.figures["resident MB, idle"] = subject.resident()
    for part in parts:
        print(f"  {subject.name}: {part}", file=sys.stderr, flush=True)
        PARTS[part](subject)


def with_engine(kind, parts, results):
    """Docker Swarm on one engine and cofferd on another one like it, one after the other."""
    for swarm in ([True, False] if kind == "dockerd" else [False]):
        node = Node(kind)
        try:
            engine = Engine(kind, node)
            engine.start()
            engine.load("busybox")
            if swarm:
                expect(engine.api.post("/swarm/init", {"ListenAddr": "127.0.0.1:2377",
                                                       "AdvertiseAddr": "127.0.0.1"}), 200)
                subject = Subject("Docker Swarm", engine.api, engine, engine.daemon)
            else:
                if "services" in parts:
                    results[f"bare {kind}"] = measure_floor(engine)
                cofferd = Cofferd(node, "c", engine, ["--log-level", "warn"])
                cofferd.start()
                subject = Subject(f"coffer, {kind}", cofferd.api, engine, CofferProcess(cofferd))
            measure(subject, parts)
            results[subject.name] = subject.figures
            if not swarm:
                cofferd.stop()
            engine.clear()
        finally:
            node.stop()


def show(results):
    columns = list(results)
    rows = []
    for figures in results.values():
        rows += [row for row in figures if row not in rows]
    print(f"{'':<38}" + "".join(f"{c:>18}" for c in columns) + f"{'coffer/swarm':>14}")
    for row in rows:
        values = [results[c].get(row) for c in columns]
        swarm = results.get("Docker Swarm", {}).get(row)
        ours = results.get("coffer, dockerd", {}).get(row)
        ratio = f"{ours / swarm:.2f}" if swarm and ours else ""
        print(f"{row:<38}" + "".join(f"{'' if v is None else format(v, '.2f'):>18}" for v in values)
              + f"{ratio:>14}")


def main(parts):
    results = {}
    for kind in ("dockerd", "podman"):
        with_engine(kind, parts, results)
    show(results)
