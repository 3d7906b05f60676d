from __future__ import annotations

import subprocess
import sys

MODULES = (
    "db, db.database, db.studies, db.readings, db.drafts, db.reports, db.adapters, db.audit, db.check, db.__main__"
)


def test_the_database_part_loads_no_model_no_qt_no_codec_and_no_migrations(folder):
    heavy = ("torch", "transformers", "timm", "peft", "PySide6", "pydicom", "PIL", "alembic")
    code = (
        f"import sys, {MODULES}; db.database.open_workspace({str(folder)!r}).close();"
        f" print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout == "[]\n"
