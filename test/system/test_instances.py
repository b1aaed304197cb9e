# SPDX-License-Identifier: Apache-2.0
"""cofferd as a program: its settings, several side by side, its Podman, its swarm of one."""

import json
import os
import re
import subprocess

import places
from daemon import DaemonError
from fixture import SLEEP, canary
from harness import NONE, equal, test

INIT = {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": "127.0.0.1", "Spec": {}}
NOT_A_MANAGER = ('This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" '
                 "to connect this node to swarm and try again.")


@test()
def two_instances_live_side_by_side(t):
    first = t.cofferd
    t.secret("key", b"of the first")
    t.service("one", "--secret", "key")
    second = t.cofferd = t.new_cofferd().start()
    equal(t.docker("service", "ls", "-q").text + t.docker("secret", "ls", "-q").text, "")
    t.secret("key", b"of the second")
    t.service("two", "--secret", "key")
    two = t.container("two")
    equal(t.in_container(two, "cat", "/run/secrets/key").out, "of the second")
    second.kill()
    second.start()
    equal(t.container("two"), two)
    t.cofferd = first
    equal(t.in_container(t.container("one"), "cat", "/run/secrets/key").out, "of the first")
    first.restart()
    t.docker("service", "rm", "one")
    t.gone("one")
    t.cofferd = second
    equal(t.container("two"), two)
    assert first.api.get("/swarm").json["ID"] != second.api.get("/swarm").json["ID"]


@test(engines=["dockerd"])
def a_state_dir_has_one_daemon(t):
    other = t.new_cofferd(state=t.cofferd.state)
    try:
        other.start()
        raise AssertionError("a second cofferd started on the same state")
    except DaemonError as error:
        assert str(t.cofferd.state) in str(error), error
    equal(t.api.get("/secrets").status, 200)


@test(engines=["dockerd"], cofferd=False)
def a_node_without_auto_init_waits_to_be_told(t):
    t.start_cofferd("--no-auto-init")
    for path in ("/secrets", "/services", "/tasks", "/nodes", "/configs", "/swarm"):
        answer = t.api.get(path)
        equal((path, answer.status, answer.message), (path, 503, NOT_A_MANAGER))
    swarm = t.api.get("/info").json["Swarm"]
    equal((swarm["LocalNodeState"], swarm["ControlAvailable"]), ("inactive", False))
    equal(t.docker("run", "--rm", "busybox:latest", "echo", "passes").text, "passes")
    done = t.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    assert re.search(r"Swarm initialized: current node \([0-9a-z]{25}\) is now a manager", done.out)
    assert re.search(r"docker swarm join --token SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25} 127", done.out)
    t.secret("key")
    equal(t.api.get("/info").json["Swarm"]["LocalNodeState"], "active")


@test(engines=["dockerd"], reference=False)
def a_node_by_itself_answers_init_once_and_keeps_what_it_has(t):
    identity = t.secret("key")
    done = t.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    assert "Swarm initialized: current node" in done.out, done
    equal(t.api.get("/secrets/key").json["ID"], identity)
    again = t.api.post("/swarm/init", INIT)
    equal(again.status, 503)
    equal(again.message, 'This node is already part of a swarm. Use "docker swarm leave" to leave '
          "this swarm and join another one.")
    t.cofferd.restart()
    equal(t.api.post("/swarm/init", INIT).status, 503)


@test(reference=False)
def ready_means_that_the_node_takes_part(t):
    for _ in range(3):
        node = t.api.get("/nodes").json[0]
        equal((node["Status"]["State"], bool(node["Description"]["Hostname"])), ("ready", True))
        t.cofferd.restart()


@test(engines=["dockerd"], cofferd=False, reference=False)
def without_its_engine_a_node_becomes_ready_all_the_same(t):
    t.engine.daemon.stop()
    t.start_cofferd()
    assert "the container engine is away" in t.cofferd.log, t.cofferd.log
    assert "has not registered" not in t.cofferd.log, t.cofferd.log
    t.secret("key")
    t.engine.start()
    t.until("the node is ready", lambda: t.api.get("/nodes").json[0]["Status"]["State"] == "ready")


@test(engines=["dockerd"], reference=False)
def init_of_a_node_by_itself_sets_what_it_is_told(t):
    t.secret("key")
    t.service("s", "--secret", "key")
    service, before = t.inspect("s")["ID"], t.api.get("/swarm").json
    refused = t.docker.refused("swarm", "init", "--advertise-addr", "nosuch0", "--task-history-limit", "9")
    assert "advertise address must be a non-zero IP address" in refused, refused
    refused = t.docker.refused("swarm", "init", "--advertise-addr", "127.0.0.1", "--cert-expiry", "1m")
    assert "minimum certificate expiry time is: 1h0m0s" in refused, refused
    equal(t.api.get("/swarm").json["Spec"], before["Spec"])
    done = t.docker("swarm", "init", "--advertise-addr", "127.0.0.1:2999", "--availability", "drain",
                    "--task-history-limit", "3", "--cert-expiry", "48h", "--dispatcher-heartbeat", "8s")
    node = t.api.get("/info").json["Swarm"]["NodeID"]
    assert f"Swarm initialized: current node ({node}) is now a manager" in done.out, done
    for _ in range(2):
        info = t.docker("info").out
        for words in ("Task History Retention Limit: 3", "Heartbeat Period: 8 seconds",
                      "Expiry Duration: 2 days", "Node Address: 127.0.0.1", "127.0.0.1:2999"):
            assert words in info, (words, info)
        shown = json.loads(t.docker("node", "inspect", "self").out)[0]
        equal((shown["ID"], shown["Spec"]["Availability"], shown["Spec"]["Role"]), (node, "drain", "manager"))
        equal((shown["Status"]["Addr"], shown["ManagerStatus"]["Addr"]), ("127.0.0.1", "127.0.0.1:2999"))
        after = t.api.get("/swarm").json
        equal((after["ID"], after["JoinTokens"], after["TLSInfo"]),
              (before["ID"], before["JoinTokens"], before["TLSInfo"]))
        equal(t.inspect("s")["ID"], service)
        equal(len(t.api.get("/secrets").json), 1)
        t.until("no task runs on a drained node", lambda: not t.engine.containers())
        t.cofferd.restart()
    t.docker("node", "update", "--availability", "active", node)
    t.running("s")


@test()
def leaving_takes_all_away_and_lasts(t):
    t.secret("key")
    t.service("s", "--secret", "key")
    said = t.docker.refused("swarm", "leave")
    assert "Removing the last manager erases all current state of the swarm" in said, said
    t.docker("swarm", "leave", "--force")
    t.until("no container", lambda: not t.engine.containers())
    t.no_files()
    equal(t.api.get("/secrets").status, 503)
    t.cofferd.restart()
    equal(t.api.get("/secrets").message, NOT_A_MANAGER)
    equal(t.api.post("/swarm/leave").message, "This node is not part of a swarm")
    t.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    equal(t.api.get("/secrets").json, [])


@test(engines=["dockerd"])
def what_does_not_exist_yet_is_refused_by_name(t):
    t.secret("key")
    join = {"ListenAddr": "0.0.0.0:2377", "RemoteAddrs": ["127.0.0.1:2377"],
            "JoinToken": "SWMTKN-1-" + "0" * 50 + "-" + "0" * 25}
    answer = t.api.post("/swarm/join", join)
    assert answer.status >= 400 and answer.message, answer
    swarm = t.api.get("/swarm").json
    locked = {**swarm["Spec"], "EncryptionConfig": {"AutoLockManagers": True}}
    answer = t.api.post(f"/swarm/update?version={swarm['Version']['Index']}", locked)
    assert answer.status >= 400 and "utolock" in answer.message.lower().replace("auto-", "auto"), answer
    equal(len(t.api.get("/secrets").json), 1)


@test(engines=["dockerd"])
def join_tokens_rotate(t):
    before = t.api.get("/swarm").json
    shown = t.docker("swarm", "join-token", "-q", "worker").text
    equal(shown, before["JoinTokens"]["Worker"])
    t.docker("swarm", "join-token", "--rotate", "worker")
    after = t.api.get("/swarm").json
    assert after["JoinTokens"]["Worker"] != before["JoinTokens"]["Worker"]
    equal(after["JoinTokens"]["Manager"], before["JoinTokens"]["Manager"])
    t.cofferd.restart()
    equal(t.api.get("/swarm").json["JoinTokens"], after["JoinTokens"])


@test(engines=["dockerd"], cofferd=False)
def settings_come_from_flags_environment_and_file_in_this_order(t):
    cofferd = t.cofferd = t.new_cofferd()
    conf = cofferd.folder / "cofferd.conf"
    conf.write_text(f"# settings\nengine = unix://{t.engine.socket}\n"
                    f"state-dir = {cofferd.state}\nrun-dir = /nowhere\nlog-level = debug\n")
    cofferd.daemon.command = [places.COFFERD, "--config", conf, "--socket", cofferd.socket]
    cofferd.daemon.env["COFFER_RUN_DIR"] = str(cofferd.run)
    cofferd.start()
    t.secret("key")
    assert cofferd.state.exists() and cofferd.run.exists()


@test(engines=["dockerd"], cofferd=False)
def a_wrong_setting_is_named(t):
    cofferd = t.new_cofferd()
    conf = cofferd.folder / "cofferd.conf"
    for arguments, text, words in [
            (["--nonsense"], "", ["nonsense"]), (["--log-level", "loud"], "", ["loud"]),
            (["--engine", "tcp://1.2.3.4"], "", ["tcp://1.2.3.4"]),
            (["--config", conf], "colour = blue\n", ["colour", "line 1", str(conf)]),
            (["--config", conf], "\n\nno equals sign\n", ["line 3"])]:
        conf.write_text(text)
        done = subprocess.run([places.COFFERD, *arguments], stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.STDOUT, text=True, timeout=20)
        assert done.returncode == 1, (arguments, done)
        for word in words:
            assert word in done.stdout, (arguments, done.stdout)


@test(engines=NONE, cofferd=False)
def programs_tell_their_version_and_flags(t):
    for program in (places.COFFERD, places.COFFER):
        shown = subprocess.run([program, "--version"], check=True, stdout=subprocess.PIPE, text=True)
        assert re.match(rf"{program.name} (version )?\d+\.\d+\.\d+", shown.stdout), shown.stdout
        shown = subprocess.run([program, "--help"], check=True, stdout=subprocess.PIPE, text=True)
        assert "Usage" in shown.stdout


@test(engines=NONE, cofferd=False)
def cofferd_starts_a_podman_of_its_own_and_keeps_it_running(t):
    t.cofferd = t.new_cofferd().start()
    t.until("Podman answers", lambda: t.api.get("/images/json").status == 200)
    names = [component["Name"] for component in t.api.get("/version").json["Components"]]
    assert "Podman Engine" in names, names
    load_busybox(t)
    t.secret("key", b"0123")
    t.service("s", "--secret", "key")
    container = t.container("s")
    equal(t.in_container(container, "cat", "/run/secrets/key").out, "0123")
    for pid in podman_services(t):
        os.kill(pid, 9)
    t.until("Podman is back", lambda: t.api.get("/containers/json").status == 200)
    equal(t.container("s"), container)
    t.cofferd.restart()
    equal(t.container("s"), container)
    t.docker("service", "rm", "s")
    t.until("no container", lambda: not t.api.get("/containers/json?all=1").json)


def load_busybox(t):
    from engine import image_archive
    t.docker("load", "-i", image_archive("busybox"))


def podman_services(t):
    found = []
    for pid in t.node.processes():
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        if words[0].endswith(b"podman") and b"service" in words:
            found.append(pid)
    assert found
    return found


@test(engines=["dockerd"])
def a_cut_or_changed_state_is_named_and_never_silent(t):
    for name in ("a", "b"):
        t.secret(name, canary())
    t.cofferd.stop()
    whole = {p: p.read_bytes() for p in t.cofferd.state.rglob("*") if p.is_file()}
    assert whole
    for file, good in whole.items():
        if not good:
            continue
        for bad in (good[:len(good) // 2], good[:-1] + bytes([good[-1] ^ 1]), flipped(good)):
            file.write_bytes(bad)
            check_told(t, file)
            t.cofferd.daemon.kill()
            restore(t.cofferd.state, whole)
    t.cofferd.start()
    equal(len(t.api.get("/secrets").json), 2)


def restore(folder, whole):
    """Brings a folder's files back as they were."""
    for path in folder.rglob("*"):
        if path.is_file() and path not in whole:
            path.unlink()
    for path, data in whole.items():
        path.write_bytes(data)


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x20]) + data[middle + 1:]


def check_told(t, file):
    """It either refuses to start with words, or has both secrets as they were."""
    try:
        t.cofferd.start()
    except DaemonError as error:
        last = [line for line in str(error).splitlines() if line.strip()][-1]
        assert len(last) > 20, f"{file}: ended without a word: {error}"
        return
    names = sorted(s["Spec"]["Name"] for s in t.api.get("/secrets").json)
    assert names == ["a", "b"], f"{file} was changed and {names} are there without a word"


@test(engines=["dockerd"])
def the_state_is_closed_to_others(t):
    t.secret("key")
    for path in [t.cofferd.state, *t.cofferd.state.rglob("*")]:
        mode = path.stat().st_mode & 0o777
        assert path.suffix == ".crt" or not mode & 0o077, (path, oct(mode))


@test(engines=["dockerd"])
def a_node_shows_itself_to_the_cli(t):
    t.until("the node is ready", lambda: t.api.get("/nodes").json[0]["Status"]["State"] == "ready")
    listed = t.docker("node", "ls", "--format", "{{json .}}").lines
    node = json.loads(listed[0])
    equal((len(listed), node["Self"], node["ManagerStatus"], node["Status"]), (1, True, "Leader", "Ready"))
    t.docker("node", "update", "--label-add", "a=b", node_id(t))
    labels = t.docker("node", "inspect", "--format", "{{json .Spec.Labels}}", "self").text
    equal(json.loads(labels), {"a": "b"})
    t.service("s")
    assert "s.1" in t.docker("node", "ps").out
    assert "Swarm: active" in t.docker("info").out


@test(engines=["dockerd"])
def a_drained_node_runs_nothing(t):
    t.service("s")
    t.docker("node", "update", "--availability", "drain", node_id(t))
    t.until("no container runs", lambda: not [c for c in t.engine.containers().values()
                                              if c["State"] == "running"])
    def pending():
        return [x for x in t.tasks("s") if x["Status"]["State"] == "pending"
                and "no suitable node" in x["Status"].get("Err", "")]
    t.until("a pending task that says why", pending)
    t.docker("node", "update", "--availability", "active", node_id(t))
    t.running("s")


@test(engines=["dockerd"], cofferd=False)
def services_start_with_the_daemon_after_the_engine_lost_all(t):
    """As after a reboot: nothing in memory is left, the state on disk is."""
    t.start_cofferd()
    t.secret("key", b"0123")
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", "--secret", "key", *SLEEP)
    t.running("s")
    t.cofferd.kill()
    t.engine.clear()
    t.cofferd.sweep()
    t.cofferd.start()
    t.until("a new container", lambda: t.container("s") in t.engine.containers())
    equal(t.in_container(t.container("s"), "cat", "/run/secrets/key").out, "0123")


def node_id(t):
    return t.api.get("/info").json["Swarm"]["NodeID"]
