# SPDX-License-Identifier: Apache-2.0
"""What plugins of the secrets engine may do, as they see it from inside, and how they end."""

import ctypes
import os
import pathlib
import select
import signal
import subprocess

import places
from engined import DISABLE, IS_SANITIZED, TIMEOUT, Engined
from harness import NONE, Skip, equal, test
from onepassword_server import Account, Op, login

# What a plugin tries, one word a line: what it is, and how it went.
TRIES = r"""
import ctypes, errno, os, resource, socket, sys
libc = ctypes.CDLL(None, use_errno=True)

def tell(what, how):
    print(what, how, file=sys.stderr)

def attempt(what, function, *arguments):
    try:
        function(*arguments)
        tell(what, "ok")
    except OSError as e:
        tell(what, errno.errorcode[e.errno])
    except MemoryError:
        tell(what, "ENOMEM")

def call(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

def read(path):
    open(path).close()

def write(path):
    open(path, "w").close()
"""


def alone(function):
    return test(engines=NONE, cofferd=False, reference=False)(function)


def tried(engine, name):
    """{what: how} of a plugin that ran TRIES and ended."""
    engine.until(lambda: engine.status(name) == "CRASHED")
    lines = (engine.home / f"logs/{name}.log").read_text().splitlines()
    assert all(len(line.split()) == 2 for line in lines), lines
    return dict(line.split() for line in lines)


def watch(pids):
    return [os.pidfd_open(pid) for pid in pids]


def all_end(watches, words):
    for fd in watches:
        assert select.select([fd], [], [], TIMEOUT)[0], words
        os.close(fd)


# ---- folders

@alone
def a_plugin_has_its_own_folder_the_systems_and_those_of_its_settings(t):
    engine = Engined(t)
    home = engine.home
    for name in ("mine", "given", "taken"):
        (home / name).mkdir()
        (home / name / "file").touch()
    engine.scripted("spy", TRIES + f"""
attempt("system", read, "/etc/passwd")
attempt("settings", read, "{home}/engine.conf")
attempt("write-settings", write, "{home}/plugins/spy.conf")
attempt("state", write, "{home}/plugins.state")
attempt("tmp", write, "/tmp/coffer-spy")
attempt("own", write, os.environ["TMPDIR"] + "/x")
attempt("mine", read, "{home}/mine/file")
attempt("named", read, "{home}/given/file")
attempt("named-write", write, "{home}/given/file")
attempt("taken", write, "{home}/taken/new")
attempt("list", os.listdir, "{home}")
attempt("program", os.execv, "{places.BUILD}/src/coffer", ["coffer"])
sys.exit(1)
""", f"folder = {home}/given\nallow-write = {home}/taken\n")
    engine.start()
    equal(tried(engine, "spy"), {
        "system": "ok", "settings": "EACCES", "write-settings": "EACCES", "state": "EACCES",
        "tmp": "EACCES", "own": "ok", "mine": "EACCES", "named": "ok", "named-write": "EACCES",
        "taken": "ok", "list": "EACCES", "program": "EACCES"})
    equal(sorted(p.name for p in (home / "state/spy").iterdir()), ["x"])
    equal((home / "state/spy").stat().st_mode & 0o777, 0o700)


def store_that_tries(engine, script, settings=""):
    """What the local store may do, as it is confined."""
    engine.scripted("coffer-plugin-file", f"{TRIES}{script}sys.exit(1)\n")
    engine.plugin_settings("file", f"{settings}allow-read = {places.ROOT}\n")
    return tried(engine.start(), "docker-pass")


@alone
def the_store_may_write_its_secrets_and_its_key_but_no_settings(t):
    equal(store_that_tries(Engined(t), """
home = os.environ["HOME"]
attempt("secret", write, home + "/store/a")
attempt("key", write, home + "/keys/store")
attempt("new-key", write, home + "/keys/store.tmp")
attempt("change", os.rename, home + "/keys/store.tmp", home + "/keys/store")
attempt("settings", write, home + "/engine.conf")
attempt("replace", os.rename, home + "/keys/store", home + "/engine.conf")
attempt("plugin", write, home + "/plugins/more.conf")
"""), {"secret": "ok", "key": "ok", "new-key": "ok", "change": "ok", "settings": "EACCES",
       "replace": "EACCES", "plugin": "EACCES"})


@alone
def a_key_beside_the_settings_is_only_read(t):
    for folder, wanted in (("safe", "ok"), (".", "EACCES"), ("plugins", "EACCES")):
        engine = Engined(t)
        key = engine.home / folder / "key"
        key.parent.mkdir(exist_ok=True)
        key.touch()
        equal(store_that_tries(engine, f"""
attempt("read", read, "{key}")
attempt("new", write, "{key}.tmp")
""", f"key = {key}\n"), {"read": "ok", "new": wanted})


@alone
def without_landlock_the_plugins_say_that_they_are_less_confined(t):
    engine = Engined(t)
    engine.store()
    engine.example()
    engine.scripted("spy", TRIES + f'attempt("mine", read, "{engine.home}/engine.conf")\nsys.exit(1)')
    engine.start(spawn=without_landlock)
    engine.save("a", b"value")
    plugins = engine.plugins()
    lack = "not confined to its folders: the kernel has no Landlock"
    equal(plugins["hello"]["statusMessage"], lack)
    equal(plugins["docker-pass"]["statusMessage"], f"file; {lack}")
    equal(tried(engine, "spy"), {"mine": "ok"})
    doctor = subprocess.run([places.COFFER, "pass", "doctor"], env=engine.env, check=False,
                            stdout=subprocess.PIPE, text=True).stdout
    assert f"plugin hello: {lack}" in doctor, doctor


def without_landlock(command, **options):
    """A process for which, and for all below it, this kernel has none: by a filter that answers ENOSYS."""
    code = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7FFF0000)]

    def hide():
        libc = ctypes.CDLL(None, use_errno=True)
        items = b"".join(op.to_bytes(2, "little") + bytes([yes, no]) + k.to_bytes(4, "little")
                         for op, yes, no, k in code)
        memory = ctypes.create_string_buffer(items)
        program = ctypes.create_string_buffer(len(code).to_bytes(8, "little") +
                                              ctypes.addressof(memory).to_bytes(8, "little"))
        assert libc.prctl(22, 2, program) == 0, ctypes.get_errno()
    return subprocess.Popen(command, preexec_fn=hide, **options)


# ---- system calls, the network, limits

@alone
def the_doors_of_the_kernel_are_closed(t):
    engine = Engined(t)
    engine.scripted("spy", TRIES + """
attempt("mount", call, 165, b"none", b"/mnt", b"tmpfs", 0, None)
attempt("ptrace", call, 101, 16, os.getppid(), None, None)
attempt("keyctl", call, 250, 0, -3, 0)
attempt("bpf", call, 321, 0, None, 0)
attempt("kexec", call, 246, 0, 0, None, 0)
attempt("unshare", call, 272, 0x10000000)
attempt("clone", call, 56, 0x10000011, None, None, None, 0)
attempt("io_uring", call, 425, 1, None)
attempt("x32", call, 0x40000000 + 39)
attempt("kill-engine", os.kill, ENGINE, 0)
attempt("network", socket.socket, socket.AF_INET)
attempt("fork", lambda: os.waitpid(os.fork() or os._exit(0), 0))
sys.exit(1)
""".replace("ENGINE", "int(open('/proc/%d/stat' % os.getppid()).read().split()[3])"))
    engine.start()
    refused = ("mount", "ptrace", "keyctl", "bpf", "kexec", "unshare", "clone", "io_uring", "x32",
               "kill-engine")
    equal(tried(engine, "spy"), {**{what: "EPERM" for what in refused}, "network": "ok", "fork": "ok"})


# By number on this architecture.
DOORS = {"process_vm_readv": 310, "process_vm_writev": 311, "pidfd_getfd": 438, "pivot_root": 155,
         "setns": 308, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
         "mount_setattr": 442, "init_module": 175, "finit_module": 313, "delete_module": 176,
         "kexec_file_load": 320, "userfaultfd": 323, "perf_event_open": 298, "add_key": 248,
         "request_key": 249, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427}


@alone
def so_are_the_less_known_ones(t):
    engine = Engined(t)
    engine.scripted("spy", TRIES + f"""
for what, number in {DOORS!r}.items():
    attempt(what, call, number, -1, -1, -1, -1, -1)
attempt("clone3", call, 435, None, 0)
sys.exit(1)
""")
    engine.start()
    equal(tried(engine, "spy"), {**{what: "EPERM" for what in DOORS}, "clone3": "ENOSYS"})


@alone
def memory_and_the_network_are_bounded_as_the_settings_say(t):
    if IS_SANITIZED:
        raise Skip("a sanitizer needs memory of its own")
    engine = Engined(t)
    script = TRIES + """
attempt("network", socket.socket, socket.AF_INET6)
attempt("local", socket.socket, socket.AF_UNIX)
attempt("little", bytearray, 8 << 20)
attempt("much", bytearray, 512 << 20)
sys.exit(1)
"""
    engine.scripted("small", script, "memory = 64m\nallow-network = no\n")
    engine.scripted("usual", script)
    engine.plugin_settings("wrong", "memory = 1k\ncommand = /bin/true\n")
    engine.start()
    equal(tried(engine, "small"), {"network": "EAFNOSUPPORT", "local": "ok", "little": "ok",
                                   "much": "ENOMEM"})
    equal(tried(engine, "usual"), {"network": "ok", "local": "ok", "little": "ok", "much": "ok"})
    assert "wrong" not in engine.plugins()
    assert "memory is a number of bytes such as 512m, at least 16m" in engine.log, engine.log


@alone
def what_is_not_to_be_confined_says_so(t):
    engine = Engined(t)
    engine.example()
    engine.plugin_settings("hello", "confine = none\n")
    (engine.home / "mine").write_text("the user's own")
    engine.own_plugin("exec")
    engine.plugin_settings("exec", f"command = sh -c 'cat {engine.home}/mine' {{id}}\n")
    engine.start()
    equal(engine.plugins()["hello"]["statusMessage"], "not confined, as its settings say")
    equal(engine.get("a"), {("a", "exec"): b"the user's own"})
    equal(sorted(no_new_privileges(pid) for pid in engine.program_pids()), [0, 1])


def no_new_privileges(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("NoNewPrivs:")[2].split()[0])


@alone
def gpg_and_pass_work_confined(t):
    engine = Engined(t)
    store = engine.home / "password-store"
    gpg = {**engine.env, "GNUPGHOME": str(engine.home / "gnupg"), "PASSWORD_STORE_DIR": str(store)}
    pathlib.Path(gpg["GNUPGHOME"]).mkdir(mode=0o700)

    def run(*command, data=None):
        subprocess.run(command, env=gpg, input=data, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    run("gpg", "--batch", "--passphrase", "", "--quick-gen-key", "someone", "default", "default",
        "never")
    run("pass", "init", "someone")
    run("pass", "insert", "-m", "web/login", data=b"secret\n")
    run("gpgconf", "--kill", "gpg-agent")  # another one is started from within
    engine.env.update(GNUPGHOME=gpg["GNUPGHOME"])
    engine.own_plugin("pass")
    engine.plugin_settings("pass", f"folder = {store}\n")
    engine.start()
    equal(engine.get("web/*"), {("web/login", "pass"): b"secret"})
    equal(engine.plugins()["pass"].get("statusMessage", ""), "")
    equal(engine.stop(), 0)


@alone
def the_command_of_1password_works_confined(t):
    engine = Engined(t)
    account = Account()
    account.add(account.add_vault("Private"), "GitHub", *login("octocat", "gh-password"))
    op = Op(engine.home / "op", account)
    engine.own_plugin("onepassword")
    engine.plugin_settings("onepassword", f"op = {op.file}\nservice-token = ops_token\n"
                                          f"allow-write = {op.folder}\n")
    engine.start()
    equal(engine.get("op/private/github"), {("op/private/github", "onepassword"): b"gh-password"})


# ---- how they end

FAMILY = """
import subprocess
here, there = os.pipe()
simple = "echo ready; exec sleep 1000000"
stubborn = "trap : TERM HUP; echo ready; sleep 1000000; sleep 1000000"
inner = f"setsid sh -c '{simple}' & setsid sh -c '{stubborn}' & {simple}"
subprocess.Popen(["setsid", "-f", "sh", "-c", inner], stdout=there)
subprocess.Popen(["sh", "-c", inner], stdout=there, start_new_session=True)
lines = open(here)
for _ in range(6):
    lines.readline()
serve(get=lambda call: call.found({"a": b"value"}))
"""


def family(engine, pid):
    """All that is below a process, however often it forked."""
    return [pid] + [p for child in engine.pids(pid) for p in family(engine, child)]


def start_family(t):
    """An engine whose plugin started commands in sessions of their own; its keeper, all below."""
    engine = Engined(t)
    engine.scripted("parent", FAMILY)
    engine.start()
    equal(engine.get("a"), {("a", "parent"): b"value"})
    keeper, = engine.pids()
    below = family(engine, keeper)
    assert len(below) >= 8, below
    return engine, keeper, below


@alone
def what_a_plugin_started_ends_when_it_is_killed(t):
    engine, keeper, below = start_family(t)
    watches = watch(below)
    program = below[1]
    os.kill(program, signal.SIGKILL)
    all_end(watches, "something outlived its plugin")
    engine.until(lambda: engine.status("parent") in ("CRASHED", "RUNNING"))
    assert "plugin parent failed: it was ended by signal 9" in engine.log, engine.log
    equal(engine.stop(), 0)


@alone
def what_a_plugin_started_ends_when_the_engine_is_killed(t):
    engine, keeper, below = start_family(t)
    watches = watch(below)
    engine.stop(signal.SIGKILL)
    all_end(watches, "something outlived the engine")


@alone
def what_a_plugin_started_ends_when_the_engine_stops(t):
    engine, keeper, below = start_family(t)
    watches = watch(below)
    equal(engine.stop(), 0)
    all_end(watches, "something outlived the engine")


@alone
def what_a_plugin_started_ends_when_its_keeper_is_killed(t):
    engine, keeper, below = start_family(t)
    watches = watch(below[1:])
    os.kill(keeper, signal.SIGKILL)
    all_end(watches, "something outlived its keeper")
    engine.until(lambda: engine.status("parent") == "RUNNING")
    equal(engine.stop(), 0)


@alone
def what_outlived_engine_and_keeper_ends_when_the_next_engine_starts(t):
    engine, keeper, below = start_family(t)
    watches = watch(below[1:])
    for number in (signal.SIGSTOP, signal.SIGKILL):  # so that neither sees the other's end
        os.kill(keeper, number)
        os.kill(engine.pid, number)
    engine.wait()
    alive = [fd for fd in watches if not select.select([fd], [], [], 0)[0]]
    assert len(alive) >= 6, alive
    engine.start()
    all_end(watches, "something outlived the next engine's start")
    engine.until(lambda: "what a plugin had left behind was ended" in engine.log)
    equal(engine.get("a"), {("a", "parent"): b"value"})


@alone
def a_program_that_does_not_end_is_not_waited_for_long(t):
    """One that is traced is not seen to end by who waits for it, like one that hangs in the kernel."""
    engine = Engined(t)
    engine.example()
    engine.start()
    equal(engine.status("hello"), "RUNNING")
    keeper, = engine.pids()
    program, = engine.pids(keeper)
    assert ctypes.CDLL(None, use_errno=True).ptrace(0x4206, program, None, None) == 0, ctypes.get_errno()
    t.defer(os.waitpid, program, 0)
    watches = watch([keeper])
    equal(engine.call(DISABLE, {"name": "hello"}).status, 200)
    all_end(watches, "the engine waits for a program that doesn't end")
    equal(engine.stop(), 0)
