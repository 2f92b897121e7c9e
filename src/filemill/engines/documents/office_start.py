"""LibreOffice inside this process, driven by its main thread alone: such a process can be copied while it is warm.

LibreOffice runs its main loop in the thread that starts it, and calls back as soon as the loop has nothing to do
(LibreOfficeKit's "unipoll"). All work is done in that call, which does not return, so no second thread is needed.

    office_start.py PROGRAM PROFILE FOLDER SHORT KILLED

starts LibreOffice from its folder PROGRAM and then the desk; `office_desk` says what the others are. It runs under the
system's own Python, which has `uno`, and so imports nothing of filemill.
"""

import ctypes
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

LIBRARY = "libmergedlo.so"
_BRIDGE = "libpyuno.so"

_RUN_LOOP = 13
"""The place of `runLoop` among the functions of LibreOfficeKit, whose order is fixed. The first word is a size."""

_CONTEXT = "_ZN10comphelper26getProcessComponentContextEv"
_GIVE_CONTEXT = "_ZN5pyuno7Runtime10initializeERKN3com3sun4star3uno9ReferenceINS4_17XComponentContextEEE"
_BE_A_KIT = "_ZN10comphelper14LibreOfficeKit9setActiveEb"

_NAME, _CALLED = 15, b"soffice"
"""What lists of processes show (PR_SET_NAME), rather than a Python."""

_Poll = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_Wake = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_RunLoop = ctypes.CFUNCTYPE(None, ctypes.c_void_p, _Poll, _Wake, ctypes.c_void_p)
_ANY = 1
"""What LibreOffice hands back at each call; without it LibreOffice does not call."""


class _Returned(ctypes.Structure):
    """Large enough that a returned object is written where the caller says, on every kind of machine."""

    _fields_ = (("reference", ctypes.c_void_p), ("_more", ctypes.c_void_p * 2))


def run(program: str, profile: str, work: Callable[[Any], None]) -> None:
    """Starts LibreOffice from its folder, and calls `work` with the context of its services. Never returns."""
    os.environ["SAL_LOK_OPTIONS"] = "unipoll"
    library = ctypes.PyDLL(f"{program}/{LIBRARY}", mode=ctypes.RTLD_GLOBAL)
    start = library.libreofficekit_hook_2
    start.restype, start.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_char_p]
    kit = start(program.encode(), f"file://{profile}".encode())
    if not kit:
        sys.exit("LibreOffice does not start")
    functions = ctypes.cast(kit, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
    is_called = False

    def poll(_data: object, _microseconds: int) -> int:
        nonlocal is_called
        if is_called:  # LibreOffice runs its loop inside of something that `work` has asked for
            return 0
        is_called = True
        try:
            work(_context(library, program))
            os._exit(0)
        except SystemExit as end:
            _leave(end)
        except BaseException:  # noqa: BLE001 -- nothing may reach the code that called
            traceback.print_exc()
            os._exit(1)
        return 0

    polled, woken = _Poll(poll), _Wake(lambda _data: None)
    _RunLoop(functions[_RUN_LOOP])(kit, polled, woken, _ANY)
    sys.exit("LibreOffice has ended")


def _context(library: Any, program: str) -> Any:
    """The context of LibreOffice's services, for `uno`."""
    # It draws tiles for an editor in a browser as long as it takes itself for a kit.
    be_a_kit = library[_BE_A_KIT]
    be_a_kit.restype, be_a_kit.argtypes = None, [ctypes.c_bool]
    be_a_kit(False)
    get = library[_CONTEXT]
    get.restype = _Returned
    got = get()
    give = ctypes.PyDLL(f"{program}/{_BRIDGE}", mode=ctypes.RTLD_GLOBAL)[_GIVE_CONTEXT]
    give.restype, give.argtypes = None, [ctypes.c_void_p]
    give(ctypes.byref(got))
    # Loaded earlier, it would start services of its own.
    return importlib.import_module("uno").getComponentContext()


def _desk() -> Any:
    """The desk, which may be loaded no earlier than `uno`."""
    spec = importlib.util.spec_from_file_location("desk", os.path.join(os.path.dirname(__file__), "office_desk.py"))
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def _leave(end: SystemExit) -> None:
    if isinstance(end.code, str):
        print(end.code, file=sys.stderr)
    os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


def main() -> None:
    """Starts LibreOffice, and the desk in it."""
    program, profile, folder, short, killed = sys.argv[1:6]
    ctypes.CDLL(None).prctl(_NAME, _CALLED, 0, 0, 0)
    run(program, profile, lambda context: _desk().serve(context, folder, int(short), int(killed)))


if __name__ == "__main__":
    main()
