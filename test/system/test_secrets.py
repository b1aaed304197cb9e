# SPDX-License-Identifier: Apache-2.0
"""Secrets and configs in containers: where they are, whose they are, who may read them."""

import base64
import re

from fixture import QUICK, SLEEP, container_of
from harness import equal, test

LONG = "busybox:latest"


def stat(t, container, path):
    """mode, uid, gid of a file in a container."""
    return t.in_container(container, "stat", "-c", "%a %u %g", path).text


@test()
def owner_group_and_mode_are_as_asked(t):
    t.secret("key", b"0123")
    t.service("s", "--secret", "source=key,target=mine,uid=1000,gid=999,mode=0400")
    container = t.container("s")
    equal(stat(t, container, "/run/secrets/mine"), "400 1000 999")
    equal(t.in_container(container, "cat", "/run/secrets/mine").out, "0123")


@test()
def two_references_to_one_secret_are_two_files(t):
    t.secret("key", b"0123")
    t.service("s", "--secret", "source=key,target=open",
              "--secret", "source=key,target=closed,uid=1000,gid=1000,mode=0400")
    container = t.container("s")
    equal(stat(t, container, "/run/secrets/open"), "444 0 0")
    equal(stat(t, container, "/run/secrets/closed"), "400 1000 1000")
    for name in ("open", "closed"):
        equal(t.in_container(container, "cat", f"/run/secrets/{name}").out, "0123")


@test()
def a_target_may_be_absolute_or_in_a_folder(t):
    t.secret("key", b"0123")
    t.service("s", "--secret", "source=key,target=/etc/app/key.pem,mode=0440",
              "--secret", "source=key,target=db/password")
    container = t.container("s")
    equal(stat(t, container, "/etc/app/key.pem"), "440 0 0")
    equal(t.in_container(container, "cat", "/etc/app/key.pem").out, "0123")
    equal(t.in_container(container, "cat", "/run/secrets/db/password").out, "0123")
    denied = t.in_container(container, "sh", "-c", "echo >/etc/app/key.pem", check=False)
    assert denied.code != 0 and "Read-only file system" in denied.err, denied


@test()
def a_secret_of_another_user_can_not_be_read(t):
    t.secret("key", b"0123")
    t.service("s", "--user", "1000:1000", "--secret", "source=key,target=root,mode=0400",
              "--secret", "source=key,target=web,uid=1000,mode=0400")
    container = t.container("s")
    equal(t.in_container(container, "cat", "/run/secrets/web").out, "0123")
    denied = t.in_container(container, "cat", "/run/secrets/root", check=False)
    assert denied.code == 1 and "Permission denied" in denied.err, denied


@test()
def every_byte_arrives_as_it_was(t):
    value = bytes(range(256)) * 4
    t.secret("bytes", value)
    t.service("s", "--secret", "bytes")
    shown = t.in_container(t.container("s"), "base64", "-w0", "/run/secrets/bytes").text
    equal(base64.b64decode(shown), value)


@test()
def a_config_lies_at_its_target(t):
    t.docker("config", "create", "site", "-", stdin="listen 80;")
    t.service("s", "--config", "site", "--config", "source=site,target=/etc/app/site.conf,"
              "uid=1000,gid=1000,mode=0440")
    container = t.container("s")
    equal(t.in_container(container, "cat", "/site").out, "listen 80;")
    equal(stat(t, container, "/site"), "444 0 0")
    equal(t.in_container(container, "cat", "/etc/app/site.conf").out, "listen 80;")
    equal(stat(t, container, "/etc/app/site.conf"), "440 1000 1000")


@test()
def a_config_in_use_is_not_removed(t):
    t.docker("config", "create", "site", "-", stdin="x")
    t.service("s", "--config", "site")
    said = t.docker.refused("config", "rm", "site")
    assert said.endswith("config 'site' is in use by the following service: s"), said


@test()
def a_secret_used_twice_names_both_services(t):
    t.secret("key")
    for name in ("one", "two"):
        t.docker("service", "create", "-d", "--no-resolve-image", "--name", name, "--secret",
                 "key", *SLEEP)
    said = t.docker.refused("secret", "rm", "key")
    assert re.search(r"is in use by the following services: (one, two|two, one)$", said), said


@test()
def neither_inspect_nor_list_shows_a_value(t):
    t.secret("key", b"not to be seen")
    shown = t.docker("secret", "inspect", "key").out + t.api.get("/secrets").text
    assert "Data" not in shown and base64.b64encode(b"not to be seen").decode() not in shown
    t.service("s", "--secret", "key")
    container = t.container("s")
    inspected = t.docker("inspect", container).out
    assert "not to be seen" not in inspected


@test()
def a_dead_task_leaves_no_file(t):
    t.secret("key", b"0123")
    t.docker("service", "create", "-d", "--no-resolve-image", "--name", "short",
             "--restart-condition", "none", "--secret", "key", LONG, "cat", "/run/secrets/key")
    def ended():
        return [task for task in t.tasks("short") if task["Status"]["State"] == "complete"]
    t.until("the task has ended", ended)
    equal(t.cofferd.task_files(), [])


@test()
def replicas_have_their_files_each(t):
    t.secret("key", b"0123")
    t.service("s", "--replicas", "3", "--secret", "key")
    tasks = t.running("s", 3)
    for task in tasks:
        equal(t.in_container(container_of(task), "cat", "/run/secrets/key").out, "0123")
    t.docker("service", "scale", "-d", "s=1")
    t.running("s", 1)
    t.until("one file", lambda: len(t.cofferd.task_files()) == 1)


@test()
def labels_of_a_secret_can_be_changed_and_nothing_else(t):
    identity = t.secret("key", b"0123")
    spec = t.api.get(f"/secrets/{identity}").json
    version = spec["Version"]["Index"]
    path = f"/secrets/{identity}/update?version={version}"
    equal(t.api.post(path, {"Name": "key", "Labels": {"a": "b"}}).status, 200)
    seen = t.api.get("/secrets/key").json
    assert seen["Spec"]["Labels"] == {"a": "b"} and seen["Version"]["Index"] > version
    stale = t.api.post(path, {"Name": "key", "Labels": {}})
    assert stale.status == 500, stale
    equal(stale.message, "rpc error: code = Unknown desc = update out of sequence")
    path = f"/secrets/{identity}/update?version={seen['Version']['Index']}"
    other = t.api.post(path, {"Name": "key", "Labels": {}, "Data": "b3RoZXI="})
    assert other.status == 400, other
    assert other.message.endswith("only updates to Labels are allowed"), other
    same = t.api.post(path, {"Name": "key", "Labels": {}, "Data": "MDEyMw=="})
    assert same.status == 200, same


@test()
def a_secret_that_is_not_there_stops_nothing_else(t):
    said = t.docker.refused("service", "create", "--name", "s", "--secret", "nosuch", LONG)
    assert said == "secret not found: nosuch", said
    equal(t.docker("service", "ls", "-q").text, "")


@test()
def a_tasks_folder_is_kept_without_swap_and_for_root_alone(t):
    t.secret("key", b"0123")
    t.service("s", "--secret", "key")
    mounts = [m for m in t.cofferd.mounts() if m[1] in ("tmpfs", "ramfs")]
    assert len(mounts) == 1, t.cofferd.mounts()
    place, kind, options = mounts[0]
    options = options.split(",")
    assert {"nosuid", "nodev", "noexec"} <= set(options), options
    assert kind == "ramfs" or "noswap" in options, mounts
    equal(t.node.path(place).stat().st_mode & 0o777, 0o700)


@test()
def a_secret_is_created_by_its_file(t):
    path = t.cofferd.folder / "value"
    path.write_bytes(b"from a file\n")
    t.docker("secret", "create", "--label", "tier=db", "from_file", path)
    labels = t.docker("secret", "inspect", "--format", "{{.Spec.Labels.tier}}", "from_file").text
    equal(labels, "db")
    t.service("s", "--secret", "from_file")
    equal(t.in_container(t.container("s"), "cat", "/run/secrets/from_file").out, "from a file\n")


@test()
def a_changed_secret_reference_rolls_the_tasks(t):
    t.secret("old", b"old value")
    t.secret("new", b"new value")
    t.service("s", "--secret", "source=old,target=value")
    first = t.container("s")
    t.docker("service", "update", *QUICK, "--secret-rm", "old", "--secret-add",
             "source=new,target=value", "s")
    second = t.container("s")
    assert second != first
    equal(t.in_container(second, "cat", "/run/secrets/value").out, "new value")
    assert first not in [c for c, o in t.engine.containers().items() if o["State"] == "running"]


@test()
def a_config_lies_beside_secrets_and_hides_none(t):
    t.secret("key", b"0123")
    t.docker("config", "create", "site", "-", stdin="listen 80;")
    t.service("s", "--secret", "key", "--config", "source=site,target=run/secrets/site")
    container = t.container("s")
    equal(t.in_container(container, "cat", "/run/secrets/key").out, "0123")
    equal(t.in_container(container, "cat", "/run/secrets/site").out, "listen 80;")
    said = t.docker.refused("service", "create", "--secret", "key", "--config",
                            "source=site,target=run/secrets/key", *SLEEP)
    assert said.endswith("secret reference 'key' and config reference 'site' have a conflicting "
                         "target: 'run/secrets/key'"), said


@test()
def a_mount_may_lie_where_secrets_are(t):
    t.secret("key", b"0123")
    t.service("over", "--secret", "key", "--mount", "type=tmpfs,target=/run/secrets/")
    t.service("beside", "--secret", "key", "--mount", "type=volume,target=/run/secrets/v")
    t.service("above", "--secret", "key", "--mount", "type=tmpfs,target=/run")
    for name, place in (("over", "/run/secrets"), ("beside", "/run/secrets/v"), ("above", "/run")):
        container = t.container(name)
        equal(t.in_container(container, "cat", "/run/secrets/key").out, "0123")
        t.in_container(container, "touch", f"{place}/mine")
        denied = t.in_container(container, "sh", "-c", "echo >/run/secrets/key", check=False)
        assert denied.code != 0 and "Read-only file system" in denied.err, denied


@test()
def a_secret_may_be_aimed_at_the_other_name_of_run(t):
    t.secret("key", b"0123")
    t.docker("run", "--name", "user", "busybox:latest", "sh", "-c",
             "mkdir -p /var && rm -rf /var/run && ln -s /run /var/run")
    t.docker("commit", "user", "linked")
    t.defer(t.docker, "rmi", "linked")
    t.docker("rm", "user")
    t.service("s", "--secret", "key", "--secret", "source=key,target=/var/run/secrets/other",
              command=("linked", *SLEEP[1:]))
    container = t.container("s")
    equal(t.in_container(container, "cat", "/run/secrets/key").out, "0123")
    equal(t.in_container(container, "cat", "/var/run/secrets/other").out, "0123")
    equal(t.in_container(container, "cat", "/run/secrets/other").out, "0123")
    t.docker("service", "rm", "s")
    t.gone("s")


@test()
def a_secret_alone_may_be_what_else_is_a_folder(t):
    t.secret("key", b"0123")
    t.service("s", "--secret", "source=key,target=/run/secrets")
    equal(t.in_container(t.container("s"), "cat", "/run/secrets").out, "0123")


@test()
def a_mount_does_not_take_the_place_of_a_secret(t):
    t.secret("key", b"0123")
    for target in ("/run/secrets/key", "/run/secrets/./key/", "/run/secrets/key/below"):
        said = t.docker.refused("service", "create", "-d", "--secret", "key", "--mount",
                                f"type=tmpfs,target={target}", *SLEEP)
        assert said.endswith(f"ContainerSpec: duplicate mount point: {target}"), said
