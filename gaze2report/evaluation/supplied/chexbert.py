"""CheXbert (Smit et al. 2020): labels of reports by a BERT whose weights the user supplies.

The weights are published as a pickle. `import_chexbert`, which the user calls by name, reads it once with
``weights_only=True`` and writes safetensors; evaluation reads only those.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoTokenizer, BertConfig, BertModel

from gaze2report.errors import StorageFailed, UnreadableInput
from gaze2report.types import CHEXPERT_OBSERVATIONS

HEADS: tuple[str, ...] = (*CHEXPERT_OBSERVATIONS[1:], CHEXPERT_OBSERVATIONS[0])
"""CheXbert's order: 13 observations of four classes, then "No Finding" of two."""

CLASSES = (np.nan, 1.0, 0.0, -1.0)
"""What a head's classes say: not spoken of, present, absent, uncertain."""

WEIGHTS, CONFIG, VOCABULARY, ORIGIN = "model.safetensors", "config.json", "vocab.txt", "origin.json"
_TOKENIZER_FILES = (VOCABULARY, "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
MAX_TOKENS = 512
BATCH = 16


class CheXbert(nn.Module):
    """The labeler.

    Parameters
    ----------
    config : BertConfig
    tokenizer
        Of the same vocabulary.
    """

    def __init__(self, config: BertConfig, tokenizer: Any) -> None:
        super().__init__()
        self.bert = BertModel(config)
        self.linear_heads = nn.ModuleList(nn.Linear(config.hidden_size, 2 if h == HEADS[-1] else 4) for h in HEADS)
        self.tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path) -> CheXbert:
        """Load what `import_chexbert` has written.

        Raises
        ------
        UnreadableInput
            If the folder holds no such model.
        """
        model = cls(_config(folder), _tokenizer(folder))
        try:
            model.load_state_dict(load_file(folder / WEIGHTS))
        except FileNotFoundError as error:
            raise UnreadableInput(folder, f"holds no {WEIGHTS}; make one with import-chexbert") from error
        except (SafetensorError, RuntimeError, OSError) as error:
            raise UnreadableInput(folder / WEIGHTS, f"are not CheXbert's weights: {_first_line(error)}") from error
        return model.eval()

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Label reports, as f1chexbert does: whole texts, cut to 512 tokens.

        Returns
        -------
        labels : ndarray, shape (N, 14)
            1, 0, -1 (uncertain) or NaN (not spoken of), in the order of ``CHEXPERT_OBSERVATIONS``.
        embeddings : ndarray, shape (N, H)
            Last hidden state of the first token, which RadCliQ compares.
        """
        labels, embeddings = [], []
        for begin in range(0, len(texts), BATCH):
            batch = [" ".join(text.split()) for text in texts[begin : begin + BATCH]]
            tokens = self.tokenizer(batch, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
            hidden = self.bert(tokens.input_ids, attention_mask=tokens.attention_mask).last_hidden_state[:, 0]
            chosen = torch.stack([head(hidden).argmax(dim=1) for head in self.linear_heads], dim=1)
            labels.append(np.array(CLASSES)[chosen.numpy()])
            embeddings.append(hidden.double().numpy())
        order = [HEADS.index(name) for name in CHEXPERT_OBSERVATIONS]
        if not labels:
            return np.zeros((0, len(HEADS))), np.zeros((0, self.bert.config.hidden_size))
        return np.concatenate(labels)[:, order], np.concatenate(embeddings)


def import_chexbert(weights: Path, bert: Path, out: Path) -> Path:
    """Convert CheXbert's published weights into a folder that evaluation can read; no code of the file is ever run.

    Parameters
    ----------
    weights : Path
        ``chexbert.pth`` as published, or a safetensors file of the same tensors.
    bert : Path
        Folder with ``config.json`` and ``vocab.txt`` of bert-base-uncased.
    out : Path
        Must not exist.

    Raises
    ------
    UnreadableInput
        If the file is not CheXbert's weights, or would need code to be run.
    StorageFailed
        If ``out`` exists, or the disk refuses.
    """
    if out.exists():
        raise StorageFailed(f"{out} exists already; name another folder")
    model = CheXbert(_config(bert), _tokenizer(bert))
    state = _state_of(weights)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise UnreadableInput(weights, f"are not CheXbert's weights: {_first_line(error)}") from error
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
        try:
            save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, aside / WEIGHTS)
            for name in (CONFIG, *_TOKENIZER_FILES):
                if (bert / name).is_file():
                    shutil.copyfile(bert / name, aside / name)
            with weights.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            (aside / ORIGIN).write_text(json.dumps({"file": weights.name, "sha256": digest}) + "\n")
            for path in aside.iterdir():
                path.chmod(0o644)
            aside.chmod(0o755)
            aside.rename(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise StorageFailed(f"cannot write {out}: {error.strerror or error}") from error
    return out


def _state_of(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UnreadableInput(path, f"cannot be read: {error.strerror or error}") from error
    except Exception as error:
        raise UnreadableInput(path, f"is refused: it does not hold tensors alone ({_first_line(error)})") from error
    if isinstance(content, dict) and isinstance(content.get("model_state_dict"), dict):
        content = content["model_state_dict"]
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise UnreadableInput(path, "holds no weights of a model")
    renamed = {str(name).removeprefix("module."): value for name, value in content.items()}
    renamed.pop("bert.embeddings.position_ids", None)  # a counter that older releases of transformers stored
    return renamed


def _config(folder: Path) -> BertConfig:
    try:
        content = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return BertConfig(**content)
    except FileNotFoundError as error:
        raise UnreadableInput(folder, f"holds no {CONFIG} of a BERT") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableInput(folder / CONFIG, f"cannot be read: {_first_line(error)}") from error


def _tokenizer(folder: Path) -> Any:
    if not (folder / VOCABULARY).is_file() and not (folder / "tokenizer.json").is_file():
        raise UnreadableInput(folder, f"holds no {VOCABULARY} of a BERT")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UnreadableInput(folder, f"its tokenizer cannot be read: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
