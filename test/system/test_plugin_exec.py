# SPDX-License-Identifier: Apache-2.0
"""The plugin for commands of the user's own."""

import os
import pathlib
import select
import time

from harness import NONE, equal, test
from plugin import Plugin, refused
from wait import TIMEOUT


def program(t, text):
    """A shell script in the node."""
    path = t.node.folder / f"glue-{next(t.counter)}"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def new_plugin(t, command, **config):
    return Plugin(t.node, "exec", {"command": str(command),
                                   **{k.replace("_", "-"): v for k, v in config.items()}})


def is_not_or_ends(words, pid):
    """Is a process another than that of these words, or does it end? A kill takes the kernel a moment."""
    try:
        with pathlib.Path(f"/proc/{pid}/cmdline").open("rb") as text:
            if words not in text.read():
                return True
        watch = os.pidfd_open(pid)
    except OSError:
        return True
    ended, _, _ = select.select([watch], [], [], TIMEOUT)
    os.close(watch)
    return bool(ended)


@test(engines=NONE, cofferd=False)
def a_command_prints_the_secret_of_an_id(t):
    glue = program(t, 'test $# = 2 || exit 9; printf "%s is %s\\n\\n" "$1" "$2"')
    plugin = new_plugin(t, f"{glue} 'the id' {{id}}")
    equal(plugin.value("db/password"), b"the id is db/password\n")
    kept = new_plugin(t, f"{glue} x --id={{id}}", keep_newline="yes")
    equal(kept.value("a"), b"x is --id=a\n\n")
    equal(plugin.stop()[0], 0)


@test(engines=NONE, cofferd=False)
def no_shell_sees_the_command(t):
    glue = program(t, 'printf "%s" "$*"')
    equal(new_plugin(t, f"{glue} $HOME;id {{id}} *").value("a"), b"$HOME;id a *")


@test(engines=NONE, cofferd=False)
def a_failure_is_told_and_what_is_not_there_is_not_found(t):
    glue = program(t, 'echo "no such entry: $1" >&2; echo junk; exit 4')
    message = refused("internal", new_plugin(t, f"{glue} {{id}}").get, "a")
    assert "ended with status 4: no such entry: a" in message, message
    refused("not_found", new_plugin(t, f"{glue} {{id}}", not_found="4").get, "a")
    message = refused("internal", new_plugin(t, "/nonexistent/glue {id}").get, "a")
    assert "there is no program /nonexistent/glue" in message, message
    killed = program(t, "kill -9 $$")
    assert "status 137" in refused("internal", new_plugin(t, f"{killed} {{id}}").get, "a")


@test(engines=NONE, cofferd=False)
def a_list_makes_patterns_work(t):
    glue = program(t, 'echo "value of $1"')
    listing = program(t, 'printf "db/a\\ndb/b\\nother\\nno id!\\n\\ndb/c"')
    plugin = new_plugin(t, f"{glue} {{id}}", list=str(listing))
    equal({k: s.value for k, s in plugin.get("db/*").items()},
          {f"db/{x}": f"value of db/{x}".encode() for x in "abc"})
    refused("not_found", plugin.get, "none/**")
    refused("not_found", new_plugin(t, f"{glue} {{id}}").get, "db/*")
    many = program(t, "seq 1 300")
    message = refused("internal", new_plugin(t, f"{glue} {{id}}", list=str(many)).get, "**")
    assert "more than 256" in message, message


@test(engines=NONE, cofferd=False)
def a_command_that_hangs_ends_with_all_it_started(t):
    glue = program(t, "sleep 1000 & wait")
    plugin = new_plugin(t, f"{glue} {{id}}", timeout="1")
    begun = time.monotonic()
    message = refused("internal", plugin.get, "a")
    assert "does not end in time" in message and time.monotonic() - begun < 5, message
    for pid in t.node.processes():
        assert is_not_or_ends(b"sleep\x001000", pid), "it still sleeps"
    begun = time.monotonic()
    refused("internal", plugin.get, "a", timeout=0.1)
    assert time.monotonic() - begun < 0.9


@test(engines=NONE, cofferd=False)
def what_it_leaves_running_is_not_waited_for(t):
    glue = program(t, "setsid sleep 2000 & printf value")  # far longer than a command may take
    equal(new_plugin(t, f"{glue} {{id}}", timeout="20").value("a"), b"value")


@test(engines=NONE, cofferd=False)
def a_flood_is_cut_off(t):
    plugin = new_plugin(t, f"{program(t, 'exec yes')} {{id}}")
    assert "writes more than" in refused("internal", plugin.get, "a")
    loud = program(t, "head -c 3000000 /dev/zero >&2; printf value")
    equal(new_plugin(t, f"{loud} {{id}}").value("a"), b"value")


@test(engines=NONE, cofferd=False)
def a_command_gets_no_descriptor_and_no_word_of_the_engine(t):
    glue = program(t, "env; ls /proc/self/fd; cat")
    said = new_plugin(t, f"{glue} {{id}}").value("a").decode()
    assert "LAUNCH" not in said, said
    equal([line for line in said.splitlines() if line.isdigit()], ["0", "1", "2", "3"])


@test(engines=NONE, cofferd=False)
def settings_that_make_no_sense_are_told(t):
    for config, words in (({"command": "prog"}, "has no {id}"),
                          ({"command": "prog '{id}"}, "a quote is not closed"),
                          ({}, "command: must be set"),
                          ({"command": "p {id}", "timeout": "0"}, "timeout: must be")):
        message = refused("invalid_argument", Plugin, t.node, "exec", config)
        assert words in message, message
