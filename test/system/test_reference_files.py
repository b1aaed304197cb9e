# SPDX-License-Identifier: Apache-2.0
"""Files of containers that are made of references: written when the container starts, on a file system
that never reaches a disk, and gone with it."""

import json
import os
import subprocess

from fixture import canary
from harness import equal, test
from references import LATER, RUNTIME, OwnPlace, Place, Secrets, each, nowhere

KEY = "/run/secrets/key"
ROOT_OF_RUNTIME = {"podman": (), "dockerd": ("--root", "/run/docker/runtime-runc/moby")}


def mount(source, target=KEY, *more):
    return ("--mount", ",".join(("type=secret", f"source={source}", f"target={target}", *more)))


def files(p):
    """Folders of containers that have files."""
    folder = p.node.path(p.cofferd.run / "files")
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def on_no_disk(p, value):
    """No file of the node's folder, where engine and cofferd keep all they keep, has it; what is mounted in
    the node isn't seen from here."""
    found = subprocess.run(["grep", "-rlsF", "--exclude=secrets-0.json", "--", value, p.node.folder],
                           check=False, capture_output=True, text=True)
    equal(found.stdout, "")


@each
def a_reference_is_a_file_in_memory(kind):
    value, later = canary(), canary()
    with Place(kind) as p:
        secrets = Secrets(p.node, openai__key=value, other="other")
        p.docker("run", "-d", "--name", "demo", *mount("se://openai/key"),
                 *mount("se://other", "sub/other", "readonly"), *mount("se://openai/*", "/etc/app/key"),
                 "busybox:latest", "sh", "-c", LATER)
        inside = lambda *words, check=True: p.docker("exec", "demo", *words, check=check)
        equal(inside("cat", KEY, "/etc/app/key").out, value + value)
        equal(inside("cat", "/run/secrets/sub/other").out, "other")
        equal(inside("stat", "-c", "%a %u %g", KEY, "/etc/app/key").lines, ["444 0 0", "444 0 0"])
        for path in (KEY, "/etc/app/key", "/run/secrets/new"):
            denied = inside("touch", path, check=False)
            assert denied.code and "Read-only" in denied.err, denied
        denied = inside("rm", KEY, check=False)
        assert denied.code, denied
        kinds = {line[1]: line[3] for line in (text.split() for text in p.node.mounts())}
        options = [m.split()[3] for m in inside("cat", "/proc/mounts").lines
                   if m.split()[1] in ("/run/secrets", "/etc/app/key")]
        equal(len(options), 2)
        assert all({"ro", "nosuid", "nodev", "noexec"} <= set(o.split(",")) for o in options), kinds
        (identity,) = files(p)
        shown = json.loads(p.docker("inspect", "demo").out)[0]
        equal(shown["Id"], identity)
        equal(shown["Config"]["Labels"]["coffer.secrets.files"],
              "/run/secrets/key=se://openai/key,/run/secrets/sub/other=se://other,"
              "/etc/app/key=se://openai/*")
        equal({m["Destination"] for m in shown["Mounts"]},
              {KEY, "/run/secrets/sub/other", "/etc/app/key"})
        events = p.docker("events", "--since", "5m", "--until", "0s").out
        assert value not in json.dumps(shown) + events
        on_no_disk(p, value)
        secrets.set(openai__key=later)
        equal(inside("cat", KEY).out, value)
        p.docker("restart", "-t", "1", "demo")
        equal(inside("cat", KEY).out, later)
        p.docker("stop", "-t", "1", "demo")
        p.hands.until("no file is left", lambda: not files(p))
        nowhere(p, value, later)
        p.docker("start", "demo")
        equal(inside("cat", KEY).out, later)
        p.docker("rm", "-f", "demo")
        equal(files(p), [])
        nowhere(p, value, later)


@each
def files_and_variables_go_together(kind):
    with Place(kind) as p:
        Secrets(p.node, a="value-a", b="value-b")
        both = ("-e", "KEY=se://a", *mount("se://b"))
        equal(p.run(*both, script=f'echo "$KEY $(cat {KEY})"').text, "value-a value-b")
        equal(p.run("-u", "1000:1000", "--read-only", *both, script=f'echo "$KEY $(cat {KEY})"').text,
              "value-a value-b")
        equal(p.run("--tmpfs", "/run", *both, script=f"cat {KEY}").text, "value-b")
        equal(p.run("--tmpfs", "/run/secrets/mine", *mount("se://b"),
                    script=f"cat {KEY}; touch /run/secrets/mine/x").text, "value-b")
        equal(p.run("-i", *mount("se://b"), script=f"cat {KEY}; exit 7", check=False).code, 7)
        equal(files(p), [])


@each
def an_image_of_the_container_has_no_trace(kind):
    value = canary()
    with Place(kind) as p:
        Secrets(p.node, a=value)
        p.docker("run", "-d", "--name", "demo", *mount("se://a"), *mount("se://a", "/etc/app/key"),
                 "busybox:latest", "sh", "-c", LATER)
        p.docker("commit", "demo", "of-demo")
        if kind == "dockerd":
            assert value not in p.docker("cp", f"demo:{KEY}", "-").out
        equal(p.docker("run", "--rm", "of-demo", "sh", "-c",
                       "ls -A /run/secrets; wc -c </etc/app/key").text.strip(), "0")
        assert value not in p.docker("inspect", "of-demo").out
        p.docker("rm", "-f", "demo")


@each
def a_failure_refuses_the_start_and_leaves_nothing(kind):
    with Place(kind) as p:
        Secrets(p.node, a="1", many__x="1", many__y="2", **{"!broken": "the vault is sealed"})
        for reference, words in (("se://no/such", f"resolving {KEY}: secret not found: se://no/such"),
                                 ("se://many/*", "2 secrets matched se://many/*"),
                                 ("se://broken", f"resolving {KEY}: se://broken: ")):
            p.docker("create", "--name", "demo", *mount("se://a", "a"), *mount(reference),
                     "busybox:latest", "touch", "/started")
            done = p.docker("start", "demo", check=False)
            assert done.code and words in done.err, done
            equal(files(p), [])
            p.docker("rm", "demo")
        done = p.docker("run", "--name", "demo", *mount("se://a"), "busybox:latest", "nosuch", check=False)
        assert done.code and "executable file" in done.err, done
        p.hands.until("no file is left", lambda: not files(p))
        p.docker("rm", "demo")
        for options, words in ((mount("db"), "needs a reference as its source"),
                               (mount("se://a//b"), "mount of se://a//b: "),
                               (mount("se://a", "../x"), "mount of se://a: invalid target"),
                               (mount("se://a", KEY, "volume-nocopy"), None),
                               ((*mount("se://a"), *mount("se://a")), "conflicting target"),
                               ((*mount("se://a"), *mount("se://a", KEY + "/x")), "conflicting target")):
            done = p.docker("create", *options, "busybox:latest", check=False)
            assert done.code and (not words or words in done.err), done
        equal(p.docker("ps", "-aq").text, "")


@each
def the_api_takes_a_mount_without_a_target(kind):
    with Place(kind) as p:
        Secrets(p.node, db__password="value")

        def create(name, mount_):
            return p.cofferd.api.post(f"/containers/create?name={name}", {
                "Image": "busybox:latest", "Cmd": ["cat", "/run/secrets/password"],
                "HostConfig": {"Mounts": [mount_]}})
        answer = create("short", {"Type": "secret", "Source": "se://db/password"})
        equal(answer.status, 201)
        equal(p.docker("start", "-a", "short").out, "value")
        for mount_, words in (({"Type": "secret", "Source": "se://db/*"}, "target is required"),
                              ({"Type": "secret"}, "needs a reference"),
                              ({"Type": "secret", "Source": "se://a", "BindOptions": {"NonRecursive": True}},
                               "has no option BindOptions")):
            answer = create("bad", mount_)
            equal(answer.status, 400)
            assert words in answer.json["message"], answer


@each
def a_file_is_of_the_callers_secrets(kind):
    with Place(kind) as p:
        Secrets(p.node, a="of root")
        Secrets(p.node, uid=1000, a="of 1000")
        p.cofferd.socket.chmod(0o666)
        for folder in (p.node.folder, p.cofferd.folder, p.cofferd.run):
            folder.chmod(0o755)
        home = p.node.folder / "home-1000"
        home.mkdir()
        home.chmod(0o777)
        made = subprocess.run(
            ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", p.docker.program, "create",
             "--name", "mine", *mount("se://a"), "busybox:latest", "cat", KEY],
            env={**p.docker.env, "HOME": str(home), "DOCKER_CONFIG": str(home)}, check=False,
            capture_output=True, text=True)
        equal((made.returncode, made.stderr), (0, ""))
        equal(p.docker("start", "-a", "mine").out, "of 1000")
        equal(p.run(*mount("se://a"), script=f"cat {KEY}").text, "of root")


@each
def a_container_without_its_record_does_not_start(kind):
    with Place(kind) as p:
        Secrets(p.node, a="1")
        identity = p.docker("create", "--name", "demo", *mount("se://a"), "busybox:latest", "cat",
                            KEY).text
        p.cofferd.kill()
        p.cofferd.start()
        equal(p.docker("start", "-a", "demo").out, "1")
        os.unlink(p.cofferd.state / "references" / identity)
        done = p.docker("start", "demo", check=False)
        assert done.code and f"{KEY}: it isn't known which secret this file is" in done.err, done


@each
def what_a_crash_left_is_removed(kind):
    value = canary()
    with Place(kind) as p:
        Secrets(p.node, a=value)
        names = ("one", "two")
        for name in names:
            p.docker("run", "-d", "--name", name, *mount("se://a"), "busybox:latest", "sh", "-c", LATER)
        one, _ = (p.docker("inspect", "-f", "{{.Id}}", name).text for name in names)
        equal(len(files(p)), 2)
        p.cofferd.kill()
        left = p.node.path(p.cofferd.run / "files") / ("f" * 64)
        left.mkdir()
        (left / "key").write_text(value)
        p.hands.engine_docker("rm", "-f", "two")
        p.cofferd.start()
        p.hands.until("only what is there has files", lambda: files(p) == [one])
        equal(p.docker("exec", "one", "cat", KEY).out, value)
        p.docker("rm", "-f", "one")
        equal(files(p), [])


@each
def files_go_when_the_runtime_has_lost_the_container(kind):
    """Where the real runtime can't delete it, files stay for a container that it has, and go for one that it
    hasn't."""
    with Place(kind) as p:
        Secrets(p.node, a="value")
        p.docker("run", "-d", "--name", "demo", *mount("se://a"), "busybox:latest", "sh", "-c", LATER)
        (running,) = files(p)
        lost = "f" * 64
        p.node.path(p.cofferd.run / "files" / lost).mkdir()
        for identity in (running, lost):
            try:
                p.node.run([RUNTIME, "--coffer-config", p.engine.settings, *ROOT_OF_RUNTIME[kind], "--log",
                            "/dev/null", "delete", identity])
                raise AssertionError(f"{identity} was deleted")
            except RuntimeError:
                pass
        equal(files(p), [running])
        equal(p.docker("exec", "demo", "cat", KEY).out, "value")
        p.docker("rm", "-f", "demo")


@each
def an_engine_without_the_runtime_refuses_files(kind):
    with Place(kind, runtime=None) as p:
        done = p.run(*mount("se://a"), script=":", check=False)
        assert done.code != 0 and "need coffer-runtime" in done.err, done


@test(engines=(None,), cofferd=False, reference=False)
def the_podman_of_cofferd_itself_has_files(_):
    with OwnPlace() as p:
        Secrets(p.node, a="value")
        p.docker("run", "-d", "--name", "demo", *mount("se://a"), "busybox:latest", "sh", "-c", LATER)
        equal(p.docker("exec", "demo", "cat", KEY).out, "value")
        equal(len(files(p)), 1)
        p.docker("rm", "-f", "demo")
        equal(files(p), [])
