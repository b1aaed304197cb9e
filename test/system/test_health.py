# SPDX-License-Identifier: Apache-2.0
"""Health checks, on a machine without systemd: dockerd makes them itself, for Podman cofferd asks."""

from fixture import QUICK, SLEEP, container_of
from harness import equal, test

# A check that says what no text should have, and fails as soon as the file is there.
CHECK = ("--health-cmd", r"printf 'a\000b'; test ! -e /sick", "--health-interval", "200ms",
         "--health-retries", "1")


@test()
def a_task_runs_when_it_is_healthy_and_is_replaced_when_it_is_not(t):
    t.secret("key", b"0123")
    t.service("s", *CHECK, "--restart-delay", "100ms", "--secret", "key")
    task, = t.running("s")
    before = container_of(task)
    equal(health(t, before), "healthy")
    t.in_container(before, "touch", "/sick")
    t.until("another container", lambda: container_of(t.running("s")[0]) != before)
    after = container_of(t.running("s")[0])
    equal(t.in_container(after, "cat", "/run/secrets/key").out, "0123")
    failed, = (x for x in t.tasks("s") if x["ID"] == task["ID"])
    equal(failed["Status"]["State"], "failed")
    assert "dockerexec: unhealthy container" in failed["Status"]["Err"], failed["Status"]
    t.until("the files of one task", lambda: len(t.cofferd.task_files()) == 1)


@test()
def a_task_is_starting_until_its_check_passes(t):
    t.docker("service", "create", "-d", "--no-resolve-image", *QUICK, "--name", "s",
             "--health-cmd", "test -e /ready", "--health-interval", "200ms", "--health-retries",
             "1000", *SLEEP)
    t.until("a starting task", lambda: states(t) == ["starting"] and live(t))
    container, = live(t)
    t.until("a check that failed", lambda: streak(t, container) > 1)
    equal(states(t), ["starting"])
    t.in_container(container, "touch", "/ready")
    equal(container_of(t.running("s")[0]), container)


@test()
def an_image_check_can_be_switched_off(t):
    t.service("s", "--no-healthcheck")
    equal(len(t.running("s")), 1)


def health(t, container):
    return look(t, container)["Status"]


def streak(t, container):
    return look(t, container).get("FailingStreak", 0)


def look(t, container):
    return t.engine.api.get(f"/containers/{container}/json").json["State"]["Health"]


def states(t):
    return [task["Status"]["State"] for task in t.tasks("s")]


def live(t):
    return [i for i, c in t.engine.containers().items() if c["State"] == "running"]
