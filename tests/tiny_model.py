"""A whole model of a few thousand random parameters: real modules, real PEFT, real tokenizer, in a second."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from gaze2report.config import (
    DecodingConfig,
    EncoderConfig,
    GraphConfig,
    LoraSettings,
    ModelConfig,
    PromptConfig,
    ScanpathConfig,
)
from gaze2report.data.transforms import Preprocessing
from gaze2report.models.adapter import AdapterManifest, save_adapter
from gaze2report.models.gaze2report import Gaze2Report, build_model

SIDE_PX = 64
BASE_SHA256 = hashlib.sha256(b"tiny base model").hexdigest()

TINY = ModelConfig(
    encoder=EncoderConfig(
        trunk="tf_efficientnet_lite0", trunk_stages=3, width=16, depth=1, n_heads=2, image_side_px=SIDE_PX
    ),
    scanpath=ScanpathConfig(width=16, depth=1, n_heads=2, max_fixations=6),
    graph=GraphConfig(depth=2, n_neighbours=4),
    prompt=PromptConfig(n_tokens=3),
    lora=LoraSettings(rank=2, alpha=4, targets=("q_proj", "v_proj")),
    decoding=DecodingConfig(max_new_tokens=24),
)


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """One token a byte, and an end-of-text token."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<|end|>": 0, **{character: index + 1 for index, character in enumerate(alphabet)}}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")


def tiny_language_model(seed: int = 0) -> LlamaForCausalLM:
    """A Llama of two layers and 32 channels with random weights."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=257,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        eos_token_id=0,
        pad_token_id=0,
        bos_token_id=None,
        initializer_range=0.2,  # so that logits of random weights differ and LoRA has something to turn
    )
    model = LlamaForCausalLM(config)
    model.requires_grad_(False)
    return model.eval()


def tiny_model(seed: int = 0) -> Gaze2Report:
    """The whole model, LoRA included, with random weights; the LoRA weights are not zero."""
    lora = LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    peft_model = get_peft_model(tiny_language_model(), lora)
    torch.manual_seed(seed)
    for name, parameter in peft_model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    model = build_model(TINY, peft_model, tiny_tokenizer())
    model.findings.is_supported[[0, 3, 5]] = True
    return model.eval()


def tiny_manifest(name: str = "tiny-1") -> AdapterManifest:
    return AdapterManifest(
        name=name,
        base_model="tiny",
        base_model_sha256=BASE_SHA256,
        preprocessing_sha256=Preprocessing(side_px=SIDE_PX).sha256(),
        code_version="test",
    )


def save_tiny_adapter(folder: Path, seed: int = 0, name: str = "tiny-1") -> Path:
    """Write a tiny adapter version."""
    return save_adapter(folder, tiny_model(seed), TINY, tiny_manifest(name), "# tiny\n")
