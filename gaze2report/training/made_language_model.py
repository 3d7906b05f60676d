"""A language model of a few hundred thousand random weights and a tokenizer of a training set's own words.

For proofs that the whole chain learns, in minutes on a CPU: it knows no language, so what it writes it was taught by
the run. It travels inside of the adapter version that is trained with it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from gaze2report.base_models import BaseModel, of_folder
from gaze2report.errors import StorageFailed
from gaze2report.models.generator import INSTRUCTION
from gaze2report.types import CHEXPERT_OBSERVATIONS

END = "<|end|>"


@dataclass(frozen=True)
class MadeLanguageModel:
    """Sizes of the model and of its vocabulary."""

    vocabulary: int = 512
    width: int = 128
    depth: int = 2
    n_heads: int = 4
    max_length: int = 512
    seed: int = 0


def make_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE of given texts and of the instruction: every text comes back from its tokens as it was."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    names = ", ".join(name.lower() for name in CHEXPERT_OBSERVATIONS)
    tokenizer.train_from_iterator([*texts, f"Observations: {names}.\n{INSTRUCTION}", "\nImpression: "], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END)


def make_language_model(folder: Path, texts: Iterable[str], settings: MadeLanguageModel) -> BaseModel:
    """Write the model into a folder, unless it is there, and take it as a base model.

    Raises
    ------
    StorageFailed
        If the disk refuses.
    """
    if not folder.is_dir():
        tokenizer = make_tokenizer(texts, settings.vocabulary)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            model = LlamaForCausalLM(_config(settings, len(tokenizer)))
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as text:
                aside = Path(text) / "made"
                model.save_pretrained(aside)
                tokenizer.save_pretrained(aside)
                aside.rename(folder)
        except OSError as error:
            raise StorageFailed(f"cannot write the language model {folder}: {error}") from error
    return of_folder(folder, is_noted=False)


def _config(settings: MadeLanguageModel, n_tokens: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=n_tokens,
        hidden_size=settings.width,
        intermediate_size=3 * settings.width,
        num_hidden_layers=settings.depth,
        num_attention_heads=settings.n_heads,
        num_key_value_heads=settings.n_heads,
        max_position_embeddings=settings.max_length,
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
        tie_word_embeddings=False,
        initializer_range=settings.width**-0.5,  # activations keep their size: nothing else has set it
    )
