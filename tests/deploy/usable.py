"""Says whether the tools of the deployment test can run here; if not, why. An argument says what is then not done.

Older Pythons must be able to read this, too.
"""

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
    WITHOUT = sys.argv[1] if len(sys.argv) > 1 else "the deployment is not tested"
    sys.exit("%s: it needs %s" % (WITHOUT, ", and ".join(MISSING)))
