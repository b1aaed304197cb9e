# SPDX-License-Identifier: Apache-2.0
"""kill -9 of cofferd at any moment: nothing acknowledged is lost, tasks are adopted."""

import base64
import http.client
import os
import random
import signal
import threading

from api import Api
from fixture import QUICK, SLEEP, canary, container_of
from harness import equal, test

ROUNDS = 6
CLIENTS = 4


class Storm:
    """Clients that create secrets until the daemon goes away, and remember what it acknowledged."""

    def __init__(self, socket, round_number):
        self.socket, self.round = socket, round_number
        self.acknowledged, self.refused, self.lock = {}, [], threading.Lock()
        self.enough = threading.Event()
        self.wanted = random.randint(1, 60)
        self.threads = [threading.Thread(target=self._create, args=(n,)) for n in range(CLIENTS)]

    def _create(self, client):
        api = Api(self.socket)
        for number in range(100000):
            name = f"s-{self.round}-{client}-{number}"
            data = base64.b64encode(name.encode()).decode()
            try:
                answer = api.post("/secrets/create", {"Name": name, "Data": data})
            except (OSError, http.client.HTTPException):
                break  # the daemon was killed under this request: not acknowledged
            if answer.status != 201:
                self.refused.append(answer)
                break
            with self.lock:
                self.acknowledged[name] = answer.json["ID"]
                if len(self.acknowledged) >= self.wanted:
                    self.enough.set()

    def run_until_killed(self, cofferd):
        for thread in self.threads:
            thread.start()
        assert self.enough.wait(30), "no secret was created in time"
        cofferd.kill()
        for thread in self.threads:
            thread.join()
        assert not self.refused, self.refused


@test(timeout=300)
def no_acknowledged_secret_is_lost_by_a_kill(t):
    acknowledged = {}
    for number in range(ROUNDS):
        storm = Storm(t.cofferd.socket, number)
        storm.run_until_killed(t.cofferd)
        acknowledged.update(storm.acknowledged)
        t.cofferd.start()
        stored = {s["Spec"]["Name"]: s["ID"] for s in t.api.get("/secrets").json}
        lost = {name for name, identity in acknowledged.items() if stored.get(name) != identity}
        equal(lost, set())
    names = list(acknowledged)[:: max(len(acknowledged) // 8, 1)]
    t.service("s", *(word for name in names for word in ("--secret", name)))
    container = t.container("s")
    for name in names:
        equal(t.in_container(container, "cat", f"/run/secrets/{name}").out, name)


@test()
def running_tasks_are_adopted_after_a_kill(t):
    t.secret("key", b"0123")
    t.service("s", "--replicas", "3", "--secret", "key")
    before = {task["ID"]: container_of(task) for task in t.running("s", 3)}
    started = start_times(t)
    for _ in range(3):
        t.cofferd.kill()
        t.cofferd.start()
        after = {task["ID"]: container_of(task) for task in t.running("s", 3)}
        equal(after, before)
    equal(start_times(t), started)
    for container in before.values():
        equal(t.in_container(container, "cat", "/run/secrets/key").out, "0123")


def start_times(t):
    return {identity: t.engine.api.get(f"/containers/{identity}/json").json["State"]["StartedAt"]
            for identity in t.engine.containers()}


@test()
def running_tasks_are_adopted_after_an_ordinary_restart(t):
    t.secret("key", b"0123")
    t.service("s", "--secret", "key")
    before = container_of(t.running("s")[0])
    t.cofferd.stop()
    equal(t.engine.api.get(f"/containers/{before}/json").json["State"]["Running"], True)
    t.cofferd.start()
    equal(container_of(t.running("s")[0]), before)


@test()
def a_task_that_died_while_cofferd_was_away_is_replaced(t):
    t.secret("key", b"0123")
    t.service("s", "--restart-delay", "100ms", "--secret", "key")
    before = container_of(t.running("s")[0])
    t.cofferd.kill()
    t.engine.api.post(f"/containers/{before}/kill")
    t.cofferd.start()
    t.until("another container", lambda: container_of(t.running("s")[0]) != before)
    after = container_of(t.running("s")[0])
    equal(t.in_container(after, "cat", "/run/secrets/key").out, "0123")
    t.until("the files of one task", lambda: len(t.cofferd.task_files()) == 1)


@test()
def a_task_whose_container_was_removed_while_cofferd_was_away_is_replaced(t):
    t.secret("key", b"0123")
    t.service("s", "--restart-delay", "100ms", "--secret", "key")
    before = container_of(t.running("s")[0])
    t.cofferd.kill()
    t.engine.api.delete(f"/containers/{before}?force=1")
    t.cofferd.start()
    t.until("another container", lambda: container_of(t.running("s")[0]) != before)
    t.until("the files of one task", lambda: len(t.cofferd.task_files()) == 1)


@test()
def stale_files_of_tasks_are_cleaned_at_the_start(t):
    t.secret("key", canary())
    t.service("s", "--secret", "key")
    file, = t.cofferd.task_files()
    t.cofferd.kill()
    # As if cofferd had been killed just after it had written another task's files.
    task = os.path.dirname(os.path.dirname(file))
    stale = os.path.join(os.path.dirname(task), "0123456789abcdefghijklmno")
    t.node.run(["cp", "-a", *(f"/{os.path.relpath(p, t.node.path('/'))}" for p in (task, stale))])
    equal(len(t.cofferd.task_files()), 2)
    t.cofferd.start()
    t.until("one file", lambda: t.cofferd.task_files() == [file])
    equal(len(t.running("s")), 1)


@test()
def a_removal_goes_on_after_a_kill(t):
    t.secret("key", canary())
    t.service("s", "--replicas", "4", "--stop-grace-period", "1s", "--secret", "key")
    t.docker("service", "rm", "s")
    t.cofferd.kill()
    t.cofferd.start()
    t.gone("s")
    t.until("no file", lambda: t.cofferd.task_files() == [])
    equal(t.engine.containers(), {})


@test(timeout=300)
def services_converge_whenever_cofferd_is_killed(t):
    t.secret("key", b"0123")
    t.docker("service", "create", "-d", "--no-resolve-image", *QUICK, "--name", "s", "--replicas",
             "2", "--stop-grace-period", "1s", "--secret", "key", *SLEEP)
    for number in range(ROUNDS):
        killer = threading.Timer(random.uniform(0, 0.4), t.cofferd.daemon.kill)
        killer.start()
        change = t.docker("service", "update", "-d", "--env-add", f"N={number}", "s", check=False)
        killer.join()
        t.cofferd.daemon.wait()
        t.cofferd.start()
        wanted = numbers([t.inspect("s")["Spec"]["TaskTemplate"]])
        if change.code == 0:
            equal(wanted, {f"N={number}"})
        t.until("all tasks as the last change wants them",
                lambda w=wanted: numbers(x["Spec"] for x in t.running("s", 2)) == w, timeout=60)
        tasks = t.running("s", 2)
        live = [i for i, c in t.engine.containers().items() if c["State"] == "running"]
        equal(sorted(live), sorted(container_of(task) for task in tasks))
    t.until("the files of two tasks", lambda: len(t.cofferd.task_files()) == 2)


def numbers(specs):
    """The values that the rounds have put into the environment of tasks."""
    return {value for spec in specs for value in spec["ContainerSpec"].get("Env", [])}


@test()
def a_kill_while_a_task_is_being_made_starts_it_once(t):
    t.secret("key", b"0123")
    for number in range(4):
        name = f"s{number}"
        t.docker("service", "create", "-d", "--no-resolve-image", "--name", name, "--secret", "key",
                 *SLEEP)
        t.cofferd.kill()
        t.cofferd.start()
        t.running(name, 1)
    live = [c["Labels"]["com.docker.swarm.service.name"] for c in t.engine.containers().values()
            if c["State"] == "running"]
    equal(sorted(live), [f"s{n}" for n in range(4)])


@test()
def a_stopped_daemon_ends_at_once_and_cleanly(t):
    t.secret("key")
    equal(t.cofferd.daemon.kill(signal.SIGTERM), 0)
    assert not t.node.path(t.cofferd.socket).exists()
    t.cofferd.start()
    equal(t.cofferd.daemon.kill(signal.SIGINT), 0)


@test()
def a_users_container_with_copied_labels_is_left_alone(t):
    t.service("s")
    task = t.running("s")[0]
    t.docker("commit", container_of(task), "committed")
    t.defer(remove_user_container, t)
    t.docker("run", "-d", "--name", "user", "committed")
    labels = t.engine.api.get("/containers/user/json").json["Config"]["Labels"]
    equal(labels.get("com.docker.swarm.task.id"), task["ID"])
    before = start_times(t)
    t.cofferd.kill()
    t.cofferd.start()
    equal([container_of(x) for x in t.running("s")], [container_of(task)])
    equal(start_times(t), before)
    t.docker("service", "rm", "s")
    t.until("the task's container is gone", lambda: container_of(task) not in t.engine.containers())
    t.cofferd.kill()
    t.cofferd.start()
    t.service("after_the_start")
    equal(t.engine.api.get("/containers/user/json").json["State"]["Running"], True)


def remove_user_container(t):
    t.engine.api.delete("/containers/user?force=1")
    t.engine.api.delete("/images/committed?force=1")
