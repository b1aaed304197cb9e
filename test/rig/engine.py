# SPDX-License-Identifier: Apache-2.0
"""Container engines in a node: real Podman and real dockerd, with the test images loaded."""

import os
import pathlib
import subprocess

from api import Api
from daemon import Daemon

IMAGES = pathlib.Path(__file__).resolve().parents[1] / "images"

CONTAINERS_CONF = """[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
"""


class Engine:
    """kind is podman or dockerd; socket its API's path; storage the folder of all it keeps."""

    def __init__(self, kind, node):
        self.kind, self.node = kind, node
        self.socket = node.folder / f"{kind}.sock"
        self.storage = node.folder / kind
        self.storage.mkdir()
        command, env = {"podman": self._podman, "dockerd": self._dockerd}[kind]()
        self.daemon = Daemon(node, kind, command, env)
        self.api = Api(self.socket)

    def _podman(self):
        conf = self.node.folder / "containers.conf"
        conf.write_text(CONTAINERS_CONF)
        return (["podman", "--root", self.storage / "root", "--runroot", "/run/containers",
                 "--tmpdir", "/run/libpod", "--network-config-dir", self.storage / "net",
                 "system", "service", "--time=0", f"unix://{self.socket}"],
                {"CONTAINERS_CONF": str(conf)})

    def _dockerd(self):
        return (["dockerd", "--data-root", self.storage / "root", "--exec-root", "/run/docker",
                 "--pidfile", "/run/docker.pid", "--group", "root",
                 "--host", f"unix://{self.socket}"], {})

    def start(self):
        self.socket.unlink(missing_ok=True)
        self.node.path("/run/docker.pid").unlink(missing_ok=True)  # of one that was killed
        self.daemon.start()

    def load(self, *images):
        for image in images:
            with open(image_archive(image), "rb") as archive:
                answer = self.api.request("POST", "/images/load?quiet=1", archive,
                                          {"Content-Type": "application/x-tar"})
            if answer.status != 200:
                raise RuntimeError(f"{self.kind} does not load {image}: {answer.text}")

    def containers(self):
        """Ids of all containers, running or not."""
        return {c["Id"]: c for c in self.api.get("/containers/json?all=1").json}

    def clear(self):
        """Removes every container, network and volume that a test left; returns their names."""
        left = []
        for identity, container in self.containers().items():
            left.append("container " + container["Names"][0].lstrip("/"))
            self.api.request("DELETE", f"/containers/{identity}?force=1&v=1")
        for network in self.api.get("/networks").json:
            if network["Name"] not in ("bridge", "host", "none", "podman"):
                left.append("network " + network["Name"])
                self.api.request("DELETE", f"/networks/{network['Name']}")
        return left


def image_archive(name):
    """The archive of a test image, built when it is missing."""
    subprocess.run([IMAGES / "build", name], check=True)
    return pathlib.Path(os.environ.get("COFFER_IMAGES", IMAGES)) / "out" / f"{name}.tar"
