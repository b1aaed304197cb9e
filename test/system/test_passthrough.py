# SPDX-License-Identifier: Apache-2.0
"""What isn't ours goes to the engine and comes back as it is: streams, half-closes, large bodies."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
import time

import wait
from fixture import SLEEP
from harness import ALL, equal, test

LARGE = 48 << 20


def run_sleeper(t, name="box"):
    t.docker("run", "-d", "--name", name, *SLEEP)
    return name


@test(clis=ALL)
def run_gives_output_error_and_status(t):
    done = t.docker("run", "--rm", "busybox:latest", "sh", "-c", "echo out; echo err >&2; exit 7",
                    check=False)
    equal((done.code, done.out, done.err), (7, "out\n", "err\n"))
    shown = t.docker.on_terminal("run", "--rm", "-it", "busybox:latest", "tty")
    equal((shown.code, shown.out), (0, "/dev/pts/0\n"))
    equal(t.docker("ps", "-aq").text, "")


@test(clis=ALL)
def standard_input_ends_when_the_client_ends_it(t):
    box = run_sleeper(t)
    for size in (0, 3, 70000, 5 << 20):
        data = os.urandom(size)
        done = t.docker("exec", "-i", box, "sh", "-c", "sha256sum; echo end", stdin=data)
        equal(done.out, f"{hashlib.sha256(data).hexdigest()}  -\nend\n")
    done = t.docker("run", "--rm", "-i", "busybox:latest", "cat", stdin="through run")
    equal(done.out, "through run")


@test()
def an_exec_tells_its_status(t):
    box = run_sleeper(t)
    equal(t.docker("exec", box, "sh", "-c", "exit 3", check=False).code, 3)
    equal(t.docker("exec", "-u", "1000", box, "id", "-u").text, "1000")


@test()
def a_large_output_arrives_whole(t):
    done = t.docker("run", "--rm", "busybox:latest", "sh", "-c",
                    "yes 0123456789abcde | head -c 20000000")
    equal(len(done.out), 20000000)
    assert done.out == "0123456789abcde\n" * 1250000


@test()
def attach_shows_what_comes_and_sends_what_is_typed(t):
    t.docker("create", "-i", "--name", "echo", "busybox:latest", "sh", "-c",
             "while read -r line; do echo got $line; done")
    t.docker("start", "echo")
    attached = t.docker.start("attach", "echo")
    for word in (b"one", b"two"):
        attached.stdin.write(word + b"\n")
        attached.stdin.flush()
        equal(attached.stdout.readline(), b"got " + word + b"\n")
    attached.stdin.close()
    equal(attached.wait(20), 0)
    for stream in (attached.stdout, attached.stderr):
        stream.close()


@test()
def followed_logs_arrive_line_by_line(t):
    t.docker("create", "-i", "--name", "echo", "busybox:latest", "cat")
    t.docker("start", "echo")
    feeder = t.docker.start("attach", "echo")
    reader = t.docker.start("logs", "-f", "echo")
    for number in range(5):
        feeder.stdin.write(b"%d\n" % number)
        feeder.stdin.flush()
        equal(reader.stdout.readline(), b"%d\n" % number)
    feeder.communicate(timeout=20)
    equal(reader.wait(20), 0)
    for stream in (reader.stdin, reader.stdout, reader.stderr):
        stream.close()


@test()
def a_client_that_goes_away_is_noticed(t):
    """Following clients that are killed leave no connection behind."""
    t.docker("run", "-d", "--name", "quiet", *SLEEP)
    def sockets():
        return len(os.listdir(f"/proc/{t.cofferd.daemon.pid}/fd"))
    before = sockets()
    readers = [t.docker.start("logs", "-f", "quiet", stdout=subprocess.DEVNULL,
                              stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for _ in range(5)]
    wait.until(None, "five streams", lambda: sockets() >= before + 5)
    for reader in readers:
        reader.kill()
        reader.wait()
    wait.until(None, "no stream", lambda: sockets() <= before)


@test()
def files_are_copied_both_ways(t):
    box = run_sleeper(t)
    source = t.cofferd.folder / "source"
    source.mkdir()
    (source / "small").write_bytes(b"small")
    (source / "large").write_bytes(os.urandom(LARGE))
    t.docker("cp", source, f"{box}:/tmp/copy")
    equal(t.docker("exec", box, "cat", "/tmp/copy/small").out, "small")
    t.docker("cp", f"{box}:/tmp/copy/large", t.cofferd.folder / "back")
    equal((t.cofferd.folder / "back").read_bytes(), (source / "large").read_bytes())


@test()
def an_image_is_built(t):
    folder = t.cofferd.folder / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM busybox:latest\nCOPY hello /hello\nCMD cat /hello\n")
    (folder / "hello").write_text("built through cofferd\n")
    t.docker("build", "-t", "built_image", folder)
    t.defer(t.engine_docker, "rmi", "-f", "built_image")
    equal(t.docker("run", "--rm", "built_image").out, "built through cofferd\n")


@test()
def an_image_is_saved_and_loaded(t):
    saved = t.docker.start("save", "redis:alpine")
    data = saved.communicate()[0]
    equal(saved.returncode, 0)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert "manifest.json" in archive.getnames()
    assert "redis:alpine" in t.docker("load", stdin=data).out


@test()
def events_of_the_engine_are_told(t):
    with t.api.stream("/events") as stream:
        t.docker("run", "--name", "told", "busybox:latest", "true")
        t.docker("rm", "told")
        actions = []
        for event in stream.lines():
            if event["Type"] == "container" and event["Actor"]["Attributes"]["name"] == "told":
                actions.append(event["Action"])
                if event["Action"] in ("destroy", "remove"):
                    break
    assert {"create", "start", "die"} <= set(actions), actions


@test(reference=False)
def the_past_is_told_in_order(t):
    """What happened to containers and to the swarm, and then what happens."""
    since = str(time.time())
    for number in range(3):
        t.docker("run", "--rm", "--name", f"box{number}", "busybox:latest", "true")
        t.secret(f"secret{number}")
    with t.api.stream(f"/events?since={since}") as stream:
        told = []
        for event in stream.lines():
            name = event["Actor"]["Attributes"].get("name", "")
            if event["Action"] in ("start", "create") and name.rstrip("012345") in ("box", "secret"):
                told.append((event["timeNano"], event["Action"], name))
            if name == "secret2":
                t.secret("secret3")
            elif name == "secret3":
                t.docker("run", "--rm", "--name", "box4", "busybox:latest", "true")
            elif (event["Action"], name) == ("start", "box4"):
                break
    equal([at for at, _, _ in told], sorted(at for at, _, _ in told))
    equal([name for _, action, name in told if action == "start" or name.startswith("secret")],
          ["box0", "secret0", "box1", "secret1", "box2", "secret2", "secret3", "box4"])
    shown = t.docker("events", "--since", since, "--until", str(time.time() + 2), "--filter",
                     "event=create", "--format", "{{.Actor.Attributes.name}}").lines
    equal(shown, [name for _, action, name in told if action == "create"])


@test()
def events_stop_when_their_time_is_over(t):
    done = t.docker("events", "--since", "0s", "--until", "0s")
    equal(done.code, 0)


@test()
def the_engines_own_words_come_through(t):
    said = t.docker("inspect", "nosuch", check=False)
    assert said.code == 1 and "o such object: nosuch" in said.err, said
    ours, theirs = (api.get("/containers/nosuch/json") for api in (t.api, t.engine.api))
    equal((ours.status, ours.body), (theirs.status, theirs.body))
    ours, theirs = (api.get("/nosuchpath") for api in (t.api, t.engine.api))
    equal(ours.status, theirs.status)


@test()
def lists_and_answers_are_those_of_the_engine(t):
    run_sleeper(t)
    for path in ("/containers/json?all=1", "/images/json", "/volumes", "/containers/box/json"):
        equal(sorted_json(t.api, path), sorted_json(t.engine.api, path))
    info, theirs = t.api.get("/info").json, t.engine.api.get("/info").json
    equal((info["Name"], info["Images"]), (theirs["Name"], theirs["Images"]))


def sorted_json(api, path):
    """A list of things in an order that does not depend on the engine's mood."""
    value = api.get(path).json
    return sorted(value, key=lambda thing: thing["Id"]) if isinstance(value, list) else value


@test()
def volumes_and_local_networks_work(t):
    t.docker("volume", "create", "kept")
    t.defer(t.engine_docker, "volume", "rm", "kept")
    t.docker("run", "--rm", "-v", "kept:/data", "busybox:latest", "sh", "-c", "echo hi >/data/f")
    equal(t.docker("run", "--rm", "-v", "kept:/data", "busybox:latest", "cat", "/data/f").out, "hi\n")
    t.docker("network", "create", "local_net")
    assert "local_net" in t.docker("network", "ls", "--format", "{{.Name}}").lines
    t.docker("run", "--rm", "--network", "local_net", "busybox:latest", "ip", "addr")
    t.docker("network", "rm", "local_net")


@test(reference=False)
def a_container_may_have_limits_of_its_own(t):
    done = t.docker("run", "--rm", "--memory", "64m", "--ulimit", "nofile=1000:1000",
                    "busybox:latest", "sh", "-c", "ulimit -n")
    equal(done.text, "1000")


@test()
def wait_returns_when_the_container_ends(t):
    t.docker("create", "-i", "--name", "waiting", "busybox:latest", "sh", "-c", "read x; exit 4")
    t.docker("start", "waiting")
    waiting = t.docker.start("wait", "waiting")
    t.docker("attach", "waiting", stdin="\n", check=False)
    out, _ = waiting.communicate(timeout=20)
    equal(out, b"4\n")


@test()
def a_request_body_without_length_is_passed_on(t):
    data = json.dumps({"Image": "busybox:latest", "Cmd": ["true"]}).encode()
    head = (b"POST /v1.41/containers/create?name=chunked HTTP/1.1\r\nHost: docker\r\n"
            b"Content-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
    answer = t.api.raw(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
    assert answer.startswith(b"HTTP/1.1 201"), answer


@test()
def many_clients_at_once_are_served(t):
    clients = [t.docker.start("run", "--rm", "busybox:latest", "echo", str(n)) for n in range(12)]
    for number, client in enumerate(clients):
        out, err = client.communicate(timeout=80)
        equal((client.returncode, out, err), (0, b"%d\n" % number, b""))
