"""Builds the seccomp filter (a BPF program) with the system calls that commands may not use.

Namespaces do not close everything: sockets between a virtual machine and its host, the kernel's
keyring, the memory of other processes, and large parts of the kernel that no check needs. Child
processes inherit the filter. Layout: `struct seccomp_data` and classic BPF, see linux/seccomp.h and
linux/filter.h.
"""

import errno
import functools
import os
import platform
import struct
import sys
from typing import NamedTuple

_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCH, _FIRST, _SECOND = (
    0,
    4,
    16,
    24,
)  # byte offsets; only the lower half of each argument is read
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_X32 = 0x40000000
# Socket families that programs need: unix, inet, inet6, and netlink to query addresses. Not vsock,
# which ignores namespaces and leads to the host of a virtual machine.
_FAMILIES = (1, 2, 10, 16)
_TERMINAL = (0x5412, 0x541C)  # TIOCSTI and TIOCLINUX: they type into another process's terminal


class _Machine(NamedTuple):
    """The numbers that differ between processors.

    `refused` lists the same system calls for each.
    """

    arch: int
    socket: int
    ioctl: int
    refused: tuple[int, ...]


# add_key request_key keyctl bpf userfaultfd perf_event_open kexec_load kexec_file_load init_module
# finit_module delete_module open_by_handle_at ptrace process_vm_readv process_vm_writev acct swapon
# swapoff reboot settimeofday clock_settime quotactl syslog fanotify_init setns; the same in both:
_SAME = (425, 426, 427, 438)  # io_uring_setup io_uring_enter io_uring_register pidfd_getfd
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E, 41, 16,
        (248, 249, 250, 321, 323, 298, 246, 320, 175, 313, 176, 304, 101, 310, 311, 163, 167, 168,
         169, 164, 227, 179, 103, 300, 308, *_SAME),
    ),
    "aarch64": _Machine(
        0xC00000B7, 198, 29,
        (217, 218, 219, 280, 282, 241, 104, 294, 105, 273, 106, 265, 117, 270, 271, 89, 224, 225,
         142, 170, 112, 60, 116, 262, 268, *_SAME),
    ),
}  # fmt: skip


def _encode_step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(error: int) -> bytes:
    return _encode_step(_RETURN, _ERRNO | error)


def build_filter(machine: str) -> bytes | None:
    """Return the filter for a processor, or `None` if its numbers are not known here."""
    machine_numbers = _MACHINES.get(machine)
    if machine_numbers is None:
        return None
    steps = [
        _encode_step(_LOAD, _ARCH),
        _encode_step(_JUMP_IF_EQUAL, machine_numbers.arch, 1),
        _refuse(errno.EPERM),  # system calls of another architecture, which have other numbers
        _encode_step(_LOAD, _NUMBER),
        *_refuse_unless(_encode_step(_JUMP_IF_LEAST, _X32, 0, 1), errno.ENOSYS),
    ]
    for number in machine_numbers.refused:
        steps += _refuse_unless(_encode_step(_JUMP_IF_EQUAL, number, 0, 1), errno.EPERM)
    steps += _check_argument(machine_numbers.socket, _FIRST, _FAMILIES, is_allowed=True)
    steps += _check_argument(machine_numbers.ioctl, _SECOND, _TERMINAL, is_allowed=False)
    return b"".join((*steps, _encode_step(_RETURN, _ALLOW)))


def _refuse_unless(test: bytes, error: int) -> tuple[bytes, bytes]:
    """Return a test followed by a refusal, which is skipped if the test fails."""
    return test, _refuse(error)


def _check_argument(
    number: int, argument: int, values: tuple[int, ...], *, is_allowed: bool
) -> list[bytes]:
    """Return steps that allow only, or refuse only, the listed values of a call's argument."""
    good, bad = _encode_step(_RETURN, _ALLOW), _refuse(errno.EPERM)
    ends = [bad, good] if is_allowed else [good, bad]  # if no value matched; if one matched
    tests = [
        _encode_step(_JUMP_IF_EQUAL, value, len(values) - index)
        for index, value in enumerate(values)
    ]
    inside = [_encode_step(_LOAD, argument), *tests, *ends]
    return [_encode_step(_JUMP_IF_EQUAL, number, 0, len(inside)), *inside]


def get_filter_path() -> str | None:
    """Return a path to the filter, readable while this process lives, or `None`."""
    descriptor = _get_filter_descriptor()
    return None if descriptor is None else f"/proc/{os.getpid()}/fd/{descriptor}"


@functools.cache
def _get_filter_descriptor() -> int | None:
    program = build_filter(platform.machine()) if sys.platform == "linux" else None
    if program is None:
        return None
    descriptor = os.memfd_create("theseus-syscalls")
    os.write(descriptor, program)
    return descriptor
