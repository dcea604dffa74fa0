"""Says whether the deployment test can run here; if not, why. Older Pythons must be able to read this, too."""

import platform
import sys

MISSING = []
if sys.version_info < (3, 11):
    MISSING.append("Python 3.11 (this is %s)" % platform.python_version())
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    MISSING.append("Python's venv (on Debian: the package python3-venv)")
# The functions run on this machine, as Lambda would run them.
if platform.system() != "Linux":
    MISSING.append("Linux")
if MISSING:
    sys.exit("the deployment is not tested: it needs " + ", and ".join(MISSING))
