# SPDX-License-Identifier: Apache-2.0
"""A test node: a machine of its own as far as engines and cofferd can tell.

It has its own mounts, network, host name, processes and cgroups on this machine; its /run and
/dev/shm are empty. Its first process waits for the end of a pipe we hold, so whatever happens to
the test, no process, mount or network namespace of the node outlives it. What is left of a driver
that was killed itself, a folder and empty cgroups, goes when the next node is made.
Sockets with a path in the node's folder can be reached from outside.
"""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NAME = re.compile(r"coffer-\w+-\w{8}")


class Node:
    def __init__(self, name="node"):
        sweep()
        self.name = name
        # A socket's path may have 107 characters, so the folder's name is short.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"coffer-{name}-"))
        self.lock = self._lock()  # held as long as the node is in use
        self.groups, self.started = [], []
        resolv_conf = self.folder / "resolv.conf"
        # Nothing listens there: a look-up in a registry fails at once instead of after seconds.
        resolv_conf.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        hierarchies = self._make_groups()
        join = "".join(f"echo $$ >{group}/cgroup.procs\n" for group in self.groups)
        command = ["unshare", "--mount", "--net", "--uts", "--ipc", "--pid", "--cgroup", "--fork",
                   "--kill-child=KILL", "--propagation", "private",
                   str(HERE / "node-init"), name, str(resolv_conf), *hierarchies]
        self.holder = subprocess.Popen(["sh", "-ec", join + 'exec "$@"', "sh", *command],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.holder.stdout.readline() != b"ready\n":
            self.holder.wait()
            self.stop()
            raise RuntimeError(f"the test node {name} did not start (see above)")
        self.pid = child_of(self.holder.pid)
        (self.folder / "holder").write_text(f"{self.pid}\n")
        if hierarchies == ["v2"]:
            self._hand_on()
        (self.folder / "cgroups").write_text("".join(f"{g}\n" for g in self._leaves(hierarchies)))

    def _lock(self):
        """A file that is held from the moment on at which a sweep can find it."""
        lock = open(self.folder / "lock.new", "wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.rename(lock.name, self.folder / "lock")
        return lock

    def _make_groups(self):
        """A group for the node in each hierarchy of this machine; the hierarchies' names."""
        first, second = cgroup_mounts()
        if not first:
            for root in second[:1]:
                hand_on_controllers(root)
                self._make_group(root)
            return ["v2"]
        # Where version 1 has the controllers, version 2 stays out: crun refuses a mixture.
        for root in first.values():
            self._make_group(root)
        return list(first)

    def _make_group(self, root):
        group = root / self.folder.name
        group.mkdir()
        self.groups.append(group)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (root / name).exists() and (root / "tasks").exists():
                (group / name).write_text((root / name).read_text())

    def _hand_on(self):
        """The node's groups get controllers once no process is left in their parent."""
        for group in self.groups:
            (group / "init" / "cgroup.procs").write_text(str(self.holder.pid))
            hand_on_controllers(group)

    def _leaves(self, hierarchies):
        return [group / "init" for group in self.groups] if hierarchies == ["v2"] else self.groups

    def popen(self, command, **options):
        """Starts a command in the node. The Popen's process is nsenter; child_of() has ours."""
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen([HERE / "in-node", self.folder, *command], **options)
        self.started.append(process)
        return process

    def run(self, command, **options):
        """Runs a command in the node to its end; returns its output as text."""
        done = subprocess.run([HERE / "in-node", self.folder, *command], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
                               + done.stdout)
        return done.stdout

    def path(self, path):
        """Where a path of the node's is seen from here."""
        return pathlib.Path(f"/proc/{self.pid}/root") / str(path).lstrip("/")

    def mounts(self):
        return pathlib.Path(f"/proc/{self.pid}/mounts").read_text().splitlines()

    def processes(self):
        """Process ids (as seen from here) of all processes in the node."""
        ours = os.readlink(f"/proc/{self.pid}/ns/mnt")
        space = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if (os.readlink(entry / "ns/pid") == space
                            or os.readlink(entry / "ns/mnt") == ours):
                        found.append(int(entry.name))
                except OSError:
                    continue  # it ended meanwhile
        return found

    def stop(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()
        for process in self.started:
            process.wait()  # nsenter itself is in the node's cgroups
        for group in self.groups:
            remove_group(group)
        shutil.rmtree(self.folder)
        self.lock.close()


def remove_group(group):
    for folder, _, _ in os.walk(group, topdown=False):
        os.rmdir(folder)


def in_use(folder):
    """Is there a driver that has this node? One that is just making the folder counts, too."""
    if not folder.exists():
        return False
    try:
        with open(folder / "lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def sweep():
    """Removes what drivers left that were killed."""
    first, second = cgroup_mounts()
    temporary = pathlib.Path(tempfile.gettempdir())
    for root in [*first.values(), *second]:
        for group in root.glob("coffer-*"):
            if NAME.fullmatch(group.name) and not in_use(temporary / group.name):
                try:
                    remove_group(group)
                except OSError:
                    continue  # its last process is just ending: the next sweep has it
    for folder in temporary.glob("coffer-*"):
        if NAME.fullmatch(folder.name) and not in_use(folder):
            shutil.rmtree(folder, ignore_errors=True)  # another driver may sweep, too


def child_of(pid):
    """The one child of a process."""
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def cgroup_mounts():
    """Version 1 hierarchies as {controllers: mount point}, and version 2 mount points."""
    first, second = {}, []
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup2":
            second.append(pathlib.Path(point))
        elif kind == "cgroup":
            names = [o for o in options.split(",") if o not in MOUNT_OPTIONS]
            first[",".join(names)] = pathlib.Path(point)
    return first, second


MOUNT_OPTIONS = {"rw", "ro", "nosuid", "nodev", "noexec", "relatime", "xattr", "clone_children"}


def hand_on_controllers(root):
    """Lets the children of a version 2 root have its controllers."""
    for controller in (root / "cgroup.controllers").read_text().split():
        (root / "cgroup.subtree_control").write_text(f"+{controller}")
