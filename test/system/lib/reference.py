# SPDX-License-Identifier: Apache-2.0
"""Docker's own swarm in the place of cofferd: shows whether a test expects what Docker does."""

from api import Api
from engine import Engine


class Reference:
    """The same face as Cofferd; its engine is itself."""

    def __init__(self, node, engine, name="c", options=()):
        self.node, self.engine = node, engine
        self.socket, self.daemon, self.api = engine.socket, engine.daemon, Api(engine.socket)
        self.state = self.run = node.folder / "none"
        self.folder = node.folder / name
        self.folder.mkdir(exist_ok=True)

    def start(self):
        if not self.daemon.running:
            self.engine.start()
        spec = {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1", "Spec": {}}
        if self.engine.kind == "dockerd" and \
                self.api.get("/info").json["Swarm"]["LocalNodeState"] == "inactive":
            self.api.post("/swarm/init", spec)
        return self

    def stop(self):
        if self.engine.kind == "dockerd":
            self.api.post("/swarm/leave?force=1")

    def kill(self):
        return self.daemon.kill()

    def restart(self):
        self.daemon.stop()
        return self.start()

    @property
    def log(self):
        return self.daemon.log.read_text(errors="replace")

    def mounts(self):
        return []

    def task_files(self):
        return []

    def sweep(self):
        pass


def reference_engine(node):
    return Engine("dockerd", node)
