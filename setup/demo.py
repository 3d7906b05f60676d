"""Open the workstation on a demo workspace, or do its main job without a window where there is no display.

Standard library only; run by ``make run`` with the Python of .venv.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out"
WORKSPACE = OUT / "demo-workspace"


def find_demo_radiograph() -> Path:
    """Return the chest radiograph RG1 of the installed package pydicom-data."""
    for file in importlib.metadata.files("pydicom-data") or []:
        if file.name == "RG1_UNCR.dcm":
            return Path(str(file.locate()))
    raise SystemExit("pydicom-data is installed without RG1_UNCR.dcm; reinstall it with: rm -r .venv; make run")


def has_display() -> bool:
    """Say whether a window can be opened here."""
    if sys.platform in ("darwin", "win32"):
        return True
    if os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal"):
        return False
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(*arguments: str, **environment: str) -> int:
    """Run ``python -m ...`` with the same Python; return its exit status."""
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode


def run_headless(radiograph: Path) -> int:
    """Draft the demo radiograph and take a picture of the workstation reading it; leave both in out/."""
    print("There is no display here, so no window is opened: the same job is done without one, into out/.", flush=True)
    status = run("gaze2report", "draft", str(radiograph), "--out", str(OUT))
    if status != 0:
        print("The draft failed; the reason is above.", file=sys.stderr)
        return status
    screenshot = OUT / "workstation.png"
    status = run(
        *("desktop", "--workspace", str(WORKSPACE)),
        *("--screenshot", str(screenshot), "--screenshot-after", "draft", str(radiograph)),
        QT_QPA_PLATFORM="offscreen",
    )
    if status != 0:
        print("The picture of the workstation failed; the reason is above.", file=sys.stderr)
        return status
    print("Done. Look at:")
    for name in ("report.txt", "overlay.png", "draft.json", "workstation.png"):
        if (OUT / name).exists():
            print(f"    out/{name}")
    return 0


def main() -> int:
    """Run the demo; return its exit status."""
    radiograph = find_demo_radiograph()
    OUT.mkdir(exist_ok=True)
    if not has_display():
        return run_headless(radiograph)
    print(f"Opening the workstation on the demo workspace {WORKSPACE.relative_to(ROOT)} ...", flush=True)
    return run("desktop", "--workspace", str(WORKSPACE), str(radiograph))


if __name__ == "__main__":
    sys.exit(main())
