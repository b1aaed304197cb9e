# SPDX-License-Identifier: Apache-2.0
"""The secrets engine as its clients and plugins see it: the real program, real plugins, curl."""

import base64
import fcntl
import gzip
import json
import multiprocessing
import os
import pathlib
import select
import signal
import socket
import subprocess
import threading
from concurrent import futures

import places
from engined import (AUTHORIZE, DISABLE, ENABLE, EXAMPLE, GET, LIST, REMOVE, SAVE,
                     TIMEOUT, Engined)
from fixture import canary
from harness import NONE, equal, test

CAPTURES = places.ROOT / "test/vectors/secrets/captures"
STRANGER, USER, OTHER, FURTHER = 65000, 65001, 65002, 65003


def alone(function):
    return test(engines=NONE, cofferd=False, reference=False)(function)


# ---- the protocol

@alone
def the_engine_answers_with_the_statuses_of_the_protocol(t):
    engine = Engined(t).start()
    equal(engine.curl("http://unix/health").body, "ok")
    equal(engine.curl("http://unix/nowhere").status, 404)
    equal(engine.curl("http://unix/nowhere").body, "404 page not found\n")
    equal(engine.curl(f"http://unix/{GET}").status, 405)
    equal(engine.curl("-d", "x", f"http://unix/{GET}").status, 415)
    equal(engine.curl("http://unix/hijack").status, 400)
    version = engine.call("health.v1.VersionService/GetVersion", {})
    assert version.json["version"].startswith("v"), version
    missing = engine.call(GET, {"pattern": "a/b"})
    equal((missing.status, missing.json), (404, {"code": "not_found", "message": "secret not found"}))
    bad = engine.call(GET, {"pattern": "bad//x"})
    equal((bad.status, bad.json["code"]), (400, "invalid_argument"))
    assert bad.message.startswith('invalid pattern "bad//x": '), bad
    empty = engine.call(AUTHORIZE, {"patterns": []})
    equal((empty.status, empty.message), (400, "at least one pattern is required"))
    equal(engine.call(AUTHORIZE, {"patterns": ["a"] * 1025}).status, 429)
    equal(engine.stop(), 0)
    assert not engine.socket.exists()


def exchange(path, request):
    """One request, byte by byte as it was recorded; the answer's status, headers and body."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(request)
        with connection.makefile("rb") as lines:
            status = int(lines.readline().split()[1])
            headers = {}
            while (line := lines.readline().strip()):
                name, _, value = line.partition(b": ")
                headers[name.decode().lower()] = value.decode()
            body = lines.read(int(headers["content-length"]))
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    return status, headers, body


@alone
def recorded_requests_of_dockers_client_are_answered(t):
    engine = Engined(t)
    engine.store()
    engine.start()
    engine.save("myrealm/foo", b"bar")
    recorded = [(CAPTURES / f"cap.{i}.c2s").read_bytes() for i in range(1, 6)]
    status, headers, body = exchange(engine.socket, recorded[0])
    equal((status, headers["content-type"], headers["content-encoding"]),
          (200, "application/proto", "gzip"))
    assert body.startswith(b"\n\x06v"), body
    status, _, body = exchange(engine.socket, recorded[1])
    equal(status, 200)
    assert b"myrealm/foo" in body and b"bar" in body and b"docker-pass" in body, body
    status, headers, body = exchange(engine.socket, recorded[3])
    equal((status, headers["content-type"], json.loads(body)),
          (404, "application/json", {"code": "not_found", "message": "secret not found"}))


# ---- plugins

@alone
def plugins_are_started_and_asked_together(t):
    engine = Engined(t)
    engine.store()
    engine.example()
    engine.start()
    engine.save("hello/world", b"from the store")
    equal(engine.get("hello/*"), {("hello/world", "docker-pass"): b"from the store",
                                  ("hello/world", "hello"): b"hello"})
    equal(sorted(engine.plugins()), ["docker-pass", "hello"])
    equal(engine.status("hello"), "RUNNING")


@alone
def a_plugin_that_connects_by_itself_comes_and_goes(t):
    engine = Engined(t).start()
    plugin = subprocess.Popen([EXAMPLE], env={"COFFER_ENGINE_SOCKET": str(engine.socket)})
    engine.until(lambda: engine.status("hello") == "RUNNING")
    equal(engine.get("**"), {("hello/world", "hello"): b"hello"})
    assert engine.plugins()["hello"]["external"], engine.plugins()
    second = subprocess.run([EXAMPLE], env={"COFFER_ENGINE_SOCKET": str(engine.socket)},
                            stderr=subprocess.PIPE, check=False)
    assert b"plugin hello already exists" in second.stderr, second
    equal(engine.call(DISABLE, {"name": "hello"}).status, 400)
    plugin.kill()
    plugin.wait()
    engine.until(lambda: "hello" not in engine.plugins())
    equal(engine.call(GET, {"pattern": "hello/world"}).status, 404)


@alone
def a_plugin_that_says_yes_to_a_shutdown_leaves_by_itself(t):
    engine = Engined(t)
    engine.scripted("leaver", """
        side = Side()
        side.register()
        while (call := side.next_call()).path != SHUTDOWN:
            pass
        call.answer(b"")
        print("the engine is there:", side.call("nothing.v1.Nothing/Nothing", {})[0], file=sys.stderr)
    """)
    engine.start()
    engine.until(lambda: engine.status("leaver") == "RUNNING")
    equal(engine.call(DISABLE, {"name": "leaver"}).status, 200)
    engine.until(lambda: engine.status("leaver") == "STOPPED")
    log = (engine.home / "logs" / "leaver.log").read_text()
    assert "the engine is there: 501" in log, log


@alone
def a_socket_in_a_folder_of_everybodys_is_refused(t):
    engine = Engined(t)
    shared = engine.home / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    done = subprocess.run(engine.command("--socket", shared / "engine.sock"), env=engine.env,
                          stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    assert done.returncode and b"nobody else's to write in" in done.stderr, done


@alone
def a_lock_that_is_never_let_go_is_not_waited_for_forever(t):
    engine = Engined(t)
    with open(engine.home / "engine.sock.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = subprocess.run(engine.command(), env=engine.env, stderr=subprocess.PIPE,
                              timeout=TIMEOUT, check=False)
    assert done.returncode and b"somebody else holds the lock" in done.stderr, done


@alone
def the_log_of_an_engine_on_demand_is_bounded(t):
    engine = Engined(t)
    log = engine.home / "engine.log"
    log.write_bytes(b"x" * 300000)
    engine.start("--on-demand")
    equal(engine.log.count("x" * 1000), 0)
    log.write_bytes(b"y" * 300000)  # as it says something at each request
    equal(engine.curl("http://unix/health").body, "ok")
    equal(engine.log.count("y" * 1000), 0)


@alone
def an_engine_that_stops_lets_its_plugins_end(t):
    engine = Engined(t)
    engine.example()
    engine.start()
    equal(engine.status("hello"), "RUNNING")
    pid, = engine.pids()
    watch = os.pidfd_open(pid)
    equal(engine.stop(), 0)
    try:
        signal.pidfd_send_signal(watch, 0)
        raise AssertionError("the plugin outlived its engine")
    except ProcessLookupError:
        os.close(watch)


@alone
def a_killed_plugin_is_said_to_have_failed_and_comes_back(t):
    engine = Engined(t)
    engine.example()
    engine.start()
    equal(engine.status("hello"), "RUNNING")
    pid, = engine.pids()
    os.kill(pid, signal.SIGKILL)
    engine.until(lambda: engine.status("hello") == "CRASHED")
    answer = engine.call(GET, {"pattern": "hello/world"})
    equal((answer.status, answer.json["code"]), (503, "unavailable"))
    assert answer.message.startswith("matching plugin hello failed: "), answer
    assert "signal 9" in answer.message, answer
    equal(engine.call(GET, {"pattern": "other"}).status, 404)
    engine.until(lambda: engine.status("hello") == "RUNNING")
    equal(engine.get("hello/world"), {("hello/world", "hello"): b"hello"})


@alone
def a_failed_plugin_may_count_as_nothing_as_with_dockers_engine(t):
    engine = Engined(t, plugin_failure="ignore")
    engine.program("hello", "exit 3")
    engine.plugin_settings("hello", "pattern = hello/**\n")
    engine.start()
    equal(engine.call(GET, {"pattern": "hello/world"}).status, 404)
    plugin = engine.plugins()["hello"]
    equal((plugin["runStatus"], plugin["statusMessage"]),
          ("RUN_STATUS_CRASHED", "it ended with status 3"))


@alone
def a_killed_engine_leaves_no_plugin(t):
    engine = Engined(t)
    engine.program("stubborn", "trap '' TERM; exec sleep 1000000")
    engine.example()
    engine.start()
    watches = [os.pidfd_open(pid) for pid in engine.pids()]
    equal(len(watches), 2)
    engine.stop(signal.SIGKILL)
    for watch in watches:
        assert select.select([watch], [], [], TIMEOUT)[0], "a plugin outlived its engine"
        os.close(watch)
    (engine.programs / "stubborn").unlink()
    engine.start()
    equal(engine.get("hello/world"), {("hello/world", "hello"): b"hello"})


@alone
def a_switch_outlives_the_engine(t):
    engine = Engined(t)
    engine.store()
    engine.example()
    engine.start()
    equal(engine.call(DISABLE, {"name": "hello"}).status, 200)
    engine.until(lambda: engine.status("hello") == "STOPPED")
    equal(engine.call(GET, {"pattern": "hello/world"}).status, 404)
    equal(engine.stop(), 0)
    engine.start()
    assert engine.plugins()["hello"]["disabled"], engine.plugins()
    equal(engine.call(ENABLE, {"name": "hello"}).status, 200)
    equal(engine.get("hello/world"), {("hello/world", "hello"): b"hello"})
    equal(engine.call(ENABLE, {"name": "nobody"}).status, 404)
    refused = engine.call(DISABLE, {"name": "docker-pass"})
    assert "always on" in refused.message, refused


@alone
def a_plugin_gets_its_settings_with_credentials_from_the_store(t):
    engine = Engined(t)
    engine.store()
    engine.example()
    engine.plugin_settings("hello", "greeting = se://docker/secrets-engine/plugins/hello/greeting\n"
                                    "pattern = hello/*\n")
    engine.start()
    plugin = engine.plugins()["hello"]
    assert "greeting: secret not found" in plugin["statusMessage"], plugin
    value = canary()
    engine.save("docker/secrets-engine/plugins/hello/greeting", value.encode())
    engine.until(lambda: engine.status("hello") == "RUNNING")
    equal(engine.get("hello/world"), {("hello/world", "hello"): value.encode()})
    equal(engine.plugins()["hello"]["secretsProvider"]["pattern"], "hello/*")
    equal(engine.call(GET, {"pattern": "docker/secrets-engine/**"}).status, 404)
    listed = engine.call(LIST, {"pattern": "docker/**"}).json["envelopes"]
    equal([e["id"] for e in listed], ["docker/secrets-engine/plugins/hello/greeting"])
    pids = [engine.process.pid, *engine.pids()]
    for pid in pids:
        for name in ("cmdline", "environ"):
            assert value.encode() not in pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
    assert value not in engine.log


@alone
def settings_are_read_at_each_start(t):
    engine = Engined(t)
    engine.example()
    engine.plugin_settings("hello", "nonsense\n")
    engine.start()
    plugin = engine.plugins()["hello"]
    equal(plugin["runStatus"], "RUN_STATUS_CRASHED")
    assert "hello.conf: line 1" in plugin["statusMessage"], plugin
    engine.plugin_settings("hello", "greeting = ciao\n")
    engine.call(ENABLE, {"name": "hello"})
    equal(engine.get("hello/world"), {("hello/world", "hello"): b"ciao"})


@alone
def a_plugin_may_be_named_by_its_settings_and_come_later(t):
    engine = Engined(t).start()
    program = engine.home / "elsewhere"
    program.symlink_to(EXAMPLE)
    engine.plugin_settings("late", f"command = {program}\ngreeting = late\n"
                                   f"allow-read = {places.BUILD}\n")
    equal(engine.call(ENABLE, {"name": "late"}).status, 200)
    equal(engine.get("**"), {("hello/world", "late"): b"late"})
    assert engine.plugins()["late"]["configurable"], engine.plugins()


@alone
def plugins_are_confined(t):
    engine = Engined(t)
    engine.program("spy", "cat /proc/self/status /proc/self/limits >&2; ls -l /proc/self/fd >&2; "
                          "env >&2; exit 1")
    engine.env["COFFER_TEST_SECRET"] = "hidden"
    engine.start()
    equal(engine.status("spy"), "CRASHED")
    seen = (engine.home / "logs/spy.log").read_text()
    assert "NoNewPrivs:\t1" in seen and "Seccomp:\t2" in seen, seen
    assert "COFFER_TEST_SECRET" not in seen and "hidden" not in seen, seen
    core, = [line for line in seen.splitlines() if line.startswith("Max core file size")]
    equal(core.split()[4:6], ["0", "0"])
    links = [line for line in seen.splitlines() if " -> " in line]
    equal(len([line for line in links if "socket:" in line]), 1)


# ---- the store

@alone
def the_store_is_written_through_the_engine(t):
    engine = Engined(t)
    engine.store()
    engine.start()
    engine.save("a/b", b"one", metadata={"owner": "me"})
    taken = engine.call(SAVE, {"id": "a/b", "value": ""})
    equal((taken.status, taken.json["code"]), (409, "already_exists"))
    engine.save("a/b", b"two", overwrite=True)
    equal(engine.get("a/b"), {("a/b", "docker-pass"): b"two"})
    equal(engine.call(REMOVE, {"id": "a/b"}).status, 200)
    equal(engine.call(REMOVE, {"id": "a/b"}).json["code"], "not_found")
    equal(engine.call(GET, {"pattern": "a/b"}).status, 404)


@alone
def without_a_store_its_calls_say_so(t):
    engine = Engined(t).start()
    answer = engine.call(SAVE, {"id": "a", "value": ""})
    equal(answer.status, 503)
    assert answer.message.startswith("there is no local store: the program coffer-plugin-file is not "
                                     f"in {engine.programs}: "), answer
    said = subprocess.run([places.COFFER, "pass", "set", "a=b"], env=engine.env, check=False,
                          stderr=subprocess.PIPE, text=True).stderr
    assert said.startswith("Error: there is no local store: the program coffer-plugin-file "), said
    assert "plugin-dir" in said and "unlock" not in said, said


@alone
def from_the_build_tree_nothing_must_be_set(t):
    engine = Engined(t)
    (engine.home / "engine.conf").unlink()
    engine.start()
    equal([name for name, plugin in engine.plugins().items() if not plugin.get("disabled")],
          ["docker-pass"])
    engine.save("a", b"value")
    equal(engine.get("a"), {("a", "docker-pass"): b"value"})


@alone
def kept_answers_never_hide_a_change(t):
    engine = Engined(t, cache="1h")
    engine.store()
    engine.start()
    for value in (b"one", b"two"):
        engine.save("a", value, overwrite=True)
        for _ in range(2):
            equal(engine.get("a"), {("a", "docker-pass"): value})
    engine.call(REMOVE, {"id": "a"})
    equal(engine.call(GET, {"pattern": "a"}).status, 404)


# ---- who may have what

@alone
def the_policy_denies_and_a_person_is_asked(t):
    engine = Engined(t)
    answers, questions = engine.home / "answer", engine.home / "questions"
    prompt = engine.home / "prompt"
    prompt.write_text(f'#!/bin/sh\necho "$COFFER_REQUESTER_NAME $*" >>{questions}\n'
                      f"exit $(cat {answers})\n")
    prompt.chmod(0o755)
    (engine.home / "policy").write_text("deny never/**\nask ask/** 1h\nallow **\n")
    engine.settings(store="file", policy=engine.home / "policy", prompt=prompt,
                    **{"plugin-dir": engine.programs})
    engine.store()
    engine.start()
    for name in ("never/a", "ask/a", "free"):
        engine.save(name, name.encode())
    denied = engine.call(GET, {"pattern": "never/a"})
    equal((denied.status, denied.message), (403, "access denied"))
    equal(engine.call(AUTHORIZE, {"patterns": ["free", "never/a"]}).status, 403)
    equal(engine.call(AUTHORIZE, {"patterns": ["free"]}).json["decision"], "DECISION_ALLOW")
    equal(engine.get("**"), {("free", "docker-pass"): b"free"})
    run, other = one_session(t), one_session(t)
    answers.write_text("1")
    equal(engine.call(GET, {"pattern": "ask/a"}, run=run).status, 403)
    answers.write_text("0")
    equal(engine.get("ask/a", run=run), {("ask/a", "docker-pass"): b"ask/a"})
    answers.write_text("1")  # the yes counts for the session of who asked
    equal(engine.get("ask/a", run=run), {("ask/a", "docker-pass"): b"ask/a"})
    equal(sorted(engine.get("**", run=run)), [("ask/a", "docker-pass"), ("free", "docker-pass")])
    equal(questions.read_text(), "curl ask/a\n" * 2)
    equal(engine.call(GET, {"pattern": "ask/a"}, run=other).status, 403)
    equal(questions.read_text(), "curl ask/a\n" * 3)


@alone
def without_a_terminal_or_a_prompt_nothing_is_granted(t):
    engine = Engined(t).start()
    answer = engine.call(AUTHORIZE, {"patterns": ["a"]}, run=in_new_session)
    equal(answer.status, 403)
    assert "no prompt command is set" in answer.message, answer


def one_session(t):
    """Something like subprocess.run whose commands are all of one session."""
    leader = futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork"), os.setsid)
    t.defer(leader.shutdown)
    return lambda command, **options: leader.submit(subprocess.run, command, **options).result()


def in_new_session(command, **options):
    return subprocess.run(command, start_new_session=True, **options)


# ---- users

@alone
def two_users_see_nothing_of_each_other(t):
    engines = {}
    for uid in (USER, OTHER):
        engines[uid] = engine = Engined(t, uid=uid)
        engine.store()
        engine.home.chmod(0o711)
        engine.start()
        engine.save("mine", str(uid).encode())  # root may ask
    for uid, other in ((USER, OTHER), (OTHER, USER)):
        own = engines[uid].call(GET, {"pattern": "mine"}, uid=uid)
        equal(base64.b64decode(own.json["envelopes"][0]["value"]), str(uid).encode())
        # Even with a socket that lets everybody in.
        engines[other].socket.chmod(0o777)
        refused = engines[other].call(GET, {"pattern": "mine"}, uid=uid)
        equal((refused.status, refused.body), (403, "this is another user's secrets engine\n"))
        equal(engines[other].curl("http://unix/health", uid=uid).status, 403)
        equal(engines[other].curl("-H", "Connection: upgrade", "-H", "Upgrade: tcp",
                                  "http://unix/hijack", uid=uid).status, 403)


@alone
def dockers_sockets_are_served_too(t):
    engine = Engined(t, uid=USER, env={})
    engine.env.update(XDG_RUNTIME_DIR=str(engine.home / "run"), XDG_CONFIG_HOME=str(engine.home / "c"))
    (engine.home / "run").mkdir()
    (engine.home / "c/coffer").mkdir(parents=True)
    (engine.home / "engine.conf").rename(engine.home / "c/coffer/engine.conf")
    engine.home.chmod(0o711)
    run = start_in_node(t, engine)
    for where in (["--unix-socket", engine.home / "run/coffer/engine.sock"],
                  ["--unix-socket", engine.home / ".cache/docker-secrets-engine/engine.sock"],
                  abstract(USER)):
        equal(engine.curl("http://unix/health", socket=where, run=run).body, "ok")
        equal(engine.curl("http://unix/health", socket=where, run=run, uid=USER).body, "ok")
    equal(engine.curl("http://unix/health", socket=abstract(USER), run=run, uid=STRANGER).status, 403)


@alone
def what_runs_in_a_container_has_no_way_by_the_abstract_name(t):
    engine = Engined(t, docker_sockets="yes")
    run = start_in_node(t, engine)
    container = ["unshare", "--mount", "--pid", "--fork"]  # and the network of its host

    def status(*where):
        return run([*container, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *where,
                    "http://unix/health"], stdout=subprocess.PIPE, check=True).stdout
    equal(engine.curl("http://unix/health", socket=abstract(0), run=run).status, 200)
    equal(status(*abstract(0)), b"403")
    equal(status("--unix-socket", engine.socket), b"200")  # it was given to it


@alone
def a_further_engine_leaves_dockers_sockets_alone_unless_told(t):
    engine = Engined(t, uid=FURTHER)
    run = start_in_node(t, engine)
    equal(engine.curl("http://unix/health", run=run).body, "ok")
    refused = run(["curl", "-s", *abstract(FURTHER), "http://unix/health"], check=False)
    equal(refused.returncode, 7)  # nobody listens
    assert not (engine.home / ".cache").exists()
    further = Engined(t, uid=FURTHER, docker_sockets="yes")
    further.start_in(t.node)
    for where in (abstract(FURTHER), ["--unix-socket",
                                further.home / ".cache/docker-secrets-engine/engine.sock"]):
        equal(further.curl("http://unix/health", socket=where, run=run).body, "ok")


def abstract(uid):
    """Docker's abstract name, for curl."""
    return ["--abstract-unix-socket", f"docker-secrets-engine/{uid}/daemon.sock"]


def start_in_node(t, engine):
    """Abstract names are the node's own. Gives what runs a command there."""
    engine.start_in(t.node)

    def run(command, **options):
        return subprocess.run([places.ROOT / "test/rig/in-node", t.node.folder, *command], **options)
    return run


# ---- many at once

@alone
def many_clients_are_answered_at_once(t):
    engine = Engined(t)
    engine.store()
    engine.start()
    engine.save("a", b"value")
    results = []

    def ask():
        for _ in range(10):
            results.append(engine.get("a"))
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(len(results), 80)
    assert all(result == {("a", "docker-pass"): b"value"} for result in results), results
