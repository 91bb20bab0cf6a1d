"""phototag's command line under a hook that counts: python audited.py ACCOUNT BELOW ARGUMENT…

The decision here: the hook is in place before phototag is imported, so nothing that Python opens escapes it; files in
a library's own folder do not count. What another program opens is not seen: the programs started are named instead.
"""

from __future__ import annotations

import json
import os
import sys
from atexit import register
from pathlib import Path

_OWN = f"{os.sep}.phototag{os.sep}"


def main() -> None:
    account, below, *arguments = sys.argv[1:]
    opened: set[str] = set()
    started: list[str] = []
    inside = os.path.realpath(below) + os.sep

    def note(event: str, details: tuple[object, ...]) -> None:
        if event == "open" and isinstance(details[0], str | bytes):
            path = os.path.abspath(os.fsdecode(details[0]))
            if path.startswith(inside) and _OWN not in path and os.path.isfile(path):
                opened.add(path)
        elif event == "subprocess.Popen":
            started.append(str(details[0]))

    def tell() -> None:
        told = {"opened": len(opened), "started": started, "modules": sorted(sys.modules)}
        Path(account).write_text(json.dumps(told))

    register(tell)
    sys.addaudithook(note)
    sys.path.pop(0)  # this folder: its modules are not phototag's
    sys.argv = ["phototag", *arguments]

    from phototag.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
