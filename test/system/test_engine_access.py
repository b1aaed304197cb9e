# SPDX-License-Identifier: Apache-2.0
"""Plugins that control access, together with the policy."""

import calendar
import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import socket
import subprocess
import termios
import time

from engined import AUTHORIZE, DISABLE, GET, READ, TIMEOUT, Engined
from harness import NONE, equal, test

# Allows what its file of rules says, and writes down what it was asked.
GUARD = """
def decide(call):
    name = os.environ["TMPDIR"] + "/rules"
    rules = dict(line.split() for line in open(name)) if os.path.exists(name) else {}
    patterns = [p.decode() for p in call.fields[1]]
    who = protobuf.decode(call.fields[2][0])
    with open(os.environ["TMPDIR"] + "/asked", "a") as asked:
        print(json.dumps([call.path.split("/")[1], patterns, who[1][0], who[2][0].decode(),
                          who[3][0].decode()]), file=asked)
    words = {rules.get(p, "yes") for p in patterns}
    if "late" in words:
        return
    if "crash" in words:
        os.kill(os.getpid(), signal.SIGKILL)
    if "refuse" in words:
        body = b'{"code": "permission_denied", "message": "no"}'
        call.write(head(len(body), "403 Forbidden").replace(b"/proto", b"/json") + body)
    elif "empty" in words:
        call.answer(b"")
    else:
        call.decide(words == {"yes"}, in_a_moment(60) if call.path == AUTHORIZE else None)
serve(check=decide, authorize=decide)
"""


def alone(function):
    return test(engines=NONE, cofferd=False, reference=False)(function)


def guarded(t, *guards, policy="", **settings):
    engine = Engined(t)
    (engine.home / "policy").write_text(policy)
    engine.settings(**{"store": "file", "plugin-dir": engine.programs,
                       "policy": engine.home / "policy", **settings})
    engine.store()
    for guard in guards:
        engine.scripted(guard, GUARD)
        (engine.home / "state" / guard).mkdir(parents=True)
    engine.start()
    for name in ("free", "closed", "denied"):
        engine.save(name, name.encode())
    return engine


def rules(engine, guard="guard", **words):
    """What the guard says of an id: no, late, crash, refuse, empty."""
    (engine.home / f"state/{guard}/rules").write_text(
        "".join(f"{name} {word}\n" for name, word in words.items()))


def asked(engine, guard="guard"):
    path = engine.home / f"state/{guard}/asked"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def refused(engine, pattern):
    answer = engine.call(GET, {"pattern": pattern})
    equal((answer.status, answer.json["code"]), (403, "permission_denied"))
    return answer.message


@alone
def a_plugin_decides_who_gets_what(t):
    engine = guarded(t, "guard")
    assert "accessControlModule" in engine.plugins()["guard"], engine.plugins()
    rules(engine, closed="no")
    equal(engine.get("free"), {("free", "docker-pass"): b"free"})
    equal(refused(engine, "closed"), "access denied")
    for word in ("refuse", "empty"):
        rules(engine, closed=word)
        equal(refused(engine, "closed"), "access denied")
    (method, patterns, pid, name, path), *_ = asked(engine)
    equal((method, patterns, name), ("CheckAccess", ["free"], "curl"))
    assert pid > 1 and path.endswith("/curl"), (pid, path)


@alone
def a_value_that_is_read_for_a_move_passes_them_too(t):
    engine = guarded(t, "guard", policy="deny denied\nallow **\n", request_timeout="1s")
    rules(engine, closed="no", late="late")
    equal(engine.call(READ, {"id": "free"}).status, 200)
    for name in ("closed", "denied", "late"):
        answer = engine.call(READ, {"id": name})
        equal((name, answer.status, answer.message), (name, 403, "access denied"))
    equal(engine.call(READ, {"id": "**"}).status, 400)
    equal([entry[:2] for entry in asked(engine)],
          [["CheckAccess", [name]] for name in ("free", "closed", "late")])


@alone
def an_explicit_request_is_one_question_with_an_end(t):
    engine = guarded(t, "guard")
    rules(engine, closed="no")
    answer = engine.call(AUTHORIZE, {"patterns": ["free", "other"]}, run=terminal)
    equal(answer.json["decision"], "DECISION_ALLOW")  # on a terminal nobody else is asked
    equal(engine.call(AUTHORIZE, {"patterns": ["free", "closed"]}, run=terminal).status, 403)
    equal([entry[:2] for entry in asked(engine)],
          [["Authorize", ["free", "other"]], ["Authorize", ["free", "closed"]]])
    expires = time.strptime(answer.json["expiresAt"][:19], "%Y-%m-%dT%H:%M:%S")
    assert 0 < calendar.timegm(expires) - time.time() <= 61, answer


def terminal(command, input, **options):
    """Runs it in a session that has a terminal."""
    ours, theirs = pty.openpty()

    def lead():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    options.pop("check")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, preexec_fn=lead, pass_fds=[theirs],
                               **options)
    out, _ = process.communicate(input)
    os.close(ours)
    os.close(theirs)
    return subprocess.CompletedProcess(command, process.returncode, out)


@alone
def a_policy_that_says_no_comes_first(t):
    engine = guarded(t, "guard", policy="deny denied\nallow **\n")
    equal(refused(engine, "denied"), "access denied")
    equal(asked(engine), [])
    rules(engine, free="no")
    equal(refused(engine, "free"), "access denied")  # both must say yes
    equal([entry[1] for entry in asked(engine)], [["free"]])


@alone
def all_that_control_access_must_agree(t):
    engine = guarded(t, "first", "second")
    rules(engine, "second", closed="no")
    equal(engine.get("free"), {("free", "docker-pass"): b"free"})
    equal(refused(engine, "closed"), "access denied")
    equal(asked(engine, "first")[0][1], ["free"])
    equal([e[1] for e in asked(engine, "second")], [["free"], ["closed"]])


@alone
def who_is_late_or_crashes_says_no(t):
    engine = guarded(t, "guard", **{"request-timeout": "300ms"})
    rules(engine, closed="late")
    equal(refused(engine, "closed"), "access denied")
    rules(engine, closed="crash")
    equal(refused(engine, "closed"), "access denied")
    engine.until(lambda: "plugin guard failed" in engine.log)
    equal(refused(engine, "free"),
          "access denied: the plugin guard, which controls access, is not there")
    engine.until(lambda: engine.log.count("plugin guard v1.0.0 runs") == 2)
    equal(engine.get("free"), {("free", "docker-pass"): b"free"})


@alone
def who_should_control_access_and_never_came_says_no(t):
    engine = Engined(t)
    engine.store()
    engine.program("guard", "exit 1")
    engine.plugin_settings("guard", "controls-access = yes\n")
    engine.start()
    engine.save("free", b"free")
    equal(refused(engine, "free"),
          "access denied: the plugin guard, which controls access, is not there")
    equal(engine.call(DISABLE, {"name": "guard"}).status, 200)
    equal(engine.get("free"), {("free", "docker-pass"): b"free"})


# Connects by itself, as no program of the engine's.
OUTSIDE = """
import socket, sys
sys.path[:0] = [{lib!r}, {rig!r}]
end = socket.socket(socket.AF_UNIX)
end.connect({socket!r})
end.sendall(b"GET /hijack HTTP/1.1\\r\\nHost: unix\\r\\nConnection: Upgrade\\r\\nUpgrade: tcp\\r\\n\\r\\n")
answer = b""
while not answer.endswith(b"\\r\\n\\r\\n"):
    answer += end.recv(1)
import json, os
os.environ["DOCKER_SECRETS_ENGINE_PLUGIN_LAUNCH_CFG"] = json.dumps(dict(name="guard", fd=end.detach()))
from plugin_side import *
serve(check=lambda call: call.decide(True))
"""


@alone
def who_controls_access_by_connecting_says_no_before_and_after(t):
    engine = Engined(t)
    engine.store()
    engine.plugin_settings("guard", "controls-access = yes\n")
    engine.start()
    engine.save("free", b"free")
    no = "access denied: the plugin guard, which controls access, is not there"
    equal(refused(engine, "free"), no)
    lib = pathlib.Path(__file__).parent / "lib"
    guard = subprocess.Popen(["/usr/bin/python3", "-B", "-c", OUTSIDE.format(
        lib=str(lib), rig=str(lib.parent.parent / "rig"), socket=str(engine.socket))])
    engine.until(lambda: engine.status("guard") == "RUNNING")
    equal(engine.get("free"), {("free", "docker-pass"): b"free"})
    guard.kill()
    guard.wait()
    engine.until(lambda: "guard" not in engine.plugins())
    equal(refused(engine, "free"), no)


@alone
def who_should_control_access_must_not_give_secrets_instead(t):
    engine = Engined(t)
    engine.store()
    engine.scripted("guard", 'serve(get=lambda call: call.found({"a": b"x"}))', "controls-access = yes\n")
    engine.start()
    assert "it is to control access" in engine.plugins()["guard"]["statusMessage"], engine.plugins()
    engine.save("free", b"free")
    equal(refused(engine, "free"),
          "access denied: the plugin guard, which controls access, is not there")


@alone
def a_client_that_goes_leaves_no_question(t):
    engine = guarded(t, "guard")
    rules(engine, closed="late")
    engine.curl("-H", "Content-Type: application/json", "-H", "Connect-Timeout-Ms: 200", "-d",
                '{"pattern": "closed"}', f"http://unix/{GET}")
    equal(engine.get("free"), {("free", "docker-pass"): b"free"})
    os.kill(engine.program_pids()[0], signal.SIGKILL)
    equal(engine.stop(), 0)


# ---- prompts

@alone
def what_a_prompt_shows_goes_when_nobody_waits_for_it(t):
    engine = Engined(t)
    prompt, said = engine.home / "prompt", engine.home / "said"
    os.mkfifo(said)
    prompt.write_text(f"#!/bin/sh\nsleep 1000000 & echo $$ $! >{said}\nwait\n")
    prompt.chmod(0o755)
    (engine.home / "policy").write_text("ask **\n")
    engine.settings(store="file", policy=engine.home / "policy", prompt=prompt,
                    **{"plugin-dir": engine.programs})
    engine.start()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(engine.socket))
        client.sendall(f"POST /{GET} HTTP/1.1\r\nHost: unix\r\nContent-Type: application/json\r\n"
                       'Content-Length: 15\r\n\r\n{"pattern":"a"}'.encode())
        watches = [os.pidfd_open(int(pid)) for pid in said.read_text().split()]
    equal(len(watches), 2)
    for fd in watches:
        assert select.select([fd], [], [], TIMEOUT)[0], "a prompt goes on although nobody waits for it"
        os.close(fd)
    equal(engine.stop(), 0)
