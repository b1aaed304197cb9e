# SPDX-License-Identifier: Apache-2.0
"""What a test has in its hands: an engine, a cofferd on it, clients, and words to wait with."""

import base64
import itertools
import json
import os

import places
import wait
from cli import Client
from cofferd import Cofferd
from reference import Reference

REFERENCE = bool(os.environ.get("COFFER_TEST_REFERENCE"))
# A client waits this long for a task to stay up before it calls a service converged (default 5 s).
QUICK = ("--update-monitor", "1ms")
# Process 1 gets no signal that it doesn't handle: this one ends when it is asked to.
SLEEP = ("busybox:latest", "sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait")


class Fixture:
    counter = itertools.count(1)

    def __init__(self, node, engine, cli):
        self.node, self.engine, self.cli_version = node, engine, cli
        self.deferred = []
        self.cofferds = []
        self.cofferd = None

    # ---- daemons and clients

    def new_cofferd(self, options=(), **places_):
        """Another cofferd with fresh folders, not started."""
        name = f"c{next(self.counter)}"
        if REFERENCE:
            made = Reference(self.node, self.engine, name)
        else:
            made = Cofferd(self.node, name, engine=places_.pop("engine", self.engine),
                           options=options, **places_)
        self.cofferds.append(made)
        return made

    def start_cofferd(self, *options):
        self.cofferd = self.new_cofferd(options).start()
        return self.cofferd

    @property
    def api(self):
        return self.cofferd.api

    @property
    def docker(self):
        return self.docker_at(self.cofferd.socket)

    @property
    def coffer(self):
        return Client(places.COFFER, self.cofferd.socket, self.cofferd.folder / "home")

    @property
    def engine_docker(self):
        """The docker CLI straight at the engine, past cofferd."""
        return self.docker_at(self.engine.socket)

    def docker_at(self, socket):
        path = places.docker_clis()[self.cli_version]
        return Client(path, socket, self.node.folder / "home")

    # ---- objects

    def secret(self, name, value=b"a secret value", **spec):
        """Creates a secret by the API; returns its id."""
        data = base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()
        answer = self.api.post("/secrets/create", {"Name": name, "Labels": {}, "Data": data,
                                                   **spec})
        assert answer.status == 201, answer
        return answer.json["ID"]

    def service(self, name, *arguments, command=SLEEP):
        """Creates a service by the CLI and waits, as the CLI does, until it converged."""
        return self.docker("service", "create", "--name", name, "--no-resolve-image", *QUICK,
                           *arguments, *command).lines[0]

    def inspect(self, name):
        answer = self.api.get(f"/services/{name}")
        assert answer.status == 200, answer
        return answer.json

    def tasks(self, service=None, **filters):
        if service:
            filters["service"] = service
        answer = self.api.get("/tasks", **filters)
        assert answer.status == 200, answer
        return sorted(answer.json, key=lambda task: task["CreatedAt"])

    def running(self, service, count=1, timeout=wait.TIMEOUT):
        """Waits until just so many tasks of a service run; returns them."""
        def look():
            tasks = [t for t in self.tasks(service) if t["DesiredState"] == "running"]
            up = [t for t in tasks if t["Status"]["State"] == "running"]
            return up if len(up) == len(tasks) == count else None
        return self.until(f"{count} running tasks of {service}", look, timeout)

    def until(self, what, condition, timeout=wait.TIMEOUT):
        return wait.until(self.cofferd.socket, what, condition, timeout)

    def container(self, service):
        """The container id of the one running task of a service."""
        return container_of(self.running(service)[0])

    def in_container(self, container, *command, check=True):
        return self.docker("exec", container, *command, check=check)

    def gone(self, service):
        """Waits until a removed service has no container left."""
        def look():
            return not [c for c in self.engine.containers().values()
                        if c["Labels"].get("com.docker.swarm.service.name") == service]
        self.until(f"no container of {service}", look)

    def no_files(self):
        """Waits until no task has files: they go after the container, before the task's end is told."""
        self.until("no file of a task", lambda: not self.cofferd.task_files())

    # ---- the end of a test

    def defer(self, function, *arguments):
        """Has a function called when the test is over, the last one first."""
        self.deferred.append((function, arguments))

    def close(self):
        while self.deferred:
            function, arguments = self.deferred.pop()
            function(*arguments)
        for cofferd in self.cofferds:
            if cofferd.daemon.running:
                status = cofferd.stop()
                assert not status, f"{cofferd.name} ended with status {status}"
        if self.engine and self.engine.daemon.running:
            self.engine.clear()
        for cofferd in self.cofferds:
            cofferd.sweep()


def container_of(task):
    return task["Status"]["ContainerStatus"]["ContainerID"]


def canary():
    """A value that is in no other place of the machine."""
    return "canary-" + os.urandom(18).hex()


def dumps(value):
    return json.dumps(value, indent=1)
