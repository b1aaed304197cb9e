# SPDX-License-Identifier: Apache-2.0
"""Requests as Docker's clients send them, and what Docker's daemon answers: status, text, shape."""

import base64
import copy
import json

from harness import equal, test
from shape import ANY, ID, Maybe, NUMBER, TEXT, TIME, VERSION, like, pattern

INVALID = "rpc error: code = InvalidArgument desc = "
CONFLICT = "rpc error: code = AlreadyExists desc = "
BAD_NAME = (INVALID + "invalid name, only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end"
            " character must be [a-zA-Z0-9]")
BAD_SIZE = INVALID + "secret data must be larger than 0 and less than 512000 bytes"
BAD_CONFIG_SIZE = INVALID + "config data must be larger than 0 and less than 1024000 bytes"
VALUE = base64.b64encode(b"0123").decode()

SERVICE = {
    "Name": "s", "Labels": {},
    "TaskTemplate": {
        "ContainerSpec": {"Image": "busybox:latest", "Args": ["sleep", "1000000"], "Init": False,
                          "DNSConfig": {}},
        "Resources": {"Limits": {}, "Reservations": {}}, "Placement": {}, "ForceUpdate": 0},
    "Mode": {"Replicated": {}}, "EndpointSpec": {"Mode": "vip"}}


def service(**changes):
    """The least a CLI sends, with changes given as Part__Part=value."""
    made = copy.deepcopy(SERVICE)
    for path, value in changes.items():
        *parts, last = path.split("__")
        place = made
        for part in parts:
            place = place.setdefault(part, {})
        place[last] = value
    return made


def refused(t, method, path, body, status, text):
    answer = t.api.request(method, path, body)
    assert answer.status == status, f"{method} {path} {str(body)[:200]}: {answer}, not {status}"
    assert answer.message == text, f"{method} {path}: {answer.message!r}, not {text!r}"


@test()
def creating_a_secret_is_refused_in_dockers_words(t):
    t.secret("taken")
    path = "/secrets/create"
    for body, status, text in [
            ({"Name": "taken", "Data": VALUE}, 409, CONFLICT + "secret taken already exists"),
            ({}, 400, INVALID + "name must be provided"),
            ({"Name": "a b", "Data": VALUE}, 400, BAD_NAME),
            ({"Name": "-a", "Data": VALUE}, 400, BAD_NAME),
            ({"Name": "a-", "Data": VALUE}, 400, BAD_NAME),
            ({"Name": "a" * 65, "Data": VALUE}, 400, BAD_NAME),
            ({"Name": "a/b", "Data": VALUE}, 400, BAD_NAME),
            ({"Name": "empty"}, 400, BAD_SIZE),
            ({"Name": "empty", "Data": ""}, 400, BAD_SIZE),
            ('{"Name":"x","Data":"!!!!"}', 400, "illegal base64 data at input byte 0"),
            ('{"Name":"x","Data":"YWJ', 400, "unexpected EOF"),
            ("", 400, "got EOF while reading request body")]:
        refused(t, "POST", path, body, status, text)
    equal([s["Spec"]["Name"] for s in t.api.get("/secrets").json], ["taken"])


@test()
def a_secret_has_dockers_shape(t):
    answer = t.api.post("/secrets/create", {"Name": "a", "Labels": {"k": "v"}, "Data": VALUE})
    equal(answer.status, 201)
    like(answer.json, {"ID": ID})
    assert answer.body.endswith(b"}\n"), answer.body
    shape = {"ID": answer.json["ID"], "Version": VERSION, "CreatedAt": TIME, "UpdatedAt": TIME,
             "Spec": {"Name": "a", "Labels": {"k": "v"}}}
    like(t.api.get("/secrets").json, [shape])
    for reference in ("a", answer.json["ID"], answer.json["ID"][:9]):
        like(t.api.get(f"/secrets/{reference}").json, shape)
    refused(t, "GET", "/secrets/nosuch", None, 404, "secret nosuch not found")
    refused(t, "DELETE", "/secrets/nosuch", None, 404, "secret nosuch not found")
    removed = t.api.delete("/secrets/a")
    equal((removed.status, removed.body), (204, b""))
    equal(t.api.get("/secrets").body, b"[]\n")


@test()
def secrets_are_filtered_as_docker_does(t):
    ids = {name: t.secret(name, Labels=labels) for name, labels in [
        ("db", {"tier": "back"}), ("db_old", {"tier": "back", "old": ""}), ("web", {})]}
    def names(**filters):
        return sorted(s["Spec"]["Name"] for s in t.api.get("/secrets", **filters).json)
    equal(names(), ["db", "db_old", "web"])
    equal(names(name="db"), ["db", "db_old"])
    equal(names(names="db"), ["db"])
    equal(names(name=["db_o", "web"]), ["db_old", "web"])
    equal(names(label="tier=back"), ["db", "db_old"])
    equal(names(label=["tier=back", "old"]), ["db_old"])
    equal(names(id=ids["web"][:10]), ["web"])
    equal(names(name="nosuch"), [])
    refused(t, "GET", '/secrets?filters={"foo":{"x":true}}', None, 400, "Invalid filter 'foo'")
    equal(t.api.request("GET", "/secrets?filters={").status, 500)
    equal(names(label="tier", name="db_old"), ["db_old"])


@test()
def versions_guard_an_update(t):
    t.secret("a")
    refused(t, "POST", "/secrets/a/update", {"Name": "a"}, 400, "invalid secret version")
    refused(t, "POST", "/secrets/a/update?version=1", {"Name": "a"}, 500,
            "rpc error: code = Unknown desc = update out of sequence")
    refused(t, "POST", "/services/s/update", service(), 400,
            "invalid service version '': strconv.ParseUint: parsing \"\": invalid syntax")


@test()
def a_config_has_dockers_shape_and_shows_its_data(t):
    made = t.api.post("/configs/create", {"Name": "c", "Labels": {}, "Data": VALUE})
    equal(made.status, 201)
    like(t.api.get("/configs/c").json, {
        "ID": made.json["ID"], "Version": VERSION, "CreatedAt": TIME, "UpdatedAt": TIME,
        "Spec": {"Name": "c", "Labels": {}, "Data": VALUE}})
    refused(t, "POST", "/configs/create", {"Name": "c", "Data": VALUE}, 409,
            CONFLICT + "config c already exists")
    refused(t, "POST", "/configs/create", {"Name": "d"}, 400, BAD_CONFIG_SIZE)
    refused(t, "GET", "/configs/nosuch", None, 404, "config nosuch not found")
    equal(t.api.delete("/configs/c").status, 204)


@test()
def creating_a_service_is_refused_in_dockers_words(t):
    secret = t.secret("a")
    def with_secrets(*references):
        return service(TaskTemplate__ContainerSpec__Secrets=list(references))
    def reference(name="a", target="t", **more):
        return {"SecretID": secret, "SecretName": name,
                "File": {"Name": target, "UID": "0", "GID": "0", "Mode": 292}, **more}
    equal(t.api.post("/services/create", service(Name="taken")).status, 201)
    for body, status, text in [
            (service(Name="taken"), 409, CONFLICT
             + "name conflicts with an existing object: service taken already exists"),
            (service(Name="a b"), 400, INVALID + "name must be valid as a DNS name component"),
            (service(Name="a" * 64), 400, INVALID + "name must be 63 characters or fewer"),
            (service(TaskTemplate__ContainerSpec__Image=""), 400,
             INVALID + "ContainerSpec: image reference must be provided"),
            (service(TaskTemplate__ContainerSpec__Image="BAD IMAGE"), 400,
             INVALID + 'ContainerSpec: "BAD IMAGE" is not a valid repository/tag'),
            (with_secrets(reference(SecretID="0" * 25)), 400, INVALID + "secret not found: a"),
            (with_secrets(reference(name="b")), 400, INVALID + "secret not found: b"),
            (with_secrets(reference(target="")), 400,
             INVALID + "malformed file secret reference, invalid target file name provided"),
            (with_secrets({"SecretID": secret, "SecretName": "a"}), 400,
             INVALID + "malformed secret reference, no target provided"),
            (with_secrets({"SecretName": "a", "File": {"Name": "t"}}), 400,
             INVALID + "malformed secret reference"),
            (service(TaskTemplate__Resources__Limits__MemoryBytes=1 << 20), 400,
             INVALID + "invalid memory value 1048576: Must be at least 4MiB"),
            ('{"Name":"x"', 400, "unexpected EOF")]:
        refused(t, "POST", "/services/create", body, status, text)
    equal([s["Spec"]["Name"] for s in t.api.get("/services").json], ["taken"])


@test()
def two_references_to_one_target_are_refused(t):
    ids = [t.secret(name) for name in ("a", "b")]
    body = service(TaskTemplate__ContainerSpec__Secrets=[
        {"SecretID": identity, "SecretName": name, "File": {"Name": "same", "UID": "0", "GID": "0",
                                                                 "Mode": 292}}
        for identity, name in zip(ids, "ab")])
    refused(t, "POST", "/services/create", body, 400, INVALID
            + "secret references 'a' and 'b' have a conflicting target: 'same'")


@test()
def a_service_has_dockers_shape(t):
    made = t.api.post("/services/create", service())
    equal(made.status, 201)
    like(made.json, {"ID": ID, "Warnings": Maybe(ANY)})
    container = {"Image": "busybox:latest", "Args": ["sleep", "1000000"], "Init": False,
                 "DNSConfig": Maybe({}), "Isolation": "default"}
    template = {"ContainerSpec": container, "Resources": {"Limits": {}, "Reservations": {}},
                "Placement": {}, "ForceUpdate": 0, "Runtime": "container"}
    spec = {"Name": "s", "Labels": {}, "TaskTemplate": template,
            "Mode": {"Replicated": {"Replicas": 1}}, "EndpointSpec": {"Mode": "vip"}}
    shape = {"ID": made.json["ID"], "Version": VERSION, "CreatedAt": TIME, "UpdatedAt": TIME,
             "Spec": spec, "Endpoint": {"Spec": ANY}}
    like(t.inspect("s"), shape)
    like(t.api.get("/services/s?insertDefaults=false").json, shape)
    listed, = t.api.get("/services?status=true").json
    like(listed["ServiceStatus"], {"RunningTasks": ANY, "DesiredTasks": 1, "CompletedTasks": 0})
    update = {"Parallelism": 1, "FailureAction": "pause", "Monitor": 5000000000,
              "MaxFailureRatio": 0, "Order": "stop-first"}
    filled = t.api.get("/services/s?insertDefaults=true").json["Spec"]
    like({k: filled[k] for k in ("UpdateConfig", "RollbackConfig")},
         {"UpdateConfig": update, "RollbackConfig": update})
    like(filled["TaskTemplate"]["RestartPolicy"],
         {"Condition": "any", "Delay": 5000000000, "MaxAttempts": 0})
    equal(filled["TaskTemplate"]["ContainerSpec"]["StopGracePeriod"], 10000000000)
    refused(t, "GET", "/services/nosuch", None, 404, "service nosuch not found")
    refused(t, "DELETE", "/services/nosuch", None, 404, "service nosuch not found")
    removed = t.api.delete("/services/s")
    equal((removed.status, removed.body), (200, b""))


@test()
def a_task_has_dockers_shape(t):
    t.api.post("/services/create", service())
    task, = t.running("s")
    node = t.api.get("/info").json["Swarm"]["NodeID"]
    template = t.inspect("s")["Spec"]["TaskTemplate"]
    template.pop("Runtime")
    like(task, {
        "ID": ID, "Version": VERSION, "CreatedAt": TIME, "UpdatedAt": TIME, "Labels": {},
        "Spec": ANY, "ServiceID": t.inspect("s")["ID"], "Slot": 1, "NodeID": node,
        "Status": {"Timestamp": TIME, "State": "running", "Message": "started",
                   "ContainerStatus": {"ContainerID": pattern("[0-9a-f]{64}"), "PID": NUMBER,
                                       "ExitCode": 0},
                   "PortStatus": {}},
        "DesiredState": "running", "NetworksAttachments": Maybe(ANY)})
    equal(task["Spec"]["ContainerSpec"], template["ContainerSpec"])
    like(t.api.get(f"/tasks/{task['ID']}").json["ID"], task["ID"])
    refused(t, "GET", "/tasks/nosuch", None, 404, "task nosuch not found")
    container = t.engine.containers()[task["Status"]["ContainerStatus"]["ContainerID"]]
    equal(container["Names"], [f"/s.1.{task['ID']}"])
    like({k.removeprefix("com.docker.swarm."): v for k, v in container["Labels"].items()
          if k.startswith("com.docker.swarm.")},
         {"node.id": node, "service.id": task["ServiceID"], "service.name": "s", "task": "",
          "task.id": task["ID"], "task.name": f"s.1.{task['ID']}"})


@test()
def services_and_tasks_are_filtered_as_docker_does(t):
    for name, labels in (("web", {"tier": "front"}), ("web2", {}), ("db", {"tier": "back"})):
        equal(t.api.post("/services/create", service(Name=name, Labels=labels)).status, 201)
    def names(**filters):
        return sorted(s["Spec"]["Name"] for s in t.api.get("/services", **filters).json)
    equal(names(name="web"), ["web", "web2"])
    equal(names(label="tier"), ["db", "web"])
    equal(names(label="tier=back"), ["db"])
    equal(names(mode="replicated"), ["db", "web", "web2"])
    equal(names(mode="global"), [])
    equal(names(id=t.inspect("db")["ID"]), ["db"])
    t.running("db")
    task, = t.tasks("db")
    equal([x["ID"] for x in t.tasks(**{"desired-state": "running"}, service="db")], [task["ID"]])
    equal(t.tasks(**{"desired-state": "shutdown"}, service="db"), [])
    equal(len(t.tasks(node=task["NodeID"])), 3)
    equal(len(t.tasks(**{"_up-to-date": "true"}, service="db")), 1)
    refused(t, "GET", '/tasks?filters={"service":{"nosuch":true}}', None, 404,
            "service nosuch not found")
    refused(t, "GET", '/services?filters={"foo":{"x":true}}', None, 400, "Invalid filter 'foo'")
    refused(t, "GET", '/tasks?filters={"foo":{"x":true}}', None, 400, "Invalid filter 'foo'")


@test()
def what_of_a_service_can_not_change_is_refused(t):
    t.api.post("/services/create", service())
    version = t.inspect("s")["Version"]["Index"]
    path = f"/services/s/update?version={version}"
    refused(t, "POST", path, service(Name="other"), 501,
            "rpc error: code = Unimplemented desc = renaming services is not supported")
    refused(t, "POST", path, service(Mode={"Global": {}}), 501,
            "rpc error: code = Unimplemented desc = service mode change is not allowed")
    refused(t, "POST", f"/services/s/update?version={version - 1}", service(), 500,
            "rpc error: code = Unknown desc = update out of sequence")
    done = t.api.post(path, service(Mode={"Replicated": {"Replicas": 2}}))
    equal((done.status, done.json), (200, {"Warnings": None}))
    assert t.inspect("s")["PreviousSpec"]["Mode"] == {"Replicated": {"Replicas": 1}}


@test()
def the_swarm_has_dockers_shape(t):
    swarm = t.api.get("/swarm").json
    like(swarm, {
        "ID": ID, "Version": VERSION, "CreatedAt": TIME, "UpdatedAt": TIME,
        "Spec": {"Name": "default", "Labels": {},
                 "Orchestration": {"TaskHistoryRetentionLimit": 5},
                 "Raft": {"SnapshotInterval": 10000, "KeepOldSnapshots": 0,
                          "LogEntriesForSlowFollowers": 500, "ElectionTick": 10,
                          "HeartbeatTick": 1},
                 "Dispatcher": {"HeartbeatPeriod": 5000000000},
                 "CAConfig": {"NodeCertExpiry": 7776000000000000}, "TaskDefaults": {},
                 "EncryptionConfig": {"AutoLockManagers": False}},
        "TLSInfo": {"TrustRoot": pattern(r"-----BEGIN CERTIFICATE-----\n[^-]*-----END CERTIFICATE-----\n"),
                    "CertIssuerSubject": TEXT, "CertIssuerPublicKey": TEXT},
        "RootRotationInProgress": False, "DefaultAddrPool": ANY, "SubnetSize": 24,
        "DataPathPort": 4789,
        "JoinTokens": {"Worker": pattern(r"SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}"),
                       "Manager": pattern(r"SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}")}})
    equal(t.api.get("/swarm/unlockkey").json, {"UnlockKey": ""})
    info = t.api.get("/info").json["Swarm"]
    cluster = {key: value for key, value in swarm.items() if key != "JoinTokens"}
    like(info, {"NodeID": ID, "NodeAddr": TEXT, "LocalNodeState": "active",
                "ControlAvailable": True, "Error": "", "RemoteManagers": [
                    {"NodeID": info["NodeID"], "Addr": TEXT}],
                "Nodes": 1, "Managers": 1, "Cluster": cluster})


@test()
def a_second_init_is_refused(t):
    body = {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": "127.0.0.1", "Spec": {}}
    if t.api.post("/swarm/init", body).status != 503:  # the first is answered as on a fresh node
        refused(t, "POST", "/swarm/init", body, 503, "This node is already part of a swarm. Use"
                ' "docker swarm leave" to leave this swarm and join another one.')


@test()
def the_node_has_dockers_shape(t):
    identity = t.api.get("/info").json["Swarm"]["NodeID"]
    t.until("the node is ready", lambda: t.api.get("/nodes").json[0]["Status"]["State"] == "ready")
    node, = t.api.get("/nodes").json
    like(node, {
        "ID": identity, "Version": VERSION, "CreatedAt": TIME, "UpdatedAt": TIME,
        "Spec": {"Labels": {}, "Role": "manager", "Availability": "active"},
        "Description": {"Hostname": TEXT, "Platform": {"Architecture": TEXT, "OS": "linux"},
                        "Resources": {"NanoCPUs": NUMBER, "MemoryBytes": NUMBER},
                        "Engine": {"EngineVersion": TEXT, "Plugins": Maybe(ANY),
                                   "Labels": Maybe(ANY)},
                        "TLSInfo": {"TrustRoot": TEXT, "CertIssuerSubject": TEXT,
                                    "CertIssuerPublicKey": TEXT}},
        "Status": {"State": "ready", "Addr": TEXT},
        "ManagerStatus": {"Leader": True, "Reachability": "reachable", "Addr": TEXT}})
    equal(t.api.get("/nodes/self").status, 404)
    path = f"/nodes/{identity}/update?version={node['Version']['Index']}"
    spec = {"Labels": {"disk": "ssd"}, "Role": "manager", "Availability": "active"}
    done = t.api.post(path, spec)
    equal((done.status, done.body), (200, b""))
    equal(t.api.get(f"/nodes/{identity}").json["Spec"]["Labels"], {"disk": "ssd"})
    version = t.api.get(f"/nodes/{identity}").json["Version"]["Index"]
    refused(t, "POST", f"/nodes/{identity}/update?version={version}",
            {**spec, "Role": "worker"}, 400, "rpc error: code = FailedPrecondition desc ="
            " attempting to demote the last manager of the swarm")
    refused(t, "GET", "/nodes/nosuch", None, 404, "node nosuch not found")
    said = t.api.delete(f"/nodes/{identity}")
    assert said.status == 400 and "is a cluster manager and is a member of the raft" in said.text, said


@test()
def pings_and_versions_are_as_clients_want_them(t):
    for path in ("//_ping", "/_ping"):
        ping = t.api.get(path)
        equal((ping.status, ping.body), (200, b"OK"))
        assert tuple(map(int, ping.headers["Api-Version"].split("."))) >= (1, 41), ping.headers
        equal(ping.headers["Ostype"], "linux")
        equal(ping.headers["Cache-Control"], "no-cache, no-store, must-revalidate")
    head = t.api.request("HEAD", "//_ping")
    equal((head.status, head.body), (200, b""))
    equal(t.api.get("/version").json["ApiVersion"], head.headers["Api-Version"])
    equal(t.api.request("GET", "//secrets").status, 200)
    too_new = t.api.request("GET", "//v1.99/secrets")
    equal(too_new.status, 400)
    assert too_new.message.startswith("client version 1.99 is too new. Maximum supported"), too_new
    equal(t.api.request("GET", "//v1.11/secrets").status, 400)


@test()
def an_unknown_path_below_ours_is_not_found(t):
    for method, path in (("PATCH", "/secrets"), ("POST", "/secrets/a/b/c"), ("PUT", "/swarm")):
        refused(t, method, path, None, 404, "page not found")


@test()
def bodies_may_be_chunked_announced_and_escaped(t):
    body = json.dumps({"Name": "chunked", "Data": VALUE}).encode()
    head = b"POST /v1.41/secrets/create HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
    answer = t.api.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert answer.startswith(b"HTTP/1.1 201"), answer
    body = json.dumps({"Name": "expected", "Data": VALUE}).encode()
    answer = t.api.raw(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    assert b"HTTP/1.1 201" in answer, answer
    equal(t.api.post("/secrets/create",
                     '{"Name":"escaped","Data":"MDEy\\u004d\\u0077==","Labels":{"a":"\\u003e"}}').status,
          201)
    equal(t.api.get("/secrets/escaped").json["Spec"]["Labels"], {"a": ">"})


@test()
def a_connection_serves_many_requests(t):
    one = b"GET /v1.41/secrets HTTP/1.1\r\nHost: docker\r\n\r\n"
    last = b"GET /v1.41/secrets HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n"
    answer = t.api.raw(one * 20 + last)
    equal(answer.count(b"HTTP/1.1 200"), 21)


@test()
def changes_are_told_as_events(t):
    with t.api.stream("/events") as stream:
        secret = t.secret("told")
        t.api.post("/services/create", service())
        t.running("s")
        t.api.delete("/services/s")
        t.api.delete("/secrets/told")
        seen = []
        for event in stream.lines():
            seen.append(event)
            kinds = {(e["Type"], e["Action"]) for e in seen}
            if {("secret", "remove"), ("container", "start"), ("service", "remove")} <= kinds:
                break
    secrets = [e for e in seen if e["Type"] == "secret"]
    for event, action in zip(secrets, ("create", "remove")):
        like(event, {"Type": "secret", "Action": action, "scope": "swarm", "time": NUMBER,
                     "timeNano": NUMBER, "Actor": {"ID": secret, "Attributes": {"name": "told"}}})
    assert ("service", "create") in kinds, kinds
