# SPDX-License-Identifier: Apache-2.0
"""Kinds of containers and processes that get values: users, namespaces, images and programs that the
helper in front of a program must not disturb."""

from harness import equal, test
from references import Place, Secrets, each

SHOW = 'echo "$KEY"'


@each
def images_with_users_and_paths_of_their_own_work(kind):
    with Place(kind) as p:
        Secrets(p.node, a="value-a")
        p.docker("create", "--name", "base", "busybox:latest")
        for change, command, shown in (
                ("USER 1000:1000", ("sh", "-c", 'id -u; echo "$KEY"'), "1000\nvalue-a\n"),
                ("ENV PATH=", ("/bin/sh", "-c", SHOW), "value-a\n"),
                ("ENV PATH=/nowhere:/bin", ("sh", "-c", SHOW), "value-a\n"),
                ('ENTRYPOINT ["sh", "-c"]', (SHOW,), "value-a\n"),
                ("WORKDIR /bin", ("./sh", "-c", SHOW), "value-a\n"),
                ("WORKDIR /", ("bin/sh", "-c", SHOW), "value-a\n")):
            p.docker("commit", "--change", change, "base", "changed")
            equal(p.docker("run", "--rm", "-e", "KEY=se://a", "changed", *command).out, shown)


@each
def confined_and_privileged_containers_work(kind):
    with Place(kind) as p:
        Secrets(p.node, a="value-a")
        for options in (("--privileged",), ("--security-opt", "seccomp=unconfined"),
                        ("--read-only", "--user", "1000"), ("--cap-drop", "ALL", "--user", "65534"),
                        ("--pid", "host"), ("--ipc", "host"), ("--tmpfs", "/tmp"),
                        ("--ulimit", "nofile=64:64"), ("--memory", "64m")):
            if p.run(*options, script=":", check=False).code == 0:  # else this machine can't do it
                equal(p.run(*options, "-e", "KEY=se://a", script=SHOW).text, "value-a")
        # What the helper is started by is no open door for the program it becomes.
        p.docker("run", "-d", "--name", "box", "--user", "1000", "-e", "KEY=se://a", "busybox:latest",
                 "sleep", "1000000")
        equal(p.docker("exec", "--user", "1000", "box", "ls", "/proc/1/fd").text, "0\n1\n2")
        equal(p.docker("exec", "--user", "1001", "-e", "NEW=se://a", "box", "sh", "-c", 'echo "$NEW"').text,
              "value-a")
        p.docker("rm", "-f", "box")


@each
def many_and_large_values_fit(kind):
    with Place(kind) as p:
        large = "x" * (100 * 1024)
        Secrets(p.node, a="value-a", large=large, other=large)
        names = [f"KEY_{i}" for i in range(200)]
        options = [word for name in names for word in ("-e", f"{name}=se://a")]
        equal(p.run(*options, script="env | grep -c =value-a").text, "200")
        equal(p.run("-e", "A=se://large", "-e", "B=se://other", script='echo "${#A} ${#B}"').text,
              "102400 102400")


# Not every machine lets a process of a user namespace write to the pipes that engines make for it.
IS_MAPPED = 'read in out n </proc/self/uid_map; test "$in" = 0 -a "$out" != 0 -a "$KEY" = value-a && exit 42'


@test(engines=(None,), cofferd=False, reference=False)
def containers_in_a_user_namespace_of_dockerds_work(_):
    with Place("dockerd", daemon={"userns-remap": "mapped"}) as p:
        Secrets(p.node, a="value-a")
        equal(p.run("-e", "KEY=se://a", script=IS_MAPPED, check=False).code, 42)
        equal(p.run("-e", "KEY=se://a", "--user", "1000", script=IS_MAPPED, check=False).code, 42)
        p.docker("run", "-d", "--name", "box", "-e", "KEY=se://a", "busybox:latest", "sleep", "1000000")
        equal(p.docker("exec", "box", "sh", "-c", IS_MAPPED, check=False).code, 42)
        p.docker("rm", "-f", "box")


@test(engines=(None,), cofferd=False, reference=False)
def containers_in_a_user_namespace_of_podmans_work(_):
    with Place("podman") as p:
        Secrets(p.node, a="value-a")
        p.add_mapped_user("containers")
        body = {"Image": "busybox:latest", "Cmd": ["sh", "-c", IS_MAPPED], "Env": ["KEY=se://a"],
                "HostConfig": {"UsernsMode": "auto"}}
        made = p.hands.api.post("/containers/create?name=mapped", body)
        equal(made.status, 201)
        p.docker("start", "mapped")
        equal(p.docker("wait", "mapped").text, "42")
