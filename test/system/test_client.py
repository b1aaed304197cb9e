# SPDX-License-Identifier: Apache-2.0
"""coffer, the command line client: verbs, columns, formats, filters, exit codes, doctor."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import termios
import threading

import places
from api import Api
from cli import Client
from fixture import QUICK, SLEEP, container_of
from harness import NONE, equal, test
from terminal import TIMEOUT, Terminal


@test(engines=["podman"])
def secrets_are_made_listed_and_removed(t):
    identity = t.coffer("secret", "create", "--label", "tier=db", "pw", "-", stdin="x").text
    shown = t.coffer("secret", "ls").lines
    assert re.match(r"ID +NAME +(DRIVER +)?CREATED +UPDATED", shown[0]), shown
    assert re.match(rf"{identity} +pw +", shown[1]), shown
    equal(t.coffer("secret", "ls", "-q").text, identity)
    equal(t.coffer("secret", "ls", "--format", "{{.Name}} {{.ID}}").text, f"pw {identity}")
    equal(t.coffer("secret", "ls", "-q", "--filter", "name=nosuch").text, "")
    inspected = json.loads(t.coffer("secret", "inspect", "pw").out)
    equal(inspected[0]["Spec"], {"Name": "pw", "Labels": {"tier": "db"}})
    equal(t.coffer("secret", "inspect", "--format", "{{.Spec.Name}}", "pw").text, "pw")
    equal(t.coffer("secret", "rm", "pw").text, "pw")
    said = t.coffer.refused("secret", "rm", "pw")
    assert "secret pw not found" in said or "No such secret: pw" in said, said


@test(engines=["podman"])
def a_secret_comes_from_a_file_or_standard_input(t):
    path = t.cofferd.folder / "value"
    path.write_bytes(b"\0binary\n")
    t.coffer("secret", "create", "file", path)
    t.service("s", "--secret", "file")
    container = container_of(t.running("s")[0])
    equal(t.in_container(container, "cat", "/run/secrets/file").out, "\0binary\n")
    assert t.coffer.refused("secret", "create", "none", "/nosuch")
    assert t.coffer.refused("secret", "create", "empty", "-", stdin="")


@test(engines=["podman"])
def configs_show_their_data(t):
    t.coffer("config", "create", "site", "-", stdin="listen 80;")
    assert "listen 80;" in t.coffer("config", "inspect", "--pretty", "site").out
    assert re.search(r"^\S+ +site ", t.coffer("config", "ls").out, re.M)
    equal(t.coffer("config", "rm", "site").text, "site")


@test(engines=["podman"])
def services_are_made_scaled_shown_and_removed(t):
    t.coffer("secret", "create", "pw", "-", stdin="x")
    made = t.coffer("service", "create", "--name", "s", *QUICK, "--replicas", "2", "--env", "A=1",
                    "--secret", "source=pw,target=/etc/pw,mode=0400", *SLEEP)
    assert re.search(r"^[0-9a-z]{25}$", made.out, re.M), made
    for task in t.running("s", 2):
        shown = t.in_container(container_of(task), "stat", "-c", "%a", "/etc/pw").text
        equal(shown, "400")
    listed = t.coffer("service", "ls").lines
    assert re.match(r"ID +NAME +MODE +REPLICAS +IMAGE", listed[0]), listed
    assert re.search(r" s +replicated +2/2 +busybox:latest", listed[1]), listed
    t.coffer("service", "scale", "s=1")
    t.running("s", 1)
    equal(json.loads(t.coffer("service", "inspect", "s").out)[0]["Spec"]["Name"], "s")
    assert "Replicas" in t.coffer("service", "inspect", "--pretty", "s").out
    equal(len(t.coffer("service", "ps", "-q", "--filter", "desired-state=running", "s").lines), 1)
    t.coffer("service", "update", *QUICK, "--env-add", "B=2", "s")
    assert "B=2" in t.in_container(container_of(t.running("s")[0]), "env").lines
    equal(t.coffer("service", "rm", "s").text, "s")
    t.gone("s")


@test(engines=["podman"])
def output_is_given_as_json_on_demand(t):
    t.secret("a")
    t.secret("b")
    rows = [json.loads(line) for line in t.coffer("secret", "ls", "--format", "json").lines]
    equal(sorted(row["Name"] for row in rows), ["a", "b"])
    t.service("s")
    row = json.loads(t.coffer("service", "ls", "--format", "json").out)
    equal((row["Name"], row["Replicas"]), ("s", "1/1"))


@test(engines=["podman"])
def logs_of_a_service_are_shown(t):
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", "busybox:latest", "sh",
             "-c", "echo hello; trap 'exit 0' TERM; sleep 1000000 & wait")
    t.running("s")
    t.until("the line", lambda: "hello" in t.coffer("service", "logs", "s").out)
    shown = t.coffer("service", "logs", "s").out
    assert re.match(r"s\.1\.\S+ +\| hello$", shown.strip()), shown


@test(engines=["podman"])
def nodes_and_swarm_are_shown(t):
    t.until("the node is ready", lambda: t.api.get("/nodes").json[0]["Status"]["State"] == "ready")
    listed = t.coffer("node", "ls").lines
    assert re.match(r"ID +HOSTNAME +STATUS +AVAILABILITY +MANAGER STATUS", listed[0]), listed
    assert re.search(r" \* +\S+ +Ready +Active +Leader", listed[1]), listed
    equal(json.loads(t.coffer("node", "inspect", "self").out)[0]["Spec"]["Role"], "manager")
    assert "active" in t.coffer("info").out
    said = t.coffer.refused("swarm", "leave")
    assert "erases all current state of the swarm" in said, said


@test(engines=["podman"])
def wrong_use_is_told_with_status_125(t):
    for words in (["secret", "create"], ["secret", "ls", "--nonsense"], ["service", "create"]):
        done = t.coffer(*words, check=False)
        assert done.code in (1, 125) and done.err, done
    equal(t.coffer("secret", "ls", "--nonsense", check=False).code, 125)
    assert t.coffer("nonsense", check=False).code != 0


@test(engines=NONE, cofferd=False)
def each_verb_has_help(t):
    top = subprocess.run([places.COFFER, "--help"], check=True, stdout=subprocess.PIPE, text=True)
    for noun in ("secret", "config", "service", "node", "swarm", "doctor", "info"):
        assert noun in top.stdout, noun
    for words in (["secret", "create"], ["service", "create"], ["service", "update"], ["doctor"],
                  ["swarm", "init"], ["node", "ls"], ["config", "ls"]):
        shown = subprocess.run([places.COFFER, *words, "--help"], check=True,
                               stdout=subprocess.PIPE, text=True)
        assert "Usage" in shown.stdout and " ".join(words) in shown.stdout, shown.stdout


@test(engines=NONE, cofferd=False)
def words_are_completed_behind_global_flags_too(t):
    for words, wanted in ((["sec"], "secret"), (["swarm", "unl"], "unlock\nunlock-key"),
                          (["-H", "unix:///nowhere/sock", "swarm", "ro"], "rotate-key"),
                          (["--host=unix:///nowhere/sock", "--ver"], "--version")):
        shown = subprocess.run([places.COFFER, "__complete", *words], check=True,
                               stdout=subprocess.PIPE, text=True)
        equal(shown.stdout.strip(), wanted)


@test(engines=NONE, cofferd=False)
def a_daemon_that_is_not_there_is_told(t):
    done = subprocess.run([places.COFFER, "secret", "ls"], stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, text=True,
                          env={"COFFER_HOST": "unix:///nowhere/coffer.sock",
                               "DOCKER_HOST": "unix:///nowhere/coffer.sock"})
    assert done.returncode == 1 and "/nowhere/coffer.sock" in done.stdout, done


@test()
def the_doctor_looks_at_the_host(t):
    shown = t.coffer("doctor", check=False)
    assert shown.code in (0, 1), shown
    for word in ("engine", "cgroup", "swap", "kernel"):
        assert word in shown.out.lower(), (word, shown)


@test(engines=["dockerd"], cofferd=False)
def progress_is_shown_on_a_plain_dockerd_too(t):
    start = {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1", "Spec": {}}
    api = Api(t.engine.socket)
    equal(api.post("/swarm/init", start).status, 200)
    t.defer(api.post, "/swarm/leave?force=1")
    coffer = Client(places.COFFER, t.engine.socket, t.node.folder / "home")
    shown = coffer("service", "create", "--name", "plain", "--no-resolve-image", *QUICK, *SLEEP)
    assert "verify: Service" in shown.out and "converged" in shown.out, shown
    shown = coffer("service", "scale", "plain=2")
    assert "overall progress: 2 out of 2 tasks" in shown.out, shown


@test()
def a_client_shows_progress_until_the_service_is_there(t):
    shown = t.coffer.on_terminal("service", "create", "--name", "s", *QUICK, *SLEEP)
    equal(shown.code, 0)
    assert "converged" in shown.out, shown
    assert t.coffer("service", "create", "--detach", "--name", "d", *SLEEP).code == 0


def answer_once(listener, body):
    connection, _ = listener.accept()
    with connection:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


@test(engines=NONE, cofferd=False)
def a_signal_leaves_the_terminal_as_it_was(t):
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = f"{folder}/socket"
        listener.bind(path)
        listener.listen()
        client = Client(places.COFFER, path, pathlib.Path(folder) / "home")
        for number in (signal.SIGTERM, signal.SIGHUP):
            daemon = threading.Thread(target=answer_once, daemon=True,
                                      args=(listener, b'{"Swarm":{"LocalNodeState":"locked"}}'))
            terminal = Terminal([places.COFFER, "swarm", "unlock"], client.env)
            # The settings last as long as someone has it open.
            held = os.open(f"/proc/{terminal.process.pid}/fd/0", os.O_RDWR | os.O_NOCTTY)
            before = termios.tcgetattr(held)
            daemon.start()
            terminal.expect("Enter unlock key: ")
            assert not termios.tcgetattr(held)[3] & termios.ECHO
            terminal.process.send_signal(number)
            equal(terminal.process.wait(TIMEOUT), -number)
            equal(termios.tcgetattr(held), before)
            os.close(held)
            terminal.end()
            daemon.join()
