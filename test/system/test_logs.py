# SPDX-License-Identifier: Apache-2.0
"""What containers print, from many places and to readers of many kinds."""

import os
import re
import subprocess

import wait
from fixture import SLEEP
from harness import equal, test

LINES, LENGTH = 70000, 1000
# Prints numbered lines.
PRINT = (f"awk -v end={LINES} 'BEGIN {{ while (length(p) < {LENGTH - 9}) p = p \"x\";"
         " for (; n < end; n++) printf \"%07d %s\\n\", n, p }'")
# Stays until it is told to go. (Podman 4.3 loses lines of a log that grows while it is followed: when
# it meets a line that is half written it goes on at the end of the file. So this one follows later.)
TALKER = ("busybox:latest", "sh", "-c", f"mkfifo /go; {PRINT}; read -r word </go")
HELLO = ("busybox:latest", "sh", "-c",
         "echo hello from $(hostname); trap 'exit 0' TERM; sleep 1000000 & wait")


def memory(t):
    """The most memory that cofferd ever had, in bytes."""
    with open(f"/proc/{t.cofferd.daemon.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) << 10


def descriptors(t):
    return len(os.listdir(f"/proc/{t.cofferd.daemon.pid}/fd"))


def read_logs(t, *arguments):
    return t.docker.start("service", "logs", "--raw", *arguments, stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)


def end(reader):
    reader.kill()
    reader.wait()
    reader.stdout.close()


def expect_lines(stream, first):
    for number in range(first, LINES):
        line = stream.readline()
        assert line.startswith(b"%07d x" % number) and len(line) == LENGTH, (number, line)


def go(t, service):
    t.in_container(t.container(service), "sh", "-c", "echo go >/go")


def completed(t, service):
    t.until("it has printed everything",
            lambda: [task for task in t.tasks(service) if task["Status"]["State"] == "complete"], 90)


@test(reference=False)
def a_slow_reader_gets_every_line(t):
    t.docker("service", "create", "-d", "--no-resolve-image", "--restart-condition", "none",
             "--name", "talker", *TALKER)
    t.until("all its lines", lambda: t.docker("service", "logs", "--raw", "--tail", "1", "talker").out
            .startswith(f"{LINES - 1:07d} x"))
    before = memory(t)
    follower = read_logs(t, "-f", "talker")
    equal(follower.stdout.readline()[:9], b"%07d x" % 0)
    go(t, "talker")
    completed(t, "talker")
    finite = read_logs(t, "talker")
    equal(finite.stdout.readline()[:9], b"%07d x" % 0)
    others_go_on(t)
    expect_lines(follower.stdout, 1)
    end(follower)
    expect_lines(finite.stdout, 1)
    equal(finite.stdout.read(), b"")
    equal(finite.wait(), 0)
    finite.stdout.close()
    grown = memory(t) - before
    assert grown < 32 << 20, f"cofferd took {grown} bytes for slow readers"


def others_go_on(t):
    """While readers are slow, other logs come and the node takes new tasks."""
    t.service("quick", command=HELLO)
    t.until("its line", lambda: "hello" in t.docker("service", "logs", "--raw", "quick").out)


@test()
def tasks_that_come_later_are_followed(t):
    t.service("s", command=HELLO)
    reader = read_logs(t, "-f", "s")
    seen = {reader.stdout.readline()}
    t.docker("service", "scale", "-d", "s=3")
    while len(seen) < 3:
        seen.add(reader.stdout.readline())
    t.docker("service", "update", "-d", "--force", "s")
    while len(seen) < 6:
        seen.add(reader.stdout.readline())
    assert all(line.startswith(b"hello from ") for line in seen), seen
    end(reader)


@test()
def a_service_without_tasks_is_followed_until_it_has_some(t):
    t.service("s", "--replicas", "0", command=HELLO)
    reader = read_logs(t, "-f", "s")
    t.docker("service", "scale", "-d", "s=1")
    assert reader.stdout.readline().startswith(b"hello from ")
    end(reader)


@test(reference=False)
def readers_that_go_away_leave_nothing_behind(t):
    t.service("s", "--replicas", "2", command=HELLO)
    before = descriptors(t)
    readers = [read_logs(t, "-f", "s") for _ in range(5)]
    for reader in readers:
        assert reader.stdout.readline().startswith(b"hello from ")
    assert descriptors(t) >= before + 5
    for reader in readers:
        end(reader)
    wait.until(None, "no stream", lambda: descriptors(t) <= before)


@test(reference=False)
def readers_that_went_away_count_no_more(t):
    """More of them, one after the other, than there may be at a time."""
    t.service("s", command=HELLO)
    for _ in range(300):
        with t.api.stream("/services/s/logs?follow=1&stdout=1&tail=1") as stream:
            assert b"hello" in stream.response.read1(1000)


@test(reference=False)
def a_slow_reader_that_goes_away_leaves_nothing_behind(t):
    t.docker("service", "create", "-d", "--no-resolve-image", "--restart-condition", "none",
             "--name", "talker", "busybox:latest", "sh", "-c", PRINT)
    completed(t, "talker")
    before = descriptors(t)
    readers = [read_logs(t, *follow, "talker") for follow in ((), ("-f",))]
    for reader in readers:
        equal(reader.stdout.readline()[:9], b"%07d x" % 0)
    for reader in readers:
        end(reader)
    wait.until(None, "no stream", lambda: descriptors(t) <= before)
