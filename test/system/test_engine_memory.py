# SPDX-License-Identifier: Apache-2.0
"""Values stay out of the swap as far as the limit of locked memory goes, and who uses an engine is told how far
that is."""

import pathlib
import resource
import subprocess

import places
from engined import IS_SANITIZED, Engined
from harness import NONE, Skip, equal, test

USER = 65533
PART = "what doesn't fit into locked memory may be written to the swap: 8128 KiB"


def on_a_host_with_swap(engine, words):
    """Whatever this one has."""
    swaps = engine.home / "swaps"
    swaps.write_text("Filename Type Size Used Priority\n/swap file 1 0 -2\n")
    return ["unshare", "--mount", "sh", "-c", f'mount --bind {swaps} /proc/swaps && exec "$@"', "sh",
            *words]


def start(t, limit):
    engine = Engined(t, uid=USER)
    engine.store()
    engine.start(spawn=lambda words, **more: subprocess.Popen(
        on_a_host_with_swap(engine, ["prlimit", f"--memlock={limit}", *words]), **more))
    engine.save("a", b"x" * 100000)
    equal(engine.get("a"), {("a", "docker-pass"): b"x" * 100000})
    return engine


def locked(engine):
    status = pathlib.Path(f"/proc/{engine.process.pid}/status").read_text()
    return int(status.partition("VmLck:")[2].split()[0])


def doctor(engine):
    words = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", places.COFFER, "pass",
             "doctor"]
    return subprocess.run(on_a_host_with_swap(engine, words), env=engine.env, check=False, text=True,
                          stdout=subprocess.PIPE).stdout


@test(engines=NONE, cofferd=False, reference=False)
def memory_is_locked_as_far_as_the_limit_goes_and_what_is_not_is_told(t):
    if IS_SANITIZED:
        raise Skip("a sanitizer lets no memory be locked")
    cases = [(8 << 20, 4096, 8192, PART, "[ok  ] memory: what doesn't fit into"),
             (0, 0, 0, "values may be written to the swap: 0 KiB", "[fail] memory: what the engine keeps")]
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[1] == resource.RLIM_INFINITY:
        cases.append(("unlimited", 8192, 1 << 30, None, None))
    for limit, least, most, logged, told in cases:
        engine = start(t, limit)
        assert least <= locked(engine) <= most, (limit, locked(engine))
        equal(engine.log.count("the swap"), 1 if logged else 0)
        assert not logged or logged in engine.log, engine.log
        shown = doctor(engine)
        assert told in shown if told else "memory" not in shown, shown
