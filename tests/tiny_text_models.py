"""Model folders of random weights in the layout that users have: BERT, RoBERTa, and a finder of entities."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    BertConfig,
    BertForTokenClassification,
    BertModel,
    RobertaConfig,
    RobertaModel,
)

WORDS = (
    *("no", "the", "is", "are", "of", "and", "clear", "lungs", "heart", "normal", "enlarged", "pleural", "effusion"),
    *("small", "edema", "mild", "pneumothorax", "left", "right", "there", ".", ",", "##s", "##ly", "a"),
)
SIZES = {
    "hidden_size": 16,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,
}
RATE_LABELS = ["O", *(f"{mark}-{kind}" for kind in ("ABNORMALITY", "ANATOMY", "NON-ABNORMALITY") for mark in "BI")]


def make_bert_folder(folder: Path) -> Path:
    """``config.json`` and ``vocab.txt``, as of bert-base-uncased; no weights."""
    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *"bcdefghijklmnopqrstuvwxyz"]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    config = {"model_type": "bert", "vocab_size": len(vocabulary), "num_hidden_layers": 2, **SIZES}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "BertTokenizer", "model_max_length": 64, "do_lower_case": True})
    )
    return folder


def chexbert_state(folder: Path, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights under the names that the published file has, those of DataParallel."""
    torch.manual_seed(seed)
    bert = BertModel(BertConfig(**json.loads((folder / "config.json").read_text())))
    state = {f"module.bert.{name}": value for name, value in bert.state_dict().items()}
    state["module.bert.embeddings.position_ids"] = torch.arange(64)[None]
    for head in range(14):
        n_classes = 2 if head == 13 else 4
        state[f"module.linear_heads.{head}.weight"] = torch.randn(n_classes, 16)
        state[f"module.linear_heads.{head}.bias"] = torch.randn(n_classes)
    return state


def make_bert_model(folder: Path, seed: int = 0) -> Path:
    """A BERT with weights."""
    make_bert_folder(folder)
    torch.manual_seed(seed)
    save_file(BertModel(BertConfig(**json.loads((folder / "config.json").read_text()))).state_dict(),
              folder / "model.safetensors", {"format": "pt"})  # fmt: skip
    return folder


def make_entity_finder(folder: Path, seed: int = 1) -> Path:
    """A BERT that gives every token a label of RaTE-NER."""
    make_bert_folder(folder)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {str(number): name for number, name in enumerate(RATE_LABELS)}
    config["label2id"] = {name: number for number, name in enumerate(RATE_LABELS)}
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(seed)
    config["id2label"] = dict(enumerate(RATE_LABELS))
    save_file(BertForTokenClassification(BertConfig(**config)).state_dict(), folder / "model.safetensors",
              {"format": "pt"})  # fmt: skip
    return folder


def make_distilroberta(folder: Path, seed: int = 2, layers: int = 6) -> Path:
    """A RoBERTa of six layers with a byte-level vocabulary."""
    from tokenizers import pre_tokenizers
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    folder.mkdir(parents=True)
    alphabet = sorted(bytes_to_unicode().values())
    assert set(alphabet) == set(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", *alphabet, "<mask>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "RobertaTokenizer", "model_max_length": 62})
    )
    config = RobertaConfig(vocab_size=len(vocabulary), num_hidden_layers=layers, type_vocab_size=1, **SIZES)
    (folder / "config.json").write_text(json.dumps({**config.to_dict(), "model_type": "roberta"}))
    torch.manual_seed(seed)
    save_file(RobertaModel(config).state_dict(), folder / "model.safetensors", {"format": "pt"})
    return folder
