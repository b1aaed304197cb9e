# SPDX-License-Identifier: Apache-2.0
"""Host commands: `coffer pass run` beside the bare command and secret-tool, one call of libcoffer,
many, the memory of the engine, and encrypted files beside the age tool."""

import statistics
import subprocess

import measure
import places
from measure import CLIENT, PATTERNS, in_turn, read, say, show, spawned
from node import Node
from store import PATH, Keyring, Store, memory
from keyring import real

RUN = [places.COFFER, "pass", "run", "--", "true"]
DOCKER_RUN = [places.DOCKER_PASS, "pass", "run", "--", "true"]
TRUE = ["/usr/bin/true"]
ONE = {"KEY": "se://bench/one"}
MANY = 1000
ROUNDS = 60
COLD_ROUNDS = 8
CALLS = 300
AT_ONCE = 64


class Place:
    """Both local stores, with the same secrets."""

    def __init__(self, node):
        self.keyring = Keyring(node)
        self.file = Store(node.folder / "file", "file")
        self.keychain = Store(node.folder / "keychain", "keychain", self.keyring.env)
        self.stores = (self.file, self.keychain)
        for store in self.stores:
            store.set("bench/one")

    def close(self):
        for store in self.stores:
            store.stop()


# ---- coffer pass run

def measure_run(p):
    env = {"PATH": PATH}
    subjects = {
        "true": spawned(TRUE, env),
        "secret-tool lookup": spawned(p.keyring.lookup("bench/one"), p.keychain.env),
        "coffer pass run -- true, no reference": spawned(RUN, p.file.env),
        "docker-pass pass run -- true, no reference": spawned(DOCKER_RUN, p.file.env),
    }
    for store in p.stores:
        with_one = {**store.env, **ONE}
        subjects[f"coffer, one reference, {store.kind}"] = spawned(RUN, with_one)
        subjects[f"docker-pass, one reference, {store.kind}"] = spawned(DOCKER_RUN, with_one)
    samples = in_turn(subjects, ROUNDS)
    cold = {}
    for store in p.stores:
        in_turn({f"coffer, one reference, {store.kind}, engine started":
                 lambda s=store: run_cold(s)}, COLD_ROUNDS, cold)
    show("a command on this host, ms", {**samples, **cold}, ("true", "secret-tool lookup"))


def run_cold(store):
    store.stop()
    return measure.spawn(RUN, {**store.env, **ONE})


# ---- libcoffer

def measure_resolve(p):
    aims, subjects = {}, {}
    for store in p.stores:
        name = f"one reference, {store.kind}"
        subjects[name] = lambda s=store: read([CLIENT, "get", "bench/one", str(CALLS // 5)], s.env)
        aims[name] = 1
    show("a call of libcoffer, warm engine, ms", in_turn(subjects, 5), aims=aims, digits=3)


def measure_many(p):
    read([CLIENT, "save", "many", str(MANY)], p.file.env)
    for store in (p.file,):
        env = {**store.env, **{f"KEY{i}": f"se://many/{i}" for i in range(MANY)}}
        samples = in_turn({
            f"{MANY} in one call (se://many/*)": lambda: read([CLIENT, "get", "many/*", "1"], store.env),
            f"{MANY} calls, one after the other":
                lambda: [sum(read([CLIENT, "get", "many/7", str(MANY)], store.env))],
            f"{MANY} calls, {AT_ONCE} at once":
                lambda: read([CLIENT, "together", "many", str(MANY), str(AT_ONCE)], store.env),
            f"coffer pass run -- true, {MANY} references": spawned(RUN, env),
            f"{MANY} names listed": lambda: read([CLIENT, "list", "many/*", "1"], store.env),
        }, 5)
        show(f"{MANY} secrets of encrypted files, ms", samples)


# ---- patterns

def measure_patterns(_):
    count = 100000
    for case, n in (("id", count), ("wildcards", count), ("worst", count // 100)):
        subjects = ["parsed", "text", "regexec"] + (["fnmatch"] if case != "worst" else [])
        samples = in_turn({s: lambda s=s: read([PATTERNS, case, s, str(n)], {}) for s in subjects}, 5)
        show(f"{n} matches, {case}, ms", samples, ("regexec",))


# ---- encrypted files

def measure_files(p):
    folder = p.file.folder / "age"
    folder.mkdir()
    key, file = folder / "key", folder / "one.age"
    made = subprocess.run(["age-keygen", "-o", key], check=True, stderr=subprocess.PIPE).stderr
    recipient = made.split()[-1].decode()
    plain = folder / "plain"
    plain.write_text("0123456789abcdef0123456789abcdef")
    env = {"PATH": PATH}
    subjects = {
        "age --encrypt": spawned(["/usr/bin/age", "-r", recipient, "-o", file, plain], env),
        "coffer pass set": spawned([places.COFFER, "pass", "set", "bench/two=x"], p.file.env),
        "age --decrypt": spawned(["/usr/bin/age", "-d", "-i", key, file], env),
        "coffer pass run, one reference": spawned(RUN, {**p.file.env, **ONE}),
        "libcoffer: save": lambda: read([CLIENT, "save", "bench/three", "1"], p.file.env),
        "libcoffer: get": lambda: read([CLIENT, "get", "bench/one", "1"], p.file.env),
    }
    show("one encrypted file, ms", in_turn(subjects, 25), ("age --encrypt", "age --decrypt"))


# ---- memory

def measure_memory(p):
    print(f"\n{'memory of idle processes, MB':<50}{'PSS':>10}{'RSS':>10}")
    for store in p.stores:
        total = {"PSS": 0, "RSS": 0}
        store.coffer("ls")
        for name, pid in store.processes():
            used = memory(pid)
            print(f"  {store.kind + ': ' + name:<48}{used['PSS']:>10.1f}{used['RSS']:>10.1f}")
            total = {k: total[k] + used[k] for k in total}
        print(f"  {store.kind + ': all':<48}{total['PSS']:>10.1f}{total['RSS']:>10.1f}")
    used = memory(real(p.keyring.process))
    print(f"  {'gnome-keyring-daemon':<48}{used['PSS']:>10.1f}{used['RSS']:>10.1f}")


PARTS = {"idle": measure_memory, "run": measure_run, "resolve": measure_resolve,
         "many": measure_many, "files": measure_files, "patterns": measure_patterns}


def main(parts):
    node = Node("bench")
    try:
        place = Place(node)
        try:
            for part in parts:
                say(part)
                PARTS[part](place)
        finally:
            place.close()
    finally:
        node.stop()
