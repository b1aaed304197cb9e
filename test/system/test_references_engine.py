# SPDX-License-Identifier: Apache-2.0
"""References in containers with all that is real: the docker CLI, cofferd, the container engine,
coffer-runtime, coffer-engined and its store of files."""

import os
import pathlib
import subprocess

from fixture import canary
from harness import equal
from references import LATER, Place, each, nowhere, only_in
from secrets_user import SecretsUser


@each
def the_examples_work_to_the_letter(kind):
    with Place(kind) as p:
        root = SecretsUser(p.node)
        root("set", "GH_TOKEN=123456789")
        root("set", "openai/api-key", stdin="sk-1234")
        p.docker("run", "-e", "GH_TOKEN=", "-dt", "--name", "demo", "busybox")
        equal(p.docker("exec", "demo", "sh", "-c", "echo $GH_TOKEN").text, "123456789")
        p.docker("run", "-e", "GITHUB_TOKEN=se://GH_TOKEN", "-dt", "--name", "other", "busybox")
        equal(p.docker("exec", "other", "sh", "-c", "echo $GITHUB_TOKEN").text, "123456789")
        equal(p.docker("run", "--rm", "-e", "OPENAI_API_KEY=se://openai/api-key", "busybox", "sh", "-c",
                       'echo "$OPENAI_API_KEY"').out, "sk-1234\n")


@each
def root_has_an_engine_whenever_a_container_starts(kind):
    with Place(kind) as p:
        root = SecretsUser(p.node)
        root("set", "A=value-a")
        root.stop()
        equal(p.run("-e", "KEY=se://A", script='echo "$KEY"').text, "value-a")
        first = root.engine()
        assert first
        p.docker("run", "-d", "--name", "box", "-e", "KEY=se://A", "busybox:latest", "sh", "-c", LATER)
        p.docker("rm", "-f", "box")
        equal(root.engine(), first)
        root.stop()
        starts = [p.docker.start("run", "--rm", "-e", "KEY=se://A", "busybox:latest", "sh", "-c",
                                 'echo "$KEY"') for _ in range(4)]
        equal([s.communicate()[0] for s in starts], [b"value-a\n"] * 4)
        equal(len(engines(p.node)), 1)


def engines(node):
    """The secrets engines in the node: none is another's child."""
    found = {pid: parent for pid in node.processes() for name, parent in [look(pid)] if name == "coffer-engined"}
    return [pid for pid, parent in found.items() if parent not in found]


def look(pid):
    """The name of a process and its parent; a process that has ended has none."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "", 0
    return text[text.index("(") + 1:text.rindex(")")], int(text.rpartition(")")[2].split()[1])
