# SPDX-License-Identifier: Apache-2.0
"""Where things are: the source tree, the build, the docker CLIs of this machine."""

import functools
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("COFFER_BUILD", ROOT / "build")).resolve()
COFFERD = BUILD / "src" / "cofferd"
COFFER = BUILD / "src" / "coffer"
DOCKER_PASS = BUILD / "src" / "docker-pass"
PLUGINS = BUILD / "plugins"
ENGINES = ("podman", "dockerd")


@functools.cache
def docker_clis():
    """{version: path} of the docker CLIs here: Debian's, and another one that PATH may have."""
    found = {}
    for path in ("/usr/bin/docker", shutil.which("docker")):
        if path and os.path.exists(path):
            version = subprocess.run([path, "--version"], check=True, stdout=subprocess.PIPE,
                                     text=True).stdout.split()[2].rstrip(",").split("+")[0]
            found.setdefault(version, path)
    return found


def newest_cli():
    return max(docker_clis(), key=lambda version: [int(n) for n in version.split(".")])
