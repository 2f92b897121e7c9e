"""System calls that no engine makes, refused to a job's process by libseccomp: a small list, all else is allowed.

Whatever the list names the kernel has had holes in, or it reaches processes, namespaces or the machine from inside a
sandbox. The kernel inherits the list to every later thread and process. libseccomp comes with apt and systemd, so most
machines have the library.
"""

import ctypes
import errno
import socket

LIBRARY = "libseccomp.so.2"

REFUSED = (
    # namespaces and mounts
    *("unshare", "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "fsconfig", "fsmount", "fsopen"),
    *("fspick", "mount_setattr", "move_mount", "open_tree", "name_to_handle_at", "open_by_handle_at"),
    # other processes
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "move_pages", "migrate_pages"),
    # parts of the kernel with a history
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("add_key", "keyctl", "request_key", "fanotify_init", "modify_ldt", "vm86", "vm86old", "lookup_dcookie"),
    # the machine
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module"),
    *("query_module", "get_kernel_syms", "reboot", "swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "syslog"),
    *("settimeofday", "clock_settime", "clock_adjtime", "stime", "ioperm", "iopl", "nfsservctl", "sysfs", "uselib"),
    *("ustat", "sethostname", "setdomainname"),
)
"""Refused in every sandbox. compose-seccomp.json refuses a part of these to a whole container."""

REFUSED_TO_NETWORKED = ("listen", "shmget", "shmat", "msgget", "semget", "mq_open")
"""Refused where the child shares network and memory segments with the machine, and no other program runs in it."""

NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
"""Flags of `clone`: mounts, cgroups, host name, IPC, users, processes, network."""

_FAMILIES = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK)
"""What a networked child opens: TCP, and a lookup of names asks the kernel for addresses. No AF_UNIX: a socket's file
may belong to any service of the machine."""

_MOST_FAMILY = 64
_MOST_PROTOCOL = socket.IPPROTO_UDP
"""Beyond: SCTP, MPTCP and their like, whose connections Landlock does not see as TCP."""

_MSG_FASTOPEN = 0x20000000
"""Sends the first bytes without `connect`, and so without a look by Landlock."""

_KIND_OF_SOCKET = 0xF
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EQUAL, _GREATER, _MASKED = 4, 6, 7
_ACT_ON_SPECULATION, _OPTIMIZE, _AS_TREE = 7, 8, 2
_NO_SUCH_CALL = -1


class _Comparison(ctypes.Structure):
    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class _Filter:
    """A list of refused calls, until `load` hands the list to the kernel."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._calls = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(_ALLOW)))
        # Older kernels would slow the whole process down as a guard that Python and the engines do without elsewhere.
        self._library.seccomp_attr_set(self._calls, _ACT_ON_SPECULATION, 1)
        self._library.seccomp_attr_set(self._calls, _OPTIMIZE, _AS_TREE)

    def refuse(self, call: str, *comparisons: tuple[int, int, int, int], error: int = errno.EPERM) -> None:
        """Refuses a call, where comparisons are given only one whose arguments they fit: (argument, how, a, b)."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number == _NO_SUCH_CALL:
            return  # this version of the library is older than the call
        given = (_Comparison * len(comparisons))(*(_Comparison(*each) for each in comparisons))
        action = ctypes.c_uint32(_ERRNO | error)
        self._library.seccomp_rule_add_array(self._calls, action, number, len(comparisons), given)

    def load(self) -> bool:
        """Whether the kernel keeps the list from now on, for this thread and all it starts."""
        try:
            return bool(self._library.seccomp_load(self._calls) == 0)
        finally:
            self._library.seccomp_release(self._calls)


def is_there() -> bool:
    """Whether this machine has libseccomp."""
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return False
    return True


def refuse(*, networked: bool, datagrams: bool = True) -> bool:
    """Refuses these calls to this thread and all it starts -> False where library or kernel cannot.

    `networked`: also what only other people's programs need. `datagrams`: UDP stays, as a lookup of names takes UDP.
    """
    if not is_there():
        return False
    calls = _Filter()
    for call in REFUSED:
        calls.refuse(call)
    for flag in NEW_NAMESPACES:
        calls.refuse("clone", (0, _MASKED, flag, flag))
    calls.refuse("clone3", error=errno.ENOSYS)  # its flags lie in memory; the C library then takes `clone`
    calls.refuse("prlimit64", (0, _GREATER, 0, 0))  # the limits of other processes
    if networked:
        _refuse_sockets(calls, datagrams=datagrams)
    return calls.load()


def _refuse_sockets(calls: _Filter, *, datagrams: bool) -> None:
    for call in REFUSED_TO_NETWORKED:
        calls.refuse(call)
    for family in set(range(_MOST_FAMILY + 1)) - set(_FAMILIES):
        calls.refuse("socket", (0, _EQUAL, family, 0))
    calls.refuse("socket", (0, _GREATER, _MOST_FAMILY, 0))
    calls.refuse("socket", (2, _GREATER, _MOST_PROTOCOL, 0))
    for family in () if datagrams else (socket.AF_INET, socket.AF_INET6):
        calls.refuse("socket", (0, _EQUAL, family, 0), (1, _MASKED, _KIND_OF_SOCKET, socket.SOCK_DGRAM))
    for call, flags in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        calls.refuse(call, (flags, _MASKED, _MSG_FASTOPEN, _MSG_FASTOPEN))
