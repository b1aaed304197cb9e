# SPDX-License-Identifier: Apache-2.0
"""Bounds and bad input: what is too large, too many, broken or slow hurts nobody else."""

import base64
import grp
import json
import os
import random
import socket
import threading

from fixture import SLEEP
from harness import equal, test

SECRET_MAX, CONFIG_MAX = 511999, 1023999


def create(api, kind, name, size):
    data = base64.b64encode(os.urandom(size)).decode()
    return api.post(f"/{kind}/create", {"Name": name, "Data": data})


@test()
def the_largest_secret_and_config_are_taken_and_larger_ones_refused(t):
    for kind, largest in (("secrets", SECRET_MAX), ("configs", CONFIG_MAX)):
        equal(create(t.api, kind, "one", 1).status, 201)
        equal(create(t.api, kind, "largest", largest).status, 201)
        for size in (largest + 1, 2 * (largest + 1)):
            refused = create(t.api, kind, "larger", size)
            equal(refused.status, 400)
            assert "data must be larger than 0 and less than" in refused.message, refused
    name = "large"
    value = os.urandom(SECRET_MAX)
    t.docker("secret", "create", name, "-", stdin=value)
    t.service("s", "--secret", name)
    shown = t.in_container(t.container("s"), "base64", "-w0", f"/run/secrets/{name}").text
    equal(base64.b64decode(shown), value)


@test(engines=["dockerd"])
def a_body_beyond_all_bounds_is_refused_and_the_daemon_lives(t):
    head = (b"POST /v1.41/secrets/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n")
    answer = t.api.raw(head % (30 << 20) + b" " * (30 << 20))
    assert not answer or answer.split()[1] in (b"400", b"413"), answer[:200]
    equal(t.api.get("/secrets").json, [])


@test(engines=["dockerd"])
def names_at_their_limits(t):
    for name in ("a", "A" * 64, "a.b-c_d", "0"):
        equal(create(t.api, "secrets", name, 1).status, 201)
    for name in ("", "a" * 65, ".a", "a_", "ä", "a\nb", "a\0b", "a" * 100000):
        answer = create(t.api, "secrets", name, 1)
        equal((name[:70], answer.status), (name[:70], 400))
    equal(len(t.api.get("/secrets").json), 4)


@test(engines=["dockerd"])
def one_of_many_clients_creates_a_name(t):
    answers = in_parallel(16, lambda n: create(t.api, "secrets", "same", 10))
    equal(sorted(a.status for a in answers), [201] + [409] * 15)
    equal(len(t.api.get("/secrets").json), 1)


@test(engines=["dockerd"])
def versions_are_one_line_for_all_objects(t):
    answers = in_parallel(16, lambda n: create(t.api, "secrets", f"s{n}", 10))
    equal({a.status for a in answers}, {201})
    versions = [s["Version"]["Index"] for s in t.api.get("/secrets").json]
    equal(len(set(versions)), 16)


@test(engines=["dockerd"])
def one_of_many_updates_of_one_version_wins(t):
    create(t.api, "secrets", "a", 1)
    version = t.api.get("/secrets/a").json["Version"]["Index"]
    answers = in_parallel(8, lambda n: t.api.post(
        f"/secrets/a/update?version={version}", {"Name": "a", "Labels": {"n": str(n)}}))
    equal(sorted(a.status for a in answers), [200] + [500] * 7)


def in_parallel(count, call):
    """call(0), call(1), ... at the same time; what they returned."""
    results, barrier = [None] * count, threading.Barrier(count)
    def run(number):
        barrier.wait()
        results[number] = call(number)
    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


BROKEN = [
    b"\r\n\r\n", b"GET", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 4096, b"GET /secrets\r\n\r\n",
    b"POST /v1.41/secrets/create HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1.41/secrets/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /v1.41/secrets/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    b"POST /v1.41/secrets/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST /v1.41/secrets/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /v1.41/secrets HTTP/1.1\r\nHost: x\r\nA: " + b"a" * (2 << 20) + b"\r\n\r\n",
    b"GET /" + b"a" * (2 << 20) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1.41/secrets/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /v1.41/secrets/..%2f..%2fetc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
]


@test(engines=["dockerd"])
def broken_requests_get_an_error_or_nothing(t):
    for data in BROKEN:
        answer = t.api.raw(data, half_close=True)
        first = answer.split(b"\r\n")[0]
        # Docker redirects a path with ".." (301), cofferd knows no such object.
        assert not answer or first.split()[1][:1] in (b"3", b"4", b"5"), (data[:80], answer[:200])
        equal(t.api.get("//_ping").status, 200)


@test(engines=["dockerd"])
def broken_json_gets_an_error(t):
    rng = random.Random(1)
    good = json.dumps({"Name": "x", "Labels": {"a": "b"}, "Data": "MDEy", "Driver": {"Name": "d"}})
    bodies = ["[]", "null", '"x"', "{}}", "{" * 5000, "[" * 100000, '{"Name":' + '"a"' * 10,
              '{"Name":1,"Data":"MDEy"}', '{"Name":"x","Data":{}}', '{"Labels":[]}',
              '{"Name":"\\ud800","Data":"MDEy"}', '{"Name":"x","Name":2}']
    bodies += [good[:rng.randrange(len(good))] for _ in range(20)]
    for body in bodies:
        answer = t.api.post("/secrets/create", body)
        equal((body[:60], answer.status // 100), (body[:60], 4))
        assert answer.message, body
    for path in ("/services/create", "/configs/create", "/swarm/init", "/services/x/update?version=1"):
        assert t.api.post(path, "[" * 100000).status >= 400, path
    equal(t.api.get("/secrets").json, [])


@test(engines=["dockerd"])
def a_field_that_is_not_supported_is_refused_by_name(t):
    base = {"Name": "s", "TaskTemplate": {"ContainerSpec": {"Image": "busybox:latest"}}}
    container = base["TaskTemplate"]["ContainerSpec"]
    for body, word in [
            ({**base, "TaskTemplate": {"PluginSpec": {"Name": "p"}, "Runtime": "plugin"}}, "lugin"),
            ({**base, "TaskTemplate": {"ContainerSpec": {**container, "NoSuchField": 1}}}, ""),
            ({**base, "Mode": {"ReplicatedJob": {}}}, ""), ({**base, "Mode": {"Global": {}}}, "")]:
        answer = t.api.post("/services/create", body)
        if answer.status == 201:
            continue  # it is supported by now, or unknown to Docker too, which ignores it
        assert 400 <= answer.status <= 501 and word in answer.message, answer


@test(engines=["dockerd"])
def idle_connections_keep_nobody_out(t):
    idle = []
    for number in range(600):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(5)
        try:
            sock.connect(str(t.cofferd.socket))
            sock.sendall(b"GET /v1.41/sec")
        except OSError:
            pass  # more than it will have: refused or closed
        idle.append(sock)
        if number == 60:
            equal(t.api.get("/secrets").status, 200)
    for sock in idle:
        sock.close()
    t.until("an answer", lambda: t.api.get("/secrets").status == 200)


@test(engines=["dockerd"])
def the_socket_belongs_to_root_and_its_group(t):
    """A machine without the group has it for root alone."""
    status = t.node.path(t.cofferd.socket).stat()
    group = [entry for entry in grp.getgrall() if entry.gr_name == "coffer"]
    wanted = ("0o660", 0, group[0].gr_gid) if group else ("0o600", 0, 0)
    equal((oct(status.st_mode & 0o777), status.st_uid, status.st_gid), wanted)
    said = t.node.run(["setpriv", "--reuid", "65534", "--clear-groups", "sh", "-c",
                       f"curl -sS --unix-socket {t.cofferd.socket} http://d/_ping 2>&1 || test $? != 0"])
    assert "ermission denied" in said or "ouldn't connect" in said, said


@test(engines=["dockerd"], cofferd=False, reference=False)
def a_full_disk_is_told_and_loses_nothing(t):
    state = t.node.folder / "small"
    state.mkdir()
    t.node.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", state])
    t.defer(t.node.run, ["umount", "-l", state])
    t.cofferd = t.new_cofferd(state=state / "state").start()
    acknowledged = []
    for number in range(200):
        answer = create(t.api, "secrets", f"s{number}", 20000)
        if answer.status != 201:
            break
        acknowledged.append(f"s{number}")
    assert answer.status >= 500 and answer.message, answer
    assert acknowledged and len(acknowledged) < 150, len(acknowledged)
    seen = lambda: sorted(s["Spec"]["Name"] for s in t.api.get("/secrets").json)
    equal(seen(), sorted(acknowledged))
    t.cofferd.kill()
    t.node.run(["mount", "-o", "remount,size=20m", state])
    t.cofferd.start()
    equal(seen(), sorted(acknowledged))
    equal(create(t.api, "secrets", "after", 20000).status, 201)


@test(timeout=240, reference=False)
def an_engine_that_dies_comes_back(t):
    t.secret("key", b"0123")
    t.service("s", "--secret", "key", "--restart-delay", "100ms")
    t.engine.daemon.kill()
    equal(t.api.get("/secrets").status, 200)
    assert t.api.get("/containers/json").status >= 500
    assert len(t.api.get("/tasks").json) >= 1
    t.secret("meanwhile", b"4567")
    t.engine.start()
    def works():
        running = [x for x in t.tasks("s") if x["Status"]["State"] == x["DesiredState"] == "running"]
        live = [i for i, c in t.engine.containers().items() if c["State"] == "running"]
        return len(running) == len(live) == 1 and \
            running[0]["Status"]["ContainerStatus"]["ContainerID"] == live[0]
    t.until("one task in one container", works, timeout=60)
    equal(t.in_container(t.container("s"), "cat", "/run/secrets/key").out, "0123")
    t.service("t", "--secret", "meanwhile")
    equal(t.in_container(t.container("t"), "cat", "/run/secrets/meanwhile").out, "4567")


@test(cofferd=False, reference=False)
def cofferd_waits_for_an_engine_that_is_not_there_yet(t):
    t.engine.daemon.kill()
    t.start_cofferd()
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", *SLEEP)
    t.engine.start()
    t.running("s", timeout=60)


@test(engines=["dockerd"], cofferd=False, reference=False)
def a_slow_engine_slows_only_itself(t):
    slow = SlowProxy(t.engine.socket, t.node.folder / "slow.sock", delay=2.0)
    t.defer(slow.close)
    t.cofferd = t.new_cofferd(engine=slow).start()
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "s", "--replicas", "3", *SLEEP)
    for number in range(50):
        equal(create(t.api, "secrets", f"s{number}", 10).status, 201)
    assert slow.held, "the engine was not slow meanwhile"
    t.running("s", 3, timeout=90)
    live = [c for c in t.engine.containers().values() if c["State"] == "running"]
    equal(len(live), 3)


class SlowProxy:
    """Stands before an engine's socket and holds each answer back for a while."""

    def __init__(self, target, path, delay):
        self.target, self.socket, self.delay, self.held = str(target), path, delay, 0
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed
            engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            engine.connect(self.target)
            for source, sink, delay in ((client, engine, 0), (engine, client, self.delay)):
                threading.Thread(target=self._pump, args=(source, sink, delay), daemon=True).start()

    def _pump(self, source, sink, delay):
        try:
            while data := source.recv(65536):
                if delay:
                    self.held += 1
                    threading.Event().wait(delay)
                    self.held -= 1
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of both went away: that is what the other one shall see, too
            sink.close()

    def close(self):
        self.listener.close()


@test(engines=["dockerd"], timeout=400)
def ten_thousand_secrets_are_no_cliff(t):
    def batch(worker):
        for number in range(2500):
            data = base64.b64encode(b"%d-%d" % (worker, number)).decode()
            equal(t.api.post("/secrets/create", {"Name": f"s{worker}-{number}", "Data": data}).status, 201)
        return True
    equal(in_parallel(4, batch), [True] * 4)
    equal(len(t.api.get("/secrets").json), 10000)
    t.cofferd.kill()
    t.cofferd.start()
    equal(len(t.api.get("/secrets").json), 10000)
    equal(len(t.api.get("/secrets", names="s3-2499").json), 1)
