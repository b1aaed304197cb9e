# SPDX-License-Identifier: Apache-2.0
"""References in containers that can't be resolved: what fails, what the user is told, and that nothing
is left behind."""

import os
import pathlib
import signal
import time

from harness import equal
from references import LATER, Place, each
from secrets_user import SecretsUser

SHOW = 'echo "$KEY"'
GLUE = """#!/bin/sh
echo "the vault is sealed" >&2
exit 4
"""


def left(node):
    """The processes of ours, zombies too, and our files in memory that somebody has open."""
    found = set()
    for pid in node.processes():
        try:
            name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        except OSError:  # it has ended
            continue
        if name.startswith(("coffer-runtime", "coffer-env", "memfd:coffer")):
            found.add(name)
        found.update(link for link in links if "memfd:coffer" in link)
    return found


def refused(p, words, *options):
    """A run, a start and an exec that are refused with these words."""
    done = p.run(*options, "-e", "KEY=se://bad/key", script="echo started", check=False)
    assert done.code in (125, 126, 127) and "started" not in done.out, done
    said = done.err
    made = p.docker("create", *options, "-e", "KEY=se://bad/key", "busybox:latest", "true").text
    done = p.docker("start", made, check=False)
    assert done.code != 0, done
    state = p.hands.api.get(f"/containers/{made}/json").json["State"]
    assert not state["Running"] and state["Pid"] == 0, state
    p.docker("rm", made)
    executed = p.docker("exec", "-e", "KEY=se://bad/key", "box", "true", check=False)
    assert executed.code != 0, executed
    for text in (said, done.err, executed.err + executed.out):
        for word in ("resolving KEY: ", "se://bad/key", words):
            assert word in text, (word, text)


@each
def whatever_goes_wrong_run_start_and_exec_say_why(kind):
    with Place(kind) as p:
        root = SecretsUser(p.node)
        root("set", "good=1")
        p.docker("run", "-d", "--name", "box", "-e", "KEY=se://good", "busybox:latest", "sh", "-c", LATER)
        equal(left(p.node), set())
        refused(p, "secret not found")
        # A rule of the engine's.
        root.write(".config/coffer/policy", "deny bad/**\n")
        root.configure(policy="/root/.config/coffer/policy")
        root.stop()
        refused(p, "access denied")
        # A plugin that fails.
        root.configure()
        p.node.path("/root/glue").write_text(GLUE)
        p.node.run(["chmod", "755", "/root/glue"])
        root.write(".config/coffer/plugins/exec.conf", "command = /root/glue {id}\n")
        root.stop()
        root("plugins", "enable", "exec")
        refused(p, "the vault is sealed")
        # An engine that is there and silent.
        root("plugins", "disable", "exec")
        p.set("timeout = 2")
        engine = root.engine()
        os.kill(engine, signal.SIGSTOP)
        began = time.monotonic()
        refused(p, "the secrets engine didn't answer within 2 seconds")
        assert time.monotonic() - began < 30
        os.kill(engine, signal.SIGCONT)
        p.docker("rm", "-f", "box")
        p.hands.until("no container is left", lambda: not p.engine.containers())
        equal(left(p.node), set())


@each
def a_silent_engine_holds_up_fallbacks_once_and_the_container_starts(kind):
    with Place(kind) as p:
        root = SecretsUser(p.node)
        root("set", "good=1")
        p.set("timeout = 2")
        engine = root.engine()
        os.kill(engine, signal.SIGSTOP)
        began = time.monotonic()
        options = [word for i in range(8) for word in ("-e", f"KEY_{i}=")]
        equal(p.run(*options, script='echo "[$KEY_1]"').text, "[]")
        assert time.monotonic() - began < 15
        os.kill(engine, signal.SIGCONT)
