# SPDX-License-Identifier: Apache-2.0
"""The engine goes away under cofferd and comes back: tasks are reconciled, none is started twice."""

import threading
import time

from fixture import canary, container_of
from harness import equal, test


def ends(t):
    """An end that the engine doesn't notice, and an ordinary one."""
    return (t.engine.daemon.kill, t.engine.daemon.stop)


def live(t):
    return sorted(i for i, c in t.engine.containers().items() if c["State"] == "running")


def containers(t, count):
    return sorted(container_of(task) for task in t.running("s", count))


@test(engines=["podman"], timeout=300)
def containers_outlive_podmans_service(t):
    t.secret("key", b"0123")
    t.service("s", "--replicas", "2", "--secret", "key")
    before = containers(t, 2)
    for count, end in enumerate(ends(t), 3):
        end()
        t.engine.start()
        t.docker("service", "scale", "-d", f"s={count}")  # shows that the engine was found again
        after = containers(t, count)
        equal([c for c in before if c not in after], [])
        equal(live(t), after)
        before = after
    equal(len(t.tasks("s")), len(before))
    equal(len(t.cofferd.task_files()), len(before))


@test(engines=["dockerd"], timeout=300)
def tasks_that_end_with_dockerd_are_replaced_once(t):
    t.secret("key", b"0123")
    # A dockerd that is about to end still answers, and fails what it is asked to start: the
    # restart delay (5 s) is longer than that takes.
    t.service("s", "--replicas", "2", "--secret", "key")
    before = containers(t, 2)
    for rounds, end in enumerate(ends(t), 1):
        end()
        t.engine.start()
        t.until("two other containers",
                lambda old=before: not set(containers(t, 2)) & set(old), timeout=60)
        after = containers(t, 2)
        equal(live(t), after)
        equal(len(t.tasks("s")), 2 * (rounds + 1))
        for container in after:
            equal(t.in_container(container, "cat", "/run/secrets/key").out, "0123")
        before = after
    t.until("the files of two tasks", lambda: len(t.cofferd.task_files()) == 2)


@test(timeout=300)
def a_removal_goes_on_when_the_engine_is_back(t):
    t.secret("key", canary())
    t.service("s", "--replicas", "2", "--stop-grace-period", "1s", "--secret", "key")
    t.engine.daemon.kill()
    t.docker("service", "rm", "s")
    t.engine.start()
    t.gone("s")
    equal(t.engine.containers(), {})
    t.until("no file", lambda: t.cofferd.task_files() == [])


@test(timeout=300)
def a_swarm_is_left_while_the_engine_is_away(t):
    t.secret("key", canary())
    t.service("s", "--replicas", "2", "--stop-grace-period", "1s", "--secret", "key")
    t.engine.daemon.kill()
    equal(t.api.post("/swarm/leave?force=1").status, 200)
    equal(t.cofferd.task_files(), [])
    equal(t.api.post("/secrets/create", {"Name": "late", "Data": "eA=="}).status, 503)
    equal(t.api.post("/swarm/init", {"AdvertiseAddr": "127.0.0.1"}).status, 200)
    t.engine.start()
    t.until("no container", lambda: t.engine.containers() == {}, timeout=60)


def leave_beside(t):
    """Begins a leave, waits until nothing can be written any more; gives what it comes to."""
    answers = []
    leave = threading.Thread(
        target=lambda: answers.append(t.api.post("/swarm/leave?force=1").status))
    leave.start()
    t.until("the leave has begun", lambda: t.api.get("/secrets").status == 503)

    def answer():
        leave.join()
        return answers
    return answer


def reads_secret(t):
    read = t.in_container(t.container("s"), "cat", "/run/secrets/key", check=False)
    return read.out == "0123"


@test(timeout=300)
def a_stop_does_not_wait_for_a_leave(t):
    t.secret("key", b"0123")
    t.service("s", "--stop-grace-period", "1h", "--stop-signal", "SIGWINCH", "--secret", "key")
    container = t.container("s")
    answer = leave_beside(t)  # its task ignores the signal
    begin = time.monotonic()
    t.cofferd.stop()
    assert time.monotonic() - begin < 2.5, "the stop waited"
    equal([status >= 500 for status in answer()], [True])
    t.cofferd.start()
    t.until("the service goes on", lambda: reads_secret(t), timeout=60)
    equal(t.container("s"), container)


@test(timeout=300)
def a_stop_does_not_wait_for_a_leave_without_an_engine(t):
    t.secret("key", b"0123")
    t.service("s", "--secret", "key")
    t.engine.daemon.kill()
    answer = leave_beside(t)
    begin = time.monotonic()
    t.cofferd.stop()
    assert time.monotonic() - begin < 2.5, "the stop waited"
    equal([status >= 500 for status in answer()], [True])
    t.engine.start()
    t.cofferd.start()
    t.until("the service goes on", lambda: reads_secret(t), timeout=60)


@test(timeout=300)
def what_is_asked_for_while_the_engine_is_away_is_started_once(t):
    t.secret("key", b"0123")
    t.service("first", "--secret", "key")
    t.engine.daemon.kill()
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", "--replicas", "2",
             "--secret", "key", "busybox:latest", "sleep", "1000000")
    t.engine.start()
    wanted = containers(t, 2)
    mine = [i for i, c in t.engine.containers().items()
            if c["Labels"].get("com.docker.swarm.service.name") == "s"]
    equal(sorted(mine), wanted)
    equal(len(t.tasks("s")), 2)
