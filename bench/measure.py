# SPDX-License-Identifier: Apache-2.0
"""How all parts measure: subjects in turn, so that each gets the same noise, and medians."""

import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
for folder in ("../test/rig", "../test/system/lib"):
    sys.path.insert(0, str((HERE / folder).resolve()))

import places  # noqa: E402

CLIENT = places.BUILD / "bench" / "bench-client"
PATTERNS = places.BUILD / "bench" / "bench-patterns"


def expect(answer, status):
    if answer.status != status:
        raise RuntimeError(f"{answer.status} instead of {status}: {answer.text}")
    return answer


def timed(function, *arguments):
    """Milliseconds."""
    started = time.perf_counter()
    function(*arguments)
    return (time.perf_counter() - started) * 1000


def spawn(command, env):
    """A command from its start to its end, in milliseconds; its output goes nowhere."""
    nothing = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)]
    words = [str(word) for word in command]
    started = time.perf_counter()
    pid = os.posix_spawn(words[0], words, env, file_actions=nothing)
    _, status = os.waitpid(pid, 0)
    spent = (time.perf_counter() - started) * 1000
    if status:
        raise RuntimeError(f"{' '.join(words)}: status {status}")
    return spent


def spawned(command, env):
    return lambda: spawn(command, env)


def read(command, env):
    """The numbers that a program of ours prints: microseconds, here milliseconds."""
    done = subprocess.run([str(word) for word in command], env=env, check=True,
                          stdout=subprocess.PIPE)
    return [float(line) / 1000 for line in done.stdout.split()]


def in_turn(subjects, rounds, samples=None):
    """{name: function that returns milliseconds, one or a list} -> {name: samples}.

    All of them once without counting, then round by round."""
    samples = samples if samples is not None else {}
    for function in subjects.values():
        function()
    for _ in range(rounds):
        for name, function in subjects.items():
            found = function()
            samples.setdefault(name, []).extend(found if isinstance(found, list) else [found])
    return samples


def show(title, samples, against=(), unit=1, digits=2, aims=None):
    """A table: median and least of each subject, its median as a multiple of others', and aims.

    aims: {name: milliseconds that the median should stay under}."""
    print(f"\n{title:<50}{'median':>10}{'least':>10}"
          + "".join(f"{'/ ' + name:>22}" for name in against))
    medians = {name: statistics.median(values) * unit for name, values in samples.items()}
    for name, values in samples.items():
        ratios = "".join(f"{medians[name] / medians[base]:>22.2f}" for base in against)
        aim = (aims or {}).get(name)
        note = "" if aim is None else f"   aim {aim}: {'met' if medians[name] < aim else 'MISSED'}"
        print(f"  {name:<48}{medians[name]:>10.{digits}f}{min(values) * unit:>10.{digits}f}{ratios}{note}")
    sys.stdout.flush()


def more(samples, one, other):
    """What one takes more than the other: the median of the differences within the rounds, and
    the difference of their least samples, which other work on the machine changes least."""
    return (statistics.median(a - b for a, b in zip(samples[one], samples[other])),
            min(samples[one]) - min(samples[other]))


def say(words):
    print(f"  {words}", file=sys.stderr, flush=True)
