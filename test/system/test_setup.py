# SPDX-License-Identifier: Apache-2.0
"""The one command of README, on a machine whose /etc, /var and /usr/local we may change."""

import json
import os
import pathlib
import re

import places
import wait
from engine import image_archive
from harness import NONE, equal, test
from system_folders import lend_system_folders


@test(engines=NONE, cofferd=False, timeout=600)
def set_up_shows_the_tour_and_uninstall_takes_all_away(t):
    image_archive("redis")
    upper = lend_system_folders(t)
    environment = {**os.environ, "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    setup = [places.ROOT / "tools/setup", "--no-packages"]
    shown = t.node.run(setup, env=environment, timeout=500)
    for words in ("This is a secret\n", "tour_secret",
                  "is in use by the following service: tour_redis", "cat: can't open"):
        assert words in shown, shown
    for path in ("/usr/local/sbin/cofferd", "/usr/local/bin/coffer", "/etc/coffer/cofferd.conf",
                 "/usr/local/lib/systemd/system/coffer.service", "/run/coffer/coffer.sock"):
        assert t.node.path(path).exists(), path
    again = t.node.run([*setup, "--no-tour"], env=environment, timeout=300)
    assert "cofferd listens on" in again, again
    t.node.run(["coffer", "pass", "ls"], env={**environment, "HOME": str(t.node.folder)})  # starts an engine
    assert "coffer-engined" in programs(t)
    said = t.node.run([places.ROOT / "tools/uninstall"], env=environment, timeout=60)
    assert said.endswith("coffer is uninstalled\n"), said
    left = [line for line in t.node.run(["find", f"{upper}/usr", f"{upper}/etc", f"{upper}/var/lib",
                                         "-type", "f", "-name", "*coffer*"]).splitlines()]
    equal(left, [])
    assert not t.node.path("/run/coffer").exists()
    equal([m for m in t.node.mounts() if "/run/coffer" in m], [])
    # Podman keeps what watched an exec for five minutes more.
    wait.until(None, "no program of ours", lambda: not {"cofferd", "coffer-engined", "redis-server"} & programs(t))


def programs(t):
    """The names of the programs that run in the node."""
    return set(t.node.run(["ps", "-e", "-o", "comm="]).split())


@test(engines=NONE, cofferd=False)
def the_file_system_for_secrets_is_mounted_once_and_safely(t):
    script = places.ROOT / "packaging/mount-secrets"
    for _ in range(2):
        t.node.run([script, "/run/coffer/secrets"])
    mounts = [m.split() for m in t.node.mounts() if " /run/coffer/secrets " in m]
    equal(len(mounts), 1)
    kind, options = mounts[0][2], mounts[0][3].split(",")
    assert kind in ("tmpfs", "ramfs"), mounts
    assert {"nosuid", "nodev", "noexec"} <= set(options), options
    equal(t.node.path("/run/coffer/secrets").stat().st_mode & 0o777, 0o700)
    t.node.run(["mkdir", "-p", "/run/other"])
    t.node.run(["mount", "-t", "proc", "proc", "/run/other"])
    refused = t.node.run(["sh", "-c", f"{script} /run/other 2>&1 || test $? = 1"])
    assert "something else is mounted there" in refused, refused


@test(engines=NONE, cofferd=False)
def every_setting_of_the_default_file_is_one_that_cofferd_knows(t):
    text = (places.ROOT / "packaging/cofferd.conf").read_text()
    conf = t.node.folder / "all.conf"
    settings = re.findall(r"^#([a-z-]+ = .+)$", text, re.M)
    assert len(settings) >= 7, settings
    conf.write_text("\n".join(settings) + "\nnonsense = 1\n")
    said = t.node.run(["sh", "-c", f"{places.COFFERD} --config {conf} 2>&1 || test $? = 1"])
    assert f"line {len(settings) + 1}" in said and "nonsense" in said, said


@test(engines=NONE, cofferd=False)
def the_image_recipe_is_not_built_twice(t):
    archive = image_archive("busybox")
    before = archive.stat().st_mtime_ns
    equal(image_archive("busybox").stat().st_mtime_ns, before)


@test(engines=NONE, cofferd=False)
def every_unit_that_our_words_name_is_installed(t):
    folders = {"system": r"systemctl (?!--user)[\w -]*?", "--user": r"systemctl --user [\w -]*?"}
    listed = json.loads(t.node.run(["meson", "introspect", "--installed", places.BUILD]))
    units = {word: {pathlib.Path(path).name for path in listed.values()
                    if f"/systemd/{word.strip('-')}/" in path} for word in folders}
    assert "coffer.service" in units["system"] and "coffer-engined.socket" in units["--user"], units
    named = 0
    for path in [*places.ROOT.glob("src/*/*.c"), *places.ROOT.glob("docs/*.md"), places.ROOT / "README.md"]:
        text = re.sub(r'"\s*\n?\s*"', "", path.read_text())
        for word, pattern in folders.items():
            for unit in re.findall(pattern + r"(coffer[\w-]*(?:\.\w+)?)", text):
                name = unit if "." in unit else unit + ".service"
                assert name in units[word], (path, unit)
                named += 1
    assert named
