"""Where the program is."""

import os
import shutil
import sys
import sysconfig


def program() -> str:
    """The path of the program `swath` that was installed with this package.

    Raises FileNotFoundError if it is not there.
    """
    name = "swath" + (sysconfig.get_config_var("EXE") or "")
    folders = [sysconfig.get_path("scripts")]
    # pip install --user, and pip install --target.
    scheme = sysconfig.get_preferred_scheme("user") if hasattr(sysconfig, "get_preferred_scheme") else f"{os.name}_user"
    folders.append(sysconfig.get_path("scripts", scheme=scheme))
    folders.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin"))
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    found = shutil.which(name)
    # This script, if it was started by that name, is not the program.
    if found and os.path.abspath(found) != os.path.abspath(sys.argv[0]):
        return found
    raise FileNotFoundError(f"the program {name} is not in {' or '.join(folders)}; install the wheel again: pip install --force-reinstall swath")
