# SPDX-License-Identifier: Apache-2.0
"""The folders of a system that an installation changes, as layers of a node's own."""

CHANGED = ("/etc", "/var", "/usr/local", "/root")


def lend_system_folders(t):
    """Puts layers in memory over what a set-up changes; they end with the node."""
    layers = t.node.folder / "layers"
    layers.mkdir()
    t.node.run(["mount", "-t", "tmpfs", "layers", layers])
    for folder in CHANGED:
        upper, work = layers / f"up{folder}", layers / f"work{folder}"
        t.node.run(["mkdir", "-p", upper, work])
        t.node.run(["mount", "-t", "overlay", "-o",
                    f"lowerdir={folder},upperdir={upper},workdir={work}", "overlay", folder])
    t.node.run(["mount", "-t", "tmpfs", "containers", "/var/lib/containers"])
    return layers / "up"
