# SPDX-License-Identifier: Apache-2.0
"""References to secrets in the environment of containers: resolved when a process starts, by the
secrets engine of the user who asked, and to be found nowhere but in that process.

These tests have an engine of their own in a node of their own, since Podman's runtime is a setting
of the whole engine. The secrets engine is a scripted one."""

import json
import os

from fixture import canary
from harness import equal
from references import LATER, REAL, Place, Secrets, each, nowhere, only_in


@each
def a_reference_is_the_value_for_the_process_alone(kind):
    value, later = canary(), canary()
    with Place(kind) as p:
        secrets = Secrets(p.node, openai__key=value, GH_TOKEN=value + "-gh")
        equal(p.run("-e", "KEY=se://openai/key", script='echo "$KEY"').text, value)
        equal(p.run("-e", "GH_TOKEN=", "-e", "OTHER=", script='echo "$GH_TOKEN,$OTHER"').text,
              value + "-gh,")
        p.docker("run", "-d", "--name", "demo", "-e", "KEY=se://openai/*", "-e", "GH_TOKEN=",
                 "busybox:latest", "sh", "-c", LATER)
        equal(p.docker("exec", "demo", "sh", "-c", 'echo "$KEY $GH_TOKEN"').text,
              f"{value} {value}-gh")
        shown = p.docker("inspect", "demo").out
        assert "KEY=se://openai/*" in shown, shown
        config = json.loads(shown)[0]
        equal((config["Path"], config["Args"]), ("sh", ["-c", LATER]))
        equal((config["Config"]["Labels"]["coffer.secrets.uid"],
               config["Config"]["Labels"]["coffer.secrets.fallback"]), ("0", "GH_TOKEN"))
        equal(p.docker("exec", "demo", "sh", "-c", "tr '\\0' ' ' </proc/1/cmdline; ls /proc/1/fd").text,
              f"sh -c {LATER} 0\n1\n2")
        p.docker("commit", "demo", "image-of-demo")
        left = p.docker("inspect", "image-of-demo").out + p.docker("events", "--since", "5m",
                                                                   "--until", "0s").out
        assert value not in shown + left
        only_in(value, {"sh", "sleep"})
        secrets.set(openai__key=later)
        p.docker("restart", "-t", "1", "demo")
        equal(p.docker("exec", "demo", "sh", "-c", 'echo "$KEY"').text, later)
        p.docker("rm", "-f", "demo")
        nowhere(p, value, later)


@each
def a_failure_refuses_the_start_and_says_why(kind):
    with Place(kind) as p:
        secrets = Secrets(p.node, a="1", many__x="1", many__y="2", **{"!broken": "the vault is sealed"})
        for reference, words in (("se://no/such", "resolving KEY: secret not found: se://no/such"),
                                 ("se://many/*", "2 secrets matched se://many/*: many/x (scripted), "
                                                 "many/y (scripted)"),
                                 ("se://broken", "resolving KEY: se://broken: "),
                                 ("se://a//b", "resolving KEY: se://a//b: ")):
            done = p.run("-e", f"KEY={reference}", script="echo started", check=False)
            assert done.code in (125, 126, 127) and words in done.err, done
            assert "started" not in done.out, done
        p.hands.until("no container is left", lambda: not p.engine.containers())
        assert "the vault is sealed" in p.run("-e", "KEY=se://broken", script=":", check=False).err
        done = p.run("-e", "A-B=se://a", script=":", check=False)
        assert done.code != 0 and "A-B" in done.err, done
        p.docker("run", "-d", "--name", "box", "-e", "KEY=se://a", "busybox:latest", "sh", "-c", LATER)
        secrets.set(a="changed")
        equal(p.docker("exec", "box", "sh", "-c", 'echo "$KEY"').text, "changed")
        done = p.docker("exec", "-e", "NEW=se://a", "box", "sh", "-c", 'echo "$NEW"')
        equal(done.text, "changed")
        done = p.docker("exec", "-e", "NEW=se://no", "box", "true", check=False)
        assert done.code != 0, done


@each
def without_an_engine_nothing_starts_but_for_a_fallback(kind):
    with Place(kind) as p:
        p.without_engined()
        done = p.run("-e", "KEY=se://a", script="echo started", check=False)
        assert done.code != 0 and "resolving KEY: se://a: " in done.err, done
        assert "coffer-engined isn't installed" in done.err, done
        equal(p.run("-e", "KEY=", script='echo "[$KEY]"').text, "[]")


@each
def every_way_to_start_a_process_works(kind):
    with Place(kind) as p:
        Secrets(p.node, a="value-a")
        show = 'echo "$KEY"'
        for options in (("-u", "1000:1000"), ("--read-only",), ("--init",),
                        ("--security-opt", "no-new-privileges"), ("-i",), ("--cap-drop", "ALL"),
                        ("--network", "none"), ("-w", "/tmp"), ("--entrypoint", "sh")):
            done = (p.docker("run", "--rm", *options, "-e", "KEY=se://a", "busybox:latest", "-c", show)
                    if "--entrypoint" in options
                    else p.run(*options, "-e", "KEY=se://a", script=show))
            equal(done.text, "value-a")
        shown = p.docker.on_terminal("run", "--rm", "-it", "-e", "KEY=se://a", "busybox:latest", "sh",
                                     "-c", 'tty; echo "$KEY"')
        equal(shown.out, "/dev/pts/0\nvalue-a\n")
        done = p.docker("run", "--rm", "-e", "KEY=se://a", "busybox:latest", "nosuch", check=False)
        equal(done.code, 127)
        assert 'exec: "nosuch": executable file not found in $PATH' in done.err, done
        done = p.docker("run", "--rm", "-e", "KEY=se://a", "busybox:latest", "/etc/passwd", check=False)
        equal(done.code, 126)
        equal(p.run("-e", "KEY=se://a", script="exit 7", check=False).code, 7)


@each
def the_callers_user_says_whose_secrets_they_are(kind):
    with Place(kind) as p:
        Secrets(p.node, a="of root")
        Secrets(p.node, uid=1000, a="of 1000")
        p.open_to_all()

        def run_as(uid, *arguments):
            return p.docker_as(uid, "run", *arguments, "busybox:latest", "sh", "-c", 'echo "$KEY"')
        done = run_as(1000, "--name", "mine", "-e", "KEY=se://a")
        equal((done.stdout, done.stderr), ("of 1000\n", ""))
        # Whoever starts it again, it stays theirs.
        equal(p.docker("start", "-a", "mine").text, "of 1000")
        equal(p.run("-e", "KEY=se://a", script='echo "$KEY"').text, "of root")
        p.docker("run", "-d", "--name", "box", "-e", "KEY=se://a", "busybox:latest", "sh", "-c", LATER)
        show = ("-e", "NEW=se://a", "box", "sh", "-c", 'echo "$NEW"')
        equal(p.docker("exec", *show).text, "of root")
        done = p.docker_as(1000, "exec", *show)
        assert done.returncode != 0 and "are resolved for user 0" in done.stderr, done
        # What cofferd doesn't see is not resolved.
        hidden = {"Cmd": ["true"], "Env": [], "ENV": ["NEW=se://a", "OTHER=se://b"], "AttachStdout": True}
        made = p.hands.api.post("/containers/box/exec", hidden)
        equal(made.status, 201)
        told = p.hands.api.post(f"/exec/{made.json['Id']}/start", {"Detach": False})
        assert "it was not given to exec through cofferd" in told.text, told
        done = run_as(1001, "--rm", "-e", "KEY=se://a")
        assert done.returncode != 0 and "user 1001" in done.stderr, done
        assert "systemctl --user enable --now coffer-engined.socket" in done.stderr, done
        done = run_as(1000, "--rm", "--label", "coffer.secrets.uid=0", "-e", "KEY=se://a")
        assert done.returncode != 0 and "coffer.secrets.uid" in done.stderr, done
        done = run_as(1000, "--rm", "--runtime", REAL[kind], "-e", "KEY=se://a")
        assert done.returncode != 0 and "runtime" in done.stderr, done


@each
def an_image_gets_no_secret_that_its_user_did_not_ask_for(kind):
    value = canary()
    with Place(kind) as p:
        Secrets(p.node, mine="fine", other=value)
        p.docker("create", "--name", "box", "busybox:latest")
        p.docker("commit", "--change", "ENV STOLEN=se://other", "box", "curious")
        done = p.docker("run", "--rm", "curious", "env", check=False)
        assert value not in done.out, done
        if kind == "podman":  # dockerd has its own runtime start it, which knows no references
            assert done.code != 0 and "resolving STOLEN: se://other: " in done.err, done
            assert "an image can't" in done.err, done
        for options in (("-e", "KEY=se://mine"), ("-e", "EMPTY=")):
            done = p.docker("run", "--rm", *options, "curious", "env", check=False)
            assert done.code != 0 and value not in done.out, done
            assert "resolving STOLEN: se://other: the image has" in done.err, done
        done = p.docker("run", "--rm", "-e", "STOLEN=", "-e", "KEY=se://mine", "curious", "env")
        assert "KEY=fine" in done.out and value not in done.out, done
        done = p.docker("run", "--rm", "-e", "STOLEN=se://other", "curious", "env")
        assert f"STOLEN={value}" in done.out, done
        p.hands.api.post("/services/create", {"Name": "s", "TaskTemplate": {
            "RestartPolicy": {"Condition": "none"},
            "ContainerSpec": {"Image": "curious", "Env": ["KEY=se://mine"], "Command": ["env"]}}})
        p.hands.until("the task is refused", lambda: any(
            "resolving STOLEN" in task["Status"].get("Err", "")
            for task in p.hands.api.get("/tasks").json))


@each
def past_cofferd_nobody_is_asked_unless_the_settings_say_whom(kind):
    with Place(kind) as p:
        Secrets(p.node, a="of root")
        options = ("--runtime", "coffer") if kind == "dockerd" else ()
        engine = p.hands.engine_docker
        done = engine("run", "-d", *options, "-e", "KEY=se://a", "busybox:latest", "true", check=False)
        assert done.code != 0 and "it isn't known whose secrets are meant" in done.err, done
        p.set("uid = 0")
        done = engine("run", "--rm", *options, "-e", "KEY=se://a", "-e", "a=", "busybox:latest", "sh",
                      "-c", 'echo "$KEY,$a"')
        equal(done.text, "of root,")
        p.set("uid = 0\nfallback = yes")
        done = engine("run", "--rm", *options, "-e", "a=", "busybox:latest", "sh", "-c", 'echo "$a"')
        equal(done.text, "of root")


@each
def a_record_goes_with_its_container(kind):
    with Place(kind) as p:
        Secrets(p.node, a="value")
        records = lambda: sorted(os.listdir(p.cofferd.state / "references"))
        one, two = (p.docker("create", "-e", "KEY=se://a", "busybox:latest", "true").text for _ in range(2))
        equal(records(), sorted((one, two)))
        p.docker("rm", one)
        p.hands.until("its record is gone", lambda: records() == [two])
        p.hands.engine_docker("rm", two)  # past cofferd
        p.hands.until("no record is left", lambda: not records())


@each
def an_engine_without_the_runtime_refuses_references(kind):
    with Place(kind, runtime=None) as p:
        done = p.run("-e", "KEY=se://a", script=":", check=False)
        assert done.code != 0 and "need coffer-runtime" in done.err, done
        equal(p.run("-e", "KEY=", script='echo "[$KEY]"').text, "[]")


@each
def a_service_has_references_too(kind):
    with Place(kind) as p:
        secrets = Secrets(p.node, myapp__key="of the node's root")
        p.hands.service("s", "--env", "KEY=se://myapp/key", command=(
            "busybox:latest", "sh", "-c", LATER))
        container = p.hands.container("s")
        equal(p.docker("exec", container, "sh", "-c", 'echo "$KEY"').text, "of the node's root")
        shown = p.docker("inspect", container).out + p.docker("service", "inspect", "s").out
        assert "KEY=se://myapp/key" in shown and "of the node's root" not in shown, shown
        equal(os.listdir(p.cofferd.state / "references"), [container])
        p.docker("service", "rm", "s")
        p.hands.until("no record is left", lambda: not os.listdir(p.cofferd.state / "references"))
        secrets.stop()
