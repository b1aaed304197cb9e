# SPDX-License-Identifier: Apache-2.0
"""How a task's container ends: it is asked to, and killed when it doesn't in time."""

import time

from fixture import canary
from harness import equal, test

# Process 1 gets no signal that it doesn't handle.
DEAF = ("busybox:latest", "sleep", "1000000")
DEFAULT_GRACE = 10


def seconds_to_end(t, name):
    begin = time.monotonic()
    t.docker("service", "rm", name)
    t.gone(name)
    t.until(f"no file of {name}", lambda: t.cofferd.task_files() == [])
    return time.monotonic() - begin


@test()
def a_container_that_does_not_listen_is_killed_after_its_grace_period(t):
    t.secret("key", canary())
    t.service("s", "--stop-grace-period", "1s", "--secret", "key", command=DEAF)
    took = seconds_to_end(t, "s")
    assert 1 <= took < DEFAULT_GRACE - 1, took
    equal(t.engine.containers(), {})


@test()
def the_grace_period_is_ten_seconds_when_none_is_said(t):
    t.secret("key", canary())
    t.service("s", "--secret", "key", command=DEAF)
    took = seconds_to_end(t, "s")
    assert DEFAULT_GRACE <= took < 2 * DEFAULT_GRACE, took


@test()
def a_container_that_listens_ends_at_once(t):
    t.secret("key", canary())
    t.service("s", "--secret", "key")
    took = seconds_to_end(t, "s")
    assert took < DEFAULT_GRACE - 1, took
