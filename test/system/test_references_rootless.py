# SPDX-License-Identifier: Apache-2.0
"""References with the Podman of a user who isn't root: coffer-runtime alone, in that user's namespace."""

import os
import shutil
import subprocess

from harness import equal, skip, test
from node import Node
from places import ROOT
from references import RUNTIME, Secrets
from system_folders import lend_system_folders

# Without a range of uids, cgroups and a log of systemd's, which a node hasn't got for a user.
CONTAINERS_CONF = """[containers]
cgroups = "disabled"
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "{runtime}"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE_CONF = '[storage]\ndriver = "vfs"\n[storage.options]\nignore_chown_errors = "true"\n'


class User:
    """Somebody with a Podman of their own. The runtime has crun's name: by that Podman knows that it needs no
    cgroups."""

    uid = 1777

    def __init__(self):
        if not RUNTIME.exists():
            skip("coffer-runtime is not built")
        self.node = Node("user")
        self.node.folder.chmod(0o755)
        lend_system_folders(self)
        self.home = self.node.folder / "home"
        self.node.run(["useradd", "--uid", str(self.uid), "--home-dir", self.home, "user"])
        self.node.run(["sh", "-c", ": >/etc/subuid; : >/etc/subgid"])
        self.runtime = self.home / "libexec" / "crun"
        self.settings = self.home / "libexec" / "runtime.conf"
        config = self.home / ".config" / "containers"
        for folder in (config, self.settings.parent):
            folder.mkdir(parents=True)
        shutil.copy(RUNTIME, self.runtime)
        shutil.copy(RUNTIME.parent / "coffer-env", self.settings.parent)
        shutil.copy(ROOT / "test/images/out/busybox.tar", self.home)
        (config / "containers.conf").write_text(CONTAINERS_CONF.format(runtime=self.runtime))
        (config / "storage.conf").write_text(STORAGE_CONF)
        self.set(f"uid = 0\nreferences = {self.home}/references\n")
        self.node.run(["chown", "-R", f"{self.uid}:{self.uid}", self.home])

    def set(self, settings):
        self.settings.write_text(f"runtime = /usr/bin/crun\n{settings}")

    def __enter__(self):
        try:
            self.secrets = Secrets(self.node, self.uid, a="value")
            session = self.node.path(f"/run/user/{self.uid}")
            session.chmod(0o700)
            os.chown(session, self.uid, self.uid)
            self.podman("load", "-q", "-i", self.home / "busybox.tar")
        except BaseException:
            self.node.stop()
            raise
        return self

    def __exit__(self, *error):
        self.secrets.process.stdout.close()
        self.node.stop()

    def podman(self, *arguments, check=True):
        process = self.node.popen(
            ["setpriv", "--reuid", str(self.uid), "--regid", str(self.uid), "--clear-groups", "env", "-C", "/",
             f"HOME={self.home}", f"XDG_RUNTIME_DIR=/run/user/{self.uid}", "podman", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, error = process.communicate()
        if check and process.returncode:
            raise RuntimeError(f"podman {arguments[0]}: {error}")
        return process.returncode, out, error

    def create(self, name, *arguments):
        self.podman("create", "--name", name, "--network", "none", *arguments, "busybox:latest", "sleep",
                    "1000000")


def refused(user, name, words):
    code, _, error = user.podman("start", name, check=False)
    assert code and words in error, error


@test(engines=(None,), cofferd=False, reference=False)
def podman_of_a_user_needs_no_cofferd(_):
    with User() as user:
        show = ("sh", "-c", 'echo "$KEY $MORE"')
        user.create("one", "-e", "KEY=se://a")
        user.podman("start", "one")
        equal(user.podman("exec", "one", *show)[1], "value \n")
        equal(user.podman("exec", "-e", "MORE=se://a", "one", *show)[1], "value value\n")
        shown = user.podman("inspect", "one")[1]
        assert "KEY=se://a" in shown and "value" not in shown, shown
        user.create("none", "-e", "KEY=se://no/such")
        refused(user, "none", "resolving KEY: secret not found: se://no/such")
        user.node.path(f"/run/user/{user.uid}/coffer/engine.sock").unlink()
        user.create("late", "-e", "KEY=se://a")
        refused(user, "late", "resolving KEY: se://a: secrets engine is not available")
        refused(user, "late", "systemctl --user enable --now coffer-engined.socket")
        user.set(f"references = {user.home}/references\n")
        refused(user, "late", "it isn't known whose secrets are meant")


@test(engines=(None,), cofferd=False, reference=False)
def podman_of_a_user_starts_what_has_no_references_without_any_settings(_):
    """Also where cofferd has records, which that user may not look at."""
    with User() as user:
        user.node.run(["mkdir", "-m", "700", "/var/lib/coffer"])
        user.set("")
        user.create("plain", "-e", "KEY=x")
        user.podman("start", "plain")
        user.create("one", "-e", "KEY=se://a")
        refused(user, "one", "/var/lib/coffer/references: Permission denied")
