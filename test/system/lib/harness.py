# SPDX-License-Identifier: Apache-2.0
"""Tests as functions whose names are sentences, and what runs them.

    @test()                       once on each engine, with the newest docker CLI
    @test(clis=ALL)               and with each docker CLI of this machine
    @test(engines=["podman"])     on one engine only
    @test(engines=NONE)           in a node without an engine
    @test(cofferd=False)          the test starts its cofferd itself
    @test(reference=False)        cofferd is meant to differ here: not run against Docker's swarm
"""

import fnmatch
import importlib
import os
import pathlib
import signal
import struct
import sys
import time
import traceback

import fixture
import places
from engine import Engine
from node import Node

ALL = "all"
NONE = (None,)
TIMEOUT = 150
REGISTRY = []


class Skip(Exception):
    """The test can't run on this machine; the text says why."""


class TimedOut(Exception):
    pass


class Test:
    def __init__(self, function, engine, cli, cofferd, timeout):
        self.function, self.engine, self.cli = function, engine, cli
        self.cofferd, self.timeout = cofferd, timeout
        self.module = function.__module__
        self.words = function.__name__.replace("_", " ")

    @property
    def name(self):
        return f"{self.engine or 'alone':<7} {self.words}{self.with_cli}"

    @property
    def with_cli(self):
        return f" (docker {self.cli})" if self.cli != places.newest_cli() else ""

    def matches(self, patterns):
        keys = (self.function.__name__, self.words, self.module, self.module.removeprefix("test_"),
                self.engine)
        return not patterns or any(fnmatch.fnmatch(key or "", f"*{pattern}*")
                                   for pattern in patterns for key in keys)


def test(engines=places.ENGINES, clis=None, cofferd=True, timeout=TIMEOUT, reference=True):
    def register(function):
        versions = list(places.docker_clis()) if clis == ALL else [places.newest_cli()]
        for engine in engines:
            if fixture.REFERENCE and not (reference and has_reference(function, engine)):
                continue
            for version in versions:
                REGISTRY.append(Test(function, engine, version, cofferd, timeout))
        return function
    return register


def has_reference(function, engine):
    """Docker's swarm is dockerd's; but what is passed through can be compared on any engine."""
    return engine == "dockerd" or engine and function.__module__ == "test_passthrough"


def skip(reason):
    raise Skip(reason)


def equal(got, wanted):
    assert got == wanted, f"got {got!r}, not {wanted!r}"


class Worker:
    """Runs tests of one engine, one after the other, in a node that is made anew after a failure."""

    def __init__(self, engine):
        self.kind = engine
        self.node = self.engine = None

    def _prepare(self):
        if self.node:
            return
        self.node = Node(self.kind or "alone")
        if self.kind:
            self.engine = Engine(self.kind, self.node)
            self.engine.start()
            self.engine.load("busybox", "redis")

    def close(self):
        if self.node:
            self.node.stop()
        self.node = self.engine = None

    def run(self, case):
        """(outcome, text, seconds)"""
        started = time.monotonic()
        try:
            self._prepare()
            self._run(case)
            outcome, text = "ok", ""
        except Skip as reason:
            outcome, text = "skipped", str(reason)
        except BaseException as error:  # a test may fail in any way; the others go on
            if isinstance(error, KeyboardInterrupt):
                raise
            outcome, text = "FAILED", explain(error)
            if not os.environ.get("COFFER_TEST_KEEP"):
                self.close()
        return outcome, text, time.monotonic() - started

    def _run(self, case):
        hands = fixture.Fixture(self.node, self.engine, case.cli)
        try:
            with limited(case.timeout):
                if case.cofferd:
                    hands.start_cofferd()
                case.function(hands)
            with limited(case.timeout):
                hands.close()
        except Exception as error:
            error.logs = [(c.daemon.name, c.daemon.tail()) for c in hands.cofferds
                          if not fixture.REFERENCE]
            raise


class limited:
    """Ends the block with TimedOut when it takes longer."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        signal.signal(signal.SIGALRM, self._end)
        signal.alarm(self.seconds)

    def _end(self, *_):
        raise TimedOut(f"the test took more than {self.seconds} s")

    def __exit__(self, *_):
        signal.alarm(0)


def explain(error):
    """The place in the test, the message, and the end of the daemons' logs."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.endswith("harness.py")]
    lines = [f"    {pathlib.Path(f.filename).name}:{f.lineno}: {f.line}" for f in frames]
    lines += ["    " + line for line in f"{type(error).__name__}: {error}".splitlines()]
    for name, tail in getattr(error, "logs", []):
        lines += [f"    the end of the log of {name}:", tail]
    return "\n".join(lines)


def load(folder):
    for path in sorted(folder.glob("test_*.py")):
        importlib.import_module(path.stem)


def work(kind, queue, results):
    """The life of a worker process: indexes of tests come from a pipe, results go to one."""
    worker = Worker(kind)
    try:
        while True:
            index = os.read(queue, 4)
            if len(index) < 4:
                break
            case = REGISTRY[struct.unpack("I", index)[0]]
            outcome, text, seconds = worker.run(case)
            line = f"{outcome:<7} {case.name}  {seconds:.1f} s\n"
            if text:
                line += text + "\n"
            sys.stdout.write(line)
            sys.stdout.flush()
            os.write(results, outcome[:1].encode())
    finally:
        worker.close()


def spawn(kind, queue, results):
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work(kind, queue, results)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def run(patterns, jobs):
    """Runs what matches with so many workers for each engine; (passed, failed, skipped)."""
    chosen = {}
    for index, case in enumerate(REGISTRY):
        if case.matches(patterns):
            chosen.setdefault(case.engine, []).append(index)
    take, results = os.pipe()
    workers = []
    for kind, indexes in chosen.items():
        queue, put = os.pipe()
        os.write(put, b"".join(struct.pack("I", index) for index in indexes))
        os.close(put)
        for _ in range(min(jobs, len(indexes))):
            workers.append(spawn(kind, queue, results))
        os.close(queue)
    os.close(results)
    outcomes = b""
    while part := os.read(take, 4096):
        outcomes += part
    broken = [pid for pid in workers if os.waitpid(pid, 0)[1] != 0]
    total = sum(len(indexes) for indexes in chosen.values())
    if broken or len(outcomes) != total:
        print(f"{len(broken)} workers broke; {total - len(outcomes)} tests were not run")
    failed = outcomes.count(b"F") + total - len(outcomes)
    return outcomes.count(b"o"), failed, outcomes.count(b"s")
