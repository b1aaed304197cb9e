# SPDX-License-Identifier: Apache-2.0
"""Container engines in a node: real Podman and real dockerd, with the test images loaded."""

import json
import os
import pathlib
import resource
import shutil
import subprocess

from api import Api
from daemon import Daemon

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = HERE.parent / "images"
# The folder of another Debian whose engines are tested in place of this one's.
ROOT = os.environ.get("COFFER_ENGINE_ROOT")

CAP_SYS_RESOURCE = 24

CONTAINERS_CONF = """[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
{runtime}[network]
network_backend = "netavark"
{limits}"""
NO_LIMIT_OF_PROCESSES = """[containers]
pids_limit = 0
"""
V2_CONTROLLERS = pathlib.Path("/sys/fs/cgroup/cgroup.controllers")


class Engine:
    """kind is podman or dockerd; socket its API's path; storage the folder of all it keeps.

    runtime is the path of a coffer-runtime: dockerd offers it, Podman has it for all containers.
    It reads its settings from the node's folder; Podman calls it by a name beside them, since what
    Podman starts by itself when a container ends knows the runtime's path alone.
    """

    def __init__(self, kind, node, runtime=None):
        self.kind, self.node, self.runtime = kind, node, runtime
        self.settings = node.folder / "runtime.conf"
        self.socket = node.folder / f"{kind}.sock"
        self.storage = node.folder / kind
        self.storage.mkdir()
        command, env = {"podman": self._podman, "dockerd": self._dockerd}[kind]()
        if ROOT:
            command = [HERE / "in-root", ROOT, *command]
        self.daemon = Daemon(node, kind, command, env)
        self.api = Api(self.socket)

    def _podman(self):
        conf = self.node.folder / "containers.conf"
        runtime = 'runtime = "runc"\n' if needs_runc() else ""
        limits = NO_LIMIT_OF_PROCESSES if lacks_pids_controller() else ""
        conf.write_text(CONTAINERS_CONF.format(runtime=runtime, limits=limits))
        link = self.node.folder / "coffer-runtime"
        if self.runtime:
            link.symlink_to(self.runtime)
        runtime = ["--runtime", link] if self.runtime else []
        return (["podman", *runtime, "--root", self.storage / "root", "--runroot", "/run/containers",
                 "--tmpdir", "/run/libpod", "--network-config-dir", self.storage / "net",
                 "system", "service", "--time=0", f"unix://{self.socket}"],
                {"CONTAINERS_CONF": str(conf)})

    def _dockerd(self):
        conf = self.node.folder / "daemon.json"
        conf.write_text(json.dumps({"runtimes": {"coffer": {
            "path": str(self.runtime), "runtimeArgs": [f"--coffer-config={self.settings}"]}}}
            if self.runtime else {}))
        return (["dockerd", "--config-file", conf, "--data-root", self.storage / "root", "--exec-root", "/run/docker",
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
        """Ids of all containers, running or not. Podman looks at one after the other, and fails when one
        is removed meanwhile."""
        for _ in range(10):
            answer = self.api.get("/containers/json?all=1")
            if answer.status != 500:
                break
        if answer.status != 200:
            raise RuntimeError(f"{self.kind} lists no containers: {answer}")
        return {c["Id"]: c for c in answer.json}

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


def needs_runc():
    """On cgroup v2 crun lifts the limit of locked memory: where no process may, runc has to do."""
    status = pathlib.Path("/proc/self/status").read_text()
    effective = int(status.split("CapEff:")[1].split()[0], 16)
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    return (V2_CONTROLLERS.exists()
            and not effective >> CAP_SYS_RESOURCE & 1 and limit != resource.RLIM_INFINITY
            and shutil.which("runc") is not None)


def lacks_pids_controller():
    """A machine whose controllers are on version 1 can be seen as pure version 2, without them;
    runc fails to set Podman's default limit there."""
    return V2_CONTROLLERS.exists() and "pids" not in V2_CONTROLLERS.read_text().split()


def image_archive(name):
    """The archive of a test image, built when it is missing."""
    subprocess.run([IMAGES / "build", name], check=True)
    return pathlib.Path(os.environ.get("COFFER_IMAGES", IMAGES)) / "out" / f"{name}.tar"
