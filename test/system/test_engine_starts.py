# SPDX-License-Identifier: Apache-2.0
"""How the secrets engine starts and ends: on demand, by hand, by a service manager; one for a user."""

import os
import signal
import socket
import subprocess

from engined import ENGINED, TIMEOUT, Engined
from harness import NONE, equal, test

STRANGER, USER = 65000, 65001


def alone(function):
    return test(engines=NONE, cofferd=False, reference=False)(function)


@alone
def of_many_started_at_once_one_becomes_the_engine(t):
    engine = Engined(t)
    engine.own()
    command = [ENGINED, "--on-demand", "--idle-timeout", "1h", "--ready-fd"]
    started = []
    for _ in range(8):
        ready, theirs = os.pipe()
        process = subprocess.Popen([*command, str(theirs)], env=engine.env, pass_fds=[theirs],
                                   stderr=subprocess.DEVNULL)
        os.close(theirs)
        started.append((process, ready))
    for _, ready in started:
        with open(ready, "rb") as lines:
            equal(lines.read(), b"ready\n")
            equal(engine.curl("http://unix/health").body, "ok")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(engine.socket))
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4)
    pid = int.from_bytes(peer, "little")
    others = [process for process, _ in started if process.pid != pid]
    equal(len(others), 7)
    for process in others:
        equal(process.wait(TIMEOUT), 0)
    engine.process, = [process for process, _ in started if process.pid == pid]
    equal(engine.stop(), 0)


@alone
def on_demand_it_ends_when_nobody_asks(t):
    engine = Engined(t)
    engine.example()
    engine.start("--on-demand", "--idle-timeout", "200ms")
    equal(engine.wait(), 0)
    assert "nobody asked for anything" in engine.log, engine.log
    assert not engine.socket.exists()


@alone
def other_users_keep_no_engine_on_demand_alive(t):
    engine = Engined(t, uid=USER)
    engine.start("--on-demand", "--idle-timeout", "500ms")
    engine.home.chmod(0o711)
    engine.socket.chmod(0o777)
    asking = 'while curl -s -o /dev/null --unix-socket "$0" http://unix/health; do :; done'
    stranger = subprocess.Popen(["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}",
                                 "--clear-groups", "sh", "-c", asking, engine.socket])
    equal(engine.wait(), 0)
    equal(stranger.wait(TIMEOUT), 0)


@alone
def each_signal_to_end_is_heard(t):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        engine = Engined(t)
        engine.store()
        engine.start()
        equal(engine.stop(number), 0)
        assert not engine.socket.exists()


@alone
def a_second_engine_by_hand_is_refused(t):
    engine = Engined(t).start()
    second = subprocess.run([ENGINED], env=engine.env, stderr=subprocess.PIPE, check=False)
    assert second.returncode and b"another daemon serves" in second.stderr, second
    equal(engine.curl("http://unix/health").body, "ok")


@alone
def sockets_of_the_service_manager_are_served(t):
    engine = Engined(t)
    path = engine.home / "activated.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        os.dup2(listening.fileno(), 3)
        engine.own()
        shell = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"'
        with open(engine.home / "engine.log", "ab") as log:
            engine.process = subprocess.Popen(["sh", "-c", shell, ENGINED], env=engine.env,
                                              pass_fds=[3], stderr=log)
        os.close(3)
    equal(engine.curl("http://unix/health", socket=["--unix-socket", path]).body, "ok")
    equal(engine.stop(), 0)
    assert path.exists()  # it is the service manager's
