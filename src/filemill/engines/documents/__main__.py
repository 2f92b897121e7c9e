"""`python -m filemill.engines.documents`: the programs and libraries that this engine has here, a line each."""

import sys

from filemill.engines.documents import tools

if __name__ == "__main__":
    sys.stdout.writelines(f"{name} {version}\n" for name, version in tools.look().versions.items())
