# SPDX-License-Identifier: Apache-2.0
"""References to secrets in containers of the Podman that cofferd starts for itself: it is cofferd who
tells it the runtime, and where the records are."""

import json
import os

from fixture import canary
from harness import equal, test
from references import LATER, OwnPlace, Secrets, UnitPlace, nowhere, only_in


def own(function):
    return test(engines=(None,), cofferd=False, reference=False)(function)


@own
def a_reference_works_with_cofferds_own_podman(_):
    value, later = canary(), canary()
    with OwnPlace() as p:
        secrets = Secrets(p.node, openai__key=value, GH_TOKEN=value + "-gh")
        equal(p.run("-e", "KEY=se://openai/key", "-e", "GH_TOKEN=", script='echo "$KEY $GH_TOKEN"').text,
              f"{value} {value}-gh")
        p.docker("run", "-d", "--name", "demo", "-e", "KEY=se://openai/*", "busybox:latest", "sh", "-c",
                 LATER)
        equal(p.docker("exec", "demo", "sh", "-c", 'echo "$KEY"').text, value)
        shown = p.docker("inspect", "demo").out
        assert "KEY=se://openai/*" in shown and value not in shown, shown
        equal(json.loads(shown)[0]["Args"], ["-c", LATER])
        only_in(value, {"sh", "sleep"})
        secrets.set(openai__key=later)
        p.docker("restart", "-t", "1", "demo")
        equal(p.docker("exec", "demo", "sh", "-c", 'echo "$KEY"').text, later)
        done = p.run("-e", "KEY=se://no/such", script="echo started", check=False)
        assert done.code != 0 and "resolving KEY: secret not found: se://no/such" in done.err, done
        p.docker("rm", "-f", "demo")
        nowhere(p, value, later)


@own
def a_restart_by_podmans_own_policy_resolves_afresh(_):
    with OwnPlace() as p:
        Secrets(p.node, a="value-a")
        p.docker("run", "-d", "--name", "again", "--restart", "on-failure:1", "-e", "KEY=se://a",
                 "busybox:latest", "sh", "-c", 'echo "$KEY"; exit 1')
        p.docker("wait", "again")
        p.hands.until("it has run twice", lambda: p.docker("logs", "again").text == "value-a\nvalue-a")


@own
def a_service_on_cofferds_own_podman_has_references(_):
    with OwnPlace() as p:
        Secrets(p.node, myapp__key="of the node's root")
        p.hands.service("s", "--env", "KEY=se://myapp/key", command=("busybox:latest", "sh", "-c", LATER))
        container = p.hands.container("s")
        equal(p.docker("exec", container, "sh", "-c", 'echo "$KEY"').text, "of the node's root")
        equal(os.listdir(p.cofferd.state / "references"), [container])
        p.docker("service", "rm", "s")
        p.hands.until("no record is left", lambda: not os.listdir(p.cofferd.state / "references"))


@own
def a_container_lives_on_and_resolves_after_cofferd_was_killed(_):
    with OwnPlace() as p:
        Secrets(p.node, a="value-a")
        p.docker("run", "-d", "--name", "demo", "-e", "KEY=se://a", "busybox:latest", "sh", "-c", LATER)
        p.cofferd.kill()
        p.cofferd.start()
        equal(p.docker("exec", "demo", "sh", "-c", 'echo "$KEY"').text, "value-a")
        p.docker("restart", "-t", "1", "demo")
        equal(p.docker("exec", "demo", "sh", "-c", 'echo "$KEY"').text, "value-a")


@own
def the_installed_units_podman_resolves_with_the_default_settings(_):
    with UnitPlace() as p:
        Secrets(p.node, a="value-a")
        equal(p.run("-e", "KEY=se://a", script='echo "$KEY"').text, "value-a")
        assert p.node.path("/var/lib/coffer/references").is_dir()
        done = p.run("-e", "KEY=se://no", script=":", check=False)
        assert "resolving KEY: secret not found: se://no" in done.err, done
