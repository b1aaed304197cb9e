# SPDX-License-Identifier: Apache-2.0
"""A session bus in a node, GNOME's keyring or a misbehaving one on it, and secret-tool."""

import os
import pathlib
import subprocess

from node import child_of

# Unlike the usual ones, which let in nobody but their own user.
CONFIG = """<busconfig><type>session</type><listen>unix:path={socket}</listen>{services}
<auth>EXTERNAL</auth><policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""
NAME = "org.freedesktop.secrets"
PATH = "/org/freedesktop/secrets"
LOGIN = PATH + "/collection/login"
RIG = pathlib.Path(__file__).resolve().parents[2] / "rig"
IN_NODE, FAKE = RIG / "in-node", RIG / "fake-keyring"


class Bus:
    def __init__(self, node, folder, services="", uid=0):
        self.node, self.folder, self.uid = node, folder, uid
        folder.mkdir()
        os.chown(folder, uid, uid)
        self.socket = folder / "bus"
        config = folder / "bus.conf"
        config.write_text(CONFIG.format(socket=self.socket, services=services))
        self.config = config
        self.start()
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.socket}",
                            "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"),
                            "XDG_RUNTIME_DIR": str(folder), "PATH": "/usr/bin:/bin"}

    def start(self):
        """Again at the same place, when the one before was killed."""
        self.socket.unlink(missing_ok=True)
        self.process = self.node.popen(
            ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", "dbus-daemon",
             f"--config-file={self.config}", "--nofork", "--nopidfile", "--print-address=1"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout.readline(), "dbus-daemon did not start"

    def run(self, *command, data=b"", check=True, errors=subprocess.PIPE):
        """A command on this bus; its output, or None when it failed."""
        done = subprocess.run([IN_NODE, self.node.folder, *command], input=data,
                              stdout=subprocess.PIPE, stderr=errors,
                              env=self.environment, check=False)
        assert done.returncode == 0 or not check, (command, done.stderr)
        return done.stdout if done.returncode == 0 else None

    def wait(self):
        """Until somebody is the keyring."""
        self.run("gdbus", "wait", "--session", "--timeout", "30", NAME)

    def call(self, path, method, *arguments):
        return self.run("gdbus", "call", "--session", "--dest", NAME, "--object-path", path,
                        "--method", method, *arguments).decode()

    # ---- keyrings

    def start_keyring(self, password="test"):
        """GNOME's, its collection "login" made with this password, or opened with it."""
        process = self.node.popen(
            ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets",
             f"--control-directory={self.folder}/control"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        process.stdin.write(password.encode())
        process.stdin.close()
        self.wait()
        return process

    def start_fake(self, *behaviour):
        process = self.node.popen([FAKE, *behaviour], env=self.environment,
                                  stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"ready\n"
        return process

    def lock(self):
        self.call(PATH, "org.freedesktop.Secret.Service.Lock", f"['{LOGIN}']")

    # ---- the witness

    def store(self, secret, value, group="com.docker.pass.shared", **more):
        self.run("secret-tool", "store", "--label=by hand", *attributes(secret, group, more),
                 data=value)

    def lookup(self, secret, group="com.docker.pass.shared", **more):
        return self.run("secret-tool", "lookup", *attributes(secret, group, more), check=False)

    def search(self, *terms):
        """What secret-tool prints of all items, attributes to stderr; no text is mended."""
        return self.run("secret-tool", "search", "--all", *terms,
                        errors=subprocess.STDOUT).decode(errors="replace")


def attributes(secret, group, more):
    pairs = {"service:group": group, "service:name": "docker-pass-cli", "id": secret, **more}
    return [word for pair in pairs.items() for word in pair]


def real(process):
    """The process id of what a node's popen() started, as it is here."""
    return child_of(process.pid)
