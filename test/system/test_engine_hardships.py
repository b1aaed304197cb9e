# SPDX-License-Identifier: Apache-2.0
"""The secrets engine where little is as it should be."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading

import places
from engined import DISABLE, ENABLE, ENGINED, GET, IS_SANITIZED, SAVE, Engined
from harness import NONE, Skip, equal, test

USER, NOBODY = 65011, 64999
CLIENTS = 200


def alone(function):
    return test(engines=NONE, cofferd=False, reference=False)(function)


# ---- many, and a sudden end

def request(procedure, message, last=False):
    body = json.dumps(message)
    return (f"POST /{procedure} HTTP/1.1\r\nHost: unix\r\nContent-Type: application/json\r\n"
            f"{'Connection: close' if last else 'X: y'}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            ).encode()


@alone
def two_hundred_clients_at_once_are_answered(t):
    engine = Engined(t)
    engine.store()
    engine.start()
    for n in range(4):
        engine.save(f"id/{n}", b"value")
    connections = []
    for _ in range(CLIENTS):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(engine.socket))
        connections.append(connection)
    for n, connection in enumerate(connections):
        connection.sendall(request(GET, {"pattern": f"id/{n % 5}"}, last=True))
    for n, connection in enumerate(connections):
        with connection, connection.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            equal(status, 404 if n % 5 == 4 else 200)
            assert n % 5 == 4 or b'"dmFsdWU="' in answer.read()
    equal(engine.stop(), 0)


@alone
def an_engine_that_is_killed_under_load_has_lost_nothing_that_it_confirmed(t):
    engine = Engined(t)
    engine.store()
    engine.start()
    saved, refused, is_over = [], [], threading.Event()

    def load(number):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(engine.socket))
        with connection, connection.makefile("rb") as lines:
            for n in range(1000000):
                name = f"id/{number}/{n}"
                try:
                    connection.sendall(request(SAVE, {"id": name, "value": "eA=="}) +
                                       request(GET, {"pattern": "**"}))
                    answer = lines.readline()
                except OSError:
                    return
                if not answer.endswith(b"\n"):
                    return  # it was killed
                if not answer.startswith(b"HTTP/1.1 200"):
                    refused.append(answer)
                    return
                saved.append(name)
                if len(saved) > 40:
                    is_over.set()
                for _ in range(2):  # the rest of this answer, and the next one
                    try:
                        length = 0
                        while (line := lines.readline().strip().lower()):
                            length = int(line.split()[1]) if line.startswith(b"content-length") else length
                        lines.read(length)
                        if _ == 0:
                            lines.readline()
                    except OSError:
                        return
    threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    assert is_over.wait(30)
    engine.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    equal(refused, [])
    assert engine.socket.exists()
    engine.start()  # what it left is no obstacle
    found = {name for name, _ in engine.get("**")}
    assert found >= set(saved), set(saved) - found
    equal(engine.stop(), 0)


# ---- places

@alone
def a_home_that_can_only_be_read_is_enough_with_one_folder(t):
    engine = Engined(t, uid=USER, env={})
    one = engine.home / "one"
    one.mkdir()
    (engine.home / "engine.conf").unlink()
    engine.env.update(COFFER_HOME=str(one))
    engine.own()
    for folder in (engine.home, engine.home / "plugins"):
        os.chown(folder, 0, 0)
        folder.chmod(0o555)
    engine.own = lambda: None
    engine.socket = one / "engine.sock"
    engine.start()
    engine.save("a", b"value")
    equal(engine.get("a"), {("a", "docker-pass"): b"value"})
    equal({path.name for path in engine.home.iterdir()}, {"one", "plugins", "programs", "engine.log"})


@alone
def with_nothing_but_a_folder_for_sockets_it_says_what_is_missing(t):
    engine = Engined(t, uid=USER, env={})
    run = engine.home / "run"
    run.mkdir()
    engine.env.update(XDG_RUNTIME_DIR=str(run))
    engine.own()
    (engine.home / "engine.log").touch()
    for folder in (engine.home, engine.home / "plugins"):
        os.chown(folder, 0, 0)
        folder.chmod(0o555)
    engine.own = lambda: None
    engine.socket = run / "coffer/engine.sock"
    engine.start_in(t.node)  # nobody else has Docker's abstract name there
    assert "plugins have no logs: " in engine.log, engine.log
    plugin = engine.plugins()["docker-pass"]
    assert "open the encrypted files: make " in plugin["statusMessage"], plugin
    refused = engine.call(SAVE, {"id": "a", "value": ""})
    assert refused.status == 503 and "ermission denied" in refused.message, refused


@alone
def without_a_home_it_says_what_to_set(t):
    engine = Engined(t)
    ready, theirs = os.pipe()
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", ENGINED,
               "--ready-fd", str(theirs)]
    done = subprocess.run(command, env={"PATH": os.environ["PATH"]}, pass_fds=[theirs],
                          stderr=subprocess.PIPE, text=True, check=False)
    os.close(theirs)
    said = f"the user {NOBODY} has no home: set HOME, or COFFER_HOME to a folder for coffer's files\n"
    with open(ready) as lines:
        equal(lines.read(), said)  # also to who started it
    assert done.returncode == 1 and done.stderr.endswith(said), done
    del engine.env["HOME"]
    engine.store()
    engine.start()
    engine.save("a", b"value")
    equal(engine.get("a"), {("a", "docker-pass"): b"value"})


@alone
def without_a_bus_the_files_are_the_store(t):
    engine = Engined(t, store="auto")
    engine.store()
    engine.own_plugin("keychain")
    engine.start()
    engine.save("a", b"value")
    equal(engine.plugins()["docker-pass"]["statusMessage"], "file")
    equal(engine.stop(), 0)
    engine.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"
    engine.start()
    equal(engine.get("a"), {("a", "docker-pass"): b"value"})
    assert "the keychain can't be the local store" in engine.log, engine.log
    equal(engine.stop(), 0)
    engine.env["DBUS_SESSION_BUS_ADDRESS"] = bare_bus(t, engine.home)
    engine.start()
    equal(engine.get("a"), {("a", "docker-pass"): b"value"})
    assert "no org.freedesktop.secrets owner on the session bus" in engine.log, engine.log


@alone
def the_bus_of_another_users_session_is_none(t):
    engine = Engined(t, store="auto")
    engine.store()
    engine.own_plugin("keychain")
    session, own = engine.home / "session", engine.own
    session.mkdir()
    bus = socket.socket(socket.AF_UNIX)
    t.defer(bus.close)
    bus.bind(str(session / "bus"))
    engine.env["XDG_RUNTIME_DIR"] = str(session)
    for user, is_tried in ((NOBODY, False), (0, True)):  # as after a plain `su`, and not
        engine.own = lambda user=user: (own(), os.chown(session, user, user))
        engine.start()
        engine.save(f"a{user}", b"value")
        equal("the keychain can't be the local store" in engine.log, is_tried)
        equal(engine.stop(), 0)


def bare_bus(t, folder):
    """The address of a session bus that knows no keyring."""
    (folder / "bus.conf").write_text(
        f"<busconfig><type>session</type><listen>unix:path={folder}/bus</listen><policy context='default'>"
        "<allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/></policy></busconfig>")
    bus = subprocess.Popen(["dbus-daemon", f"--config-file={folder}/bus.conf", "--print-address",
                            "--nofork"], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True)
    t.defer(bus.wait)
    t.defer(bus.kill)
    return bus.stdout.readline().strip()


# ---- disks

@alone
def a_full_disk_is_told_and_changes_nothing(t):
    engine = Engined(t)
    engine.store()
    engine.example()
    small = engine.home / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "coffer-test", small], check=True)
    t.defer(lambda: subprocess.run(["umount", "-l", small], check=True))
    for name in ("plugins", "engine.conf"):
        subprocess.run(["cp", "-r", engine.home / name, small], check=True)
    engine.env["COFFER_HOME"] = str(small)
    engine.socket = small / "engine.sock"
    engine.start()
    engine.save("a", b"value")
    equal(engine.status("hello"), "RUNNING")
    with open(small / "filler", "wb", 0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass
    refused = engine.call(DISABLE, {"name": "hello"})
    assert refused.status == 429 and "No space left" in refused.message, refused
    equal(engine.status("hello"), "RUNNING")
    refused = engine.call(SAVE, {"id": "b", "value": "eA=="})
    assert "No space left" in refused.message, refused
    equal(engine.get("a"), {("a", "docker-pass"): b"value"})
    (small / "filler").unlink()
    equal(engine.call(DISABLE, {"name": "docker-pass"}).status, 400)
    engine.save("b", b"value")
    equal(engine.stop(), 0)
    assert not (small / "plugins.state").exists()
    engine.start()
    equal(engine.status("hello"), "RUNNING")


@alone
def a_state_that_is_damaged_keeps_nobody_from_an_engine(t):
    engine = Engined(t)
    engine.store()
    for name in ("one", "two", "three"):
        engine.example(name)
    state = engine.home / "plugins.state"
    state.write_bytes(b"one = disabled\n\xff\xfe\x00garbage\n=\ntwo = enab\nno/name = enabled\n")
    engine.start()
    plugins = engine.plugins()
    equal({name for name, plugin in plugins.items() if plugin.get("disabled")}, {"one", "two"})
    equal(engine.log.count("is passed over"), 3)
    equal(engine.call(ENABLE, {"name": "two"}).status, 200)
    equal(state.read_text(), "one = disabled\ntwo = enabled\n")
    equal(engine.stop(), 0)
    state.write_bytes(bytes(1 << 20))
    engine.start()
    equal({name for name, plugin in engine.plugins().items() if plugin.get("disabled")}, set())


@alone
def settings_that_are_wrong_are_told_to_who_started_it(t):
    engine = Engined(t)
    (engine.home / "engine.conf").write_text("store = file\nstroe = file\n")
    said = subprocess.run([places.COFFER, "pass", "get", "a"], env=engine.env, check=False,
                          stderr=subprocess.PIPE, text=True).stderr
    assert "line 2: unknown setting 'stroe'" in said, said


# ---- memory

@alone
def an_idle_engine_and_its_store_need_little(t):
    if IS_SANITIZED:
        raise Skip("a sanitizer needs memory of its own")
    engine = Engined(t)
    engine.store()
    engine.start()
    engine.save("a", b"value")
    pids = [engine.process.pid, *engine.pids(), *engine.program_pids()]
    equal(len(pids), 3)
    assert sum(map(proportional_memory, pids)) < 5 * 1024, pids


def proportional_memory(pid):
    """In KiB: what is shared counts in parts."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.partition("\nPss:")[2].split()[0])
