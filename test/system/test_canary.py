# SPDX-License-Identifier: Apache-2.0
"""A random value goes the whole way; then everything that could keep it is searched for it."""

import base64
import os
import pathlib
import re

from fixture import canary
from harness import equal, test

READ_SIZE = 1 << 20
SECRET_KINDS = ("tmpfs", "ramfs")


def needles(value):
    """The value as it could stand somewhere: plain, in base64 at each offset, in hex."""
    raw = value.encode()
    found = [raw, raw.hex().encode()]
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        found.append(encoded[4 if offset else 0:-4])
    return found


def contains(path, words):
    overlap = max(map(len, words))
    try:
        with open(path, "rb") as file:
            kept = b""
            while part := file.read(READ_SIZE):
                kept += part
                if any(word in kept for word in words):
                    return True
                kept = kept[-overlap:]
    except OSError:
        return False  # it went away, or can't be read at all
    return False


def search_folder(folder, words):
    """Files below a folder that hold the value; file systems mounted below are left out."""
    hits = []
    device = os.stat(folder).st_dev
    for place, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if os.lstat(os.path.join(place, f)).st_dev == device]
        for name in names:
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path) and contains(path, words):
                hits.append(path)
    return hits


def search_processes(words):
    hits = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            hits += [str(entry / name) for name in ("cmdline", "environ")
                     if contains(entry / name, words)]
    return hits


def search_memory(pid, words):
    """Names of the mappings of a process that hold the value."""
    hits = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            bounds, rights, *rest = line.split()
            if not rights.startswith("r") or "[v" in line:
                continue
            start, end = (int(word, 16) for word in bounds.split("-"))
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except OSError:
                continue  # a guard page: not readable by anybody
            if any(word in data for word in words):
                hits.append(rest[-1] if len(rest) > 3 else bounds)
    return hits


def nowhere(t, value):
    words = needles(value)
    equal(search_folder(t.node.folder, words), [])
    equal(search_processes(words), [])


def search_answers(t, value):
    words = needles(value)
    for path in ("/secrets", "/secrets/canary", "/services", "/services/s", "/tasks", "/swarm",
                 "/nodes", "/info", "/containers/json?all=1"):
        body = t.api.get(path).body
        assert not any(word in body for word in words), path
    for identity in t.engine.containers():
        body = t.engine.api.get(f"/containers/{identity}/json").body
        assert not any(word in body for word in words), "inspect of a container"


@test()
def the_value_is_found_where_it_is_looked_for(t):
    value = canary()
    words = needles(value)
    (t.cofferd.folder / "plain").write_text(f"x{value}x")
    (t.cofferd.folder / "coded").write_bytes(base64.b64encode(f"ab{value}".encode()))
    hits = search_folder(t.node.folder, words)
    equal(sorted(os.path.basename(hit) for hit in hits), ["coded", "plain"])
    for name in ("plain", "coded"):
        (t.cofferd.folder / name).unlink()


@test()
def a_value_is_in_no_file_answer_or_process_but_its_own(t):
    value = canary()
    t.secret("canary", value)
    nowhere(t, value)
    t.service("s", "--secret", "canary")
    container = t.container("s")
    equal(t.in_container(container, "cat", "/run/secrets/canary").out, value)
    nowhere(t, value)
    search_answers(t, value)
    t.cofferd.restart()
    nowhere(t, value)
    t.docker("service", "update", "-d", "--force", "s")
    t.until("the task is another", lambda: t.container("s") != container)
    nowhere(t, value)
    t.docker("service", "rm", "s")
    t.docker("secret", "rm", "canary")
    t.gone("s")
    nowhere(t, value)
    search_answers_after(t, value)


def search_answers_after(t, value):
    words = needles(value)
    log = t.cofferd.log.encode() + t.engine.daemon.log.read_bytes()
    assert not any(word in log for word in words)
    t.no_files()
    equal(t.engine.containers(), {})


@test()
def the_daemons_memory_keeps_no_value(t):
    values = [canary() for _ in range(8)]
    for number, value in enumerate(values):
        t.secret(f"canary{number}", value)
    t.service("s", *(word for n in range(8) for word in ("--secret", f"canary{n}")))
    container = t.container("s")
    equal(t.in_container(container, "cat", "/run/secrets/canary7").out, values[7])
    for value in values:
        equal(search_memory(t.cofferd.daemon.pid, needles(value)), [])


@test()
def the_daemon_leaves_no_core(t):
    limits = pathlib.Path(f"/proc/{t.cofferd.daemon.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 ", limits, re.M), limits


@test()
def files_of_tasks_are_out_of_reach_for_others_on_the_host(t):
    t.secret("canary", canary())
    t.service("s", "--secret", "canary")
    t.container("s")
    places = [place for place, kind, _ in t.cofferd.mounts() if kind in SECRET_KINDS]
    denied = t.node.run(["setpriv", "--reuid", "65534", "--clear-groups", "sh", "-c",
                         f"ls {places[0]} 2>&1 || test $? != 0"])
    assert "Permission denied" in denied, denied


@test()
def a_container_never_starts_before_its_files_are_complete(t):
    """Each task copies what it sees at its very first moment to its log."""
    names = [f"canary{n}" for n in range(10)]
    for name in names:
        t.secret(name, name.upper())
    flags = [word for name in names for word in ("--secret", name)]
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", "--replicas", "5",
             *flags, "busybox:latest", "sh", "-c",
             "cat /run/secrets/*; echo; trap 'exit 0' TERM; sleep 1000000 & wait")
    tasks = t.running("s", 5)
    whole = "".join(name.upper() for name in sorted(names))
    for task in tasks:
        identity = task["Status"]["ContainerStatus"]["ContainerID"]
        t.until("the task has printed something", lambda i=identity: t.docker("logs", i).out)
        equal(t.docker("logs", identity).out, whole + "\n")
