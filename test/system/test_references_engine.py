# SPDX-License-Identifier: Apache-2.0
"""References in containers with all that is real: the docker CLI, cofferd, the container engine,
coffer-runtime, coffer-engined and its store of files."""

import os
import pathlib
import shutil
import subprocess

from fixture import canary
from harness import equal, skip, test
from references import LATER, OwnPlace, Place, each, nowhere, only_in
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


@each
def each_user_has_the_secrets_of_their_own_engine(kind):
    with Place(kind) as p:
        of_root, of_user = canary(), canary()
        SecretsUser(p.node)("set", "A", stdin=of_root)
        user = SecretsUser(p.node, 1000)
        user("set", "A", stdin=of_user)
        p.open_to_all()
        show = ("busybox:latest", "sh", "-c", 'echo "$KEY"')
        done = p.docker_as(1000, "run", "--name", "mine", "-e", "KEY=se://A", *show)
        equal((done.stdout, done.stderr), (of_user + "\n", ""))
        equal(p.docker("run", "--rm", "-e", "KEY=se://A", *show).text, of_root)
        equal(p.docker("start", "-a", "mine").text, of_user)
        user.stop()
        done = p.docker("start", "-a", "mine", check=False)
        assert done.code != 0 and of_user not in done.out, done
        for words in ("resolving KEY: se://A: ", "the engine of user 1000",
                      "systemctl --user enable --now coffer-engined.socket"):
            assert words in done.err, done
        done = p.docker_as(1001, "run", "--rm", "-e", "KEY=se://A", *show)
        assert done.returncode != 0 and "the engine of user 1001" in done.stderr, done
        p.docker("rm", "mine")
        # That the store encrypts is tested elsewhere.
        nowhere(p, of_root, of_user)


@each
def a_value_is_in_the_containers_processes_and_nowhere_else(kind):
    with Place(kind) as p:
        value = canary()
        root = SecretsUser(p.node)
        root("set", "app/key", stdin=value)
        p.docker("run", "-d", "--name", "box", "-e", "KEY=se://app/key", "busybox:latest", "sh", "-c", LATER)
        p.docker("exec", "box", "sh", "-c", 'test -n "$KEY"')
        only_in(value, {"sh", "sleep"})
        p.docker("commit", "box", "image-of-box")
        (p.node.folder / "image.tar").write_bytes(save(p, "image-of-box"))
        (p.node.folder / "box.tar").write_bytes(p.hands.api.get("/containers/box/export").body)
        for words in (("inspect", "box"), ("inspect", "image-of-box"), ("logs", "box"), ("diff", "box"),
                      ("history", "--no-trunc", "image-of-box"),
                      ("events", "--since", "5m", "--until", "0s")):
            shown = p.docker(*words)
            assert value not in shown.out + shown.err, shown
        p.docker("stop", "-t", "1", "box")
        nowhere(p, value)
        p.docker("start", "box")
        only_in(value, {"sh", "sleep"})
        p.docker("rm", "-f", "box")
        nowhere(p, value)


def save(p, image):
    return p.hands.api.get(f"/images/{image}/get").body


@each
def a_service_has_references_and_says_what_is_wrong_with_them(kind):
    with Place(kind) as p:
        root = SecretsUser(p.node)
        root("set", "myapp/anthropic/api-key", stdin="of the node's root")
        p.hands.service("app", "--env", "ANTHROPIC_API_KEY=se://myapp/anthropic/api-key",
                        command=("busybox:latest", "sh", "-c", LATER))
        container = p.hands.container("app")
        equal(p.docker("exec", container, "sh", "-c", 'echo "$ANTHROPIC_API_KEY"').text,
              "of the node's root")
        p.docker("service", "create", "--detach", "--name", "wrong", "--no-resolve-image",
                 "--restart-condition", "none", "--env", "KEY=se://no/such", "busybox:latest", "true")
        p.hands.until("the task says why", lambda: "resolving KEY: secret not found: se://no/such" in
                      p.docker("service", "ps", "--no-trunc", "wrong").out)
        p.docker("service", "rm", "app", "wrong")
        p.hands.gone("app")
        p.hands.gone("wrong")
        p.hands.until("no record is left", lambda: not os.listdir(p.cofferd.state / "references"))


COMPOSE = """version: "3.8"
services:
  app:
    image: busybox:latest
    command: ["sh", "-c", "echo value $$ANTHROPIC_API_KEY; sleep 1000000"]
    init: true
    network_mode: none
    environment:
      - ANTHROPIC_API_KEY=se://myapp/anthropic/api-key
"""


@each
def a_compose_file_has_references(kind):
    compose = shutil.which("docker-compose")
    if not compose:
        skip("docker-compose is not installed")
    with Place(kind) as p:
        SecretsUser(p.node)("set", "myapp/anthropic/api-key", stdin="value-a")
        folder = p.node.folder / "compose"
        folder.mkdir()
        (folder / "docker-compose.yml").write_text(COMPOSE)

        def run(*words):
            done = subprocess.run([compose, *words], cwd=folder, env=p.docker.env, check=False,
                                  capture_output=True, text=True)
            assert done.returncode == 0, done
            return done.stdout
        run("up", "-d")
        container = run("ps", "-q").strip()
        equal(p.docker("exec", container, "sh", "-c", 'echo "$ANTHROPIC_API_KEY"').text, "value-a")
        shown = p.docker("inspect", container).out
        assert "se://myapp/anthropic/api-key" in shown and "value-a" not in shown, shown
        run("down", "-t", "1")


def running(p, name):
    answer = p.hands.api.get(f"/containers/{name}/json")
    return answer.status == 200 and answer.json["State"]["Running"]


@test(engines=(None,), cofferd=False, reference=False)
def containers_that_start_with_dockerd_find_roots_engine(_):
    with Place("dockerd") as p:
        root = SecretsUser(p.node)
        root("set", "A=value-a")
        p.docker("run", "-d", "--name", "box", "--restart", "always", "-e", "KEY=se://A", "busybox:latest",
                 "sh", "-c", LATER)
        p.engine.daemon.stop()
        root.stop()
        p.engine.start()
        p.hands.until("it runs again", lambda: running(p, "box"))
        equal(p.docker("exec", "box", "sh", "-c", 'echo "$KEY"').text, "value-a")
        assert root.engine()


@test(engines=(None,), cofferd=False, reference=False)
def containers_that_podman_starts_at_boot_need_no_cofferd(_):
    with OwnPlace() as p:
        root = SecretsUser(p.node)
        root("set", "A=value-a")
        p.docker("run", "-d", "--name", "box", "--restart", "always", "--net", "none", "-e", "KEY=se://A",
                 "busybox:latest", "sh", "-c", LATER)
        p.docker("stop", "-t", "1", "box")
        conf = str(p.cofferd.run / "containers.conf")
        p.cofferd.stop()
        root.stop()
        # as podman-restart.service does it
        p.node.run(["podman", "start", "--all", "--filter", "restart-policy=always"],
                   env={**os.environ, "CONTAINERS_CONF": conf})
        p.cofferd.start()
        equal(p.docker("exec", "box", "sh", "-c", 'echo "$KEY"').text, "value-a")
        p.docker("rm", "-f", "box")


@each
def two_starts_at_once_are_one_container(kind):
    with Place(kind) as p:
        SecretsUser(p.node)("set", "A=value-a")
        p.docker("create", "--name", "box", "-e", "KEY=se://A", "busybox:latest", "sh", "-c", LATER)
        starts = [p.docker.start("start", "box") for _ in range(4)]
        for start in starts:
            start.communicate()
        assert [s.returncode for s in starts].count(0) >= 1, starts
        equal(p.docker("exec", "box", "sh", "-c", 'echo "$KEY"').text, "value-a")
        p.docker("rm", "-f", "box")


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
