"""A worker's memory: few arenas, however many threads it has had."""

import subprocess
import sys

PROGRAM = """
import sys, threading
from pathlib import Path
from workers import memory

if sys.argv[1] == "few":
    memory.keep_few_arenas()
waiting = threading.Barrier(17)

def allocate():
    kept = [bytes(1000) for _ in range(1000)]
    waiting.wait()

for _ in range(16):
    threading.Thread(target=allocate, daemon=True).start()
waiting.wait()
memory.trim()
size = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmSize"))
print(int(size.split()[1]) // 1024)
"""


def address_space_mb(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


def test_many_threads_share_two_arenas() -> None:
    # An arena takes 64 MiB of addresses at once. 16 threads have one each, until the process says otherwise.
    assert address_space_mb("many") - address_space_mb("few") > 8 * 64
