"""Prompt tokens and an instruction to report text: a causal language model with LoRA.

Notation used for tensor shapes: B batch, P prompt tokens (visual-gaze and observation), I instruction tokens,
T report tokens, H language-model width, V vocabulary.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer, StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer

from gaze2report.models.decoding import decode
from gaze2report.models.sentence_decoding import Accepts, SentenceDecoder

INSTRUCTION = "Describe this chest radiograph.\nFindings:"
NO_FINDING = "No Finding"
IGNORED_LABEL = -100


@dataclass(frozen=True)
class Decoding:
    """How text is drawn. Greedy unless ``temperature`` is above 0; then the seed of the draft decides.

    Above 0 each sentence is drawn up to ``max_tries`` times until it agrees with what is to be reported.
    """

    max_new_tokens: int = 110
    repetition_penalty: float = 1.05
    temperature: float = 0.0
    top_p: float = 0.95
    max_tries: int = 4


def seed_of_text(picture: str, seed: int) -> int:
    """Seed of the words drawn for a picture, named by its hash: another film is not given the same draw."""
    return int.from_bytes(hashlib.sha256(f"{picture}:{seed}".encode()).digest()[:6], "big")


class _TokenStream(BaseStreamer):  # type: ignore[misc]
    """Turns token ids into text that only ever grows, and hands on what was added."""

    def __init__(self, decode: Callable[[list[int]], str], on_text: Callable[[str], None]) -> None:
        self._decode = decode
        self._on_text = on_text
        self._ids: list[int] = []
        self.text = ""

    def put(self, value: Tensor) -> None:
        for token in value.reshape(-1).tolist():
            self.take(int(token))

    def take(self, token: int) -> None:
        """Add one token."""
        self._ids.append(token)
        text = self._decode(self._ids)
        # A character of several bytes decodes to U+FFFD until its last token has come.
        if text.endswith("�"):
            return
        added = text[len(self.text) :]
        if added:
            self.text = text
            self._on_text(added)

    def end(self) -> None:
        return


class _StopWhen(StoppingCriteria):  # type: ignore[misc]
    """Stops generation between two tokens when the caller wishes."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        return torch.full((input_ids.shape[0],), self._should_stop(), dtype=torch.bool, device=input_ids.device)


class Generator(nn.Module):
    """A Hugging Face causal language model that takes prompt embeddings before its words.

    Parameters
    ----------
    language_model : nn.Module
        The model, with or without a PEFT adapter around it.
    tokenizer
        Its tokenizer.
    begin_of_text : bool
        Put the token before the prompt that the language model was trained to see first (Llama 2, Gemma).
    """

    def __init__(self, language_model: Any, tokenizer: Any, *, begin_of_text: bool = False) -> None:
        super().__init__()
        self.language_model = language_model
        self.tokenizer = tokenizer
        if begin_of_text and tokenizer.bos_token_id is None:
            raise ValueError("the tokenizer of this language model has no token for the beginning of a text")
        self._begin_ids = [int(tokenizer.bos_token_id)] if begin_of_text else []

    @property
    def width(self) -> int:
        """H, the width of a word embedding."""
        return int(self.language_model.get_input_embeddings().weight.shape[1])

    @property
    def embedding_norm(self) -> float:
        """Mean norm of a word embedding as the model looks it up: the natural scale of a prompt token.

        Gemma multiplies its embeddings by the root of their width on look-up, so that the table's own norm would be
        too small by that factor.
        """
        embed = self.language_model.get_input_embeddings()
        with torch.no_grad():
            return float(embed(torch.arange(len(embed.weight), device=embed.weight.device)).norm(dim=1).mean())

    def instruction_ids(self, observed: Sequence[str] | None) -> list[int]:
        """Tokenize the instruction, opened by the names of the observations to report.

        Words steer a small language model where soft tokens alone were measured not to: it has known the words since
        its own training.

        Parameters
        ----------
        observed : sequence of str, optional
            CheXpert names; empty says "no finding"; None leaves the line out.
        """
        text = INSTRUCTION
        if observed is not None:
            names = [name.lower() for name in observed if name != NO_FINDING] or [NO_FINDING.lower()]
            text = f"Observations: {', '.join(names)}.\n{INSTRUCTION}"
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return ids

    def word_embeddings(self, words: Sequence[str]) -> Tensor:
        """Mean embedding of the tokens of each word or phrase, shape (words, H)."""
        embed = self.language_model.get_input_embeddings()
        rows = [self.tokenizer(f" {word}", add_special_tokens=False).input_ids for word in words]
        return torch.stack([embed(torch.tensor(ids, device=embed.weight.device)).mean(0) for ids in rows]).detach()

    def report_ids(self, findings: str, impression: str, max_tokens: int) -> list[int]:
        """Tokenize a report as it is to be generated: findings, impression, end of text; at most ``max_tokens``."""
        text = f" {findings.strip()}\nImpression: {impression.strip()}"
        ids: list[int] = self.tokenizer(text, add_special_tokens=False).input_ids
        return [*ids[: max_tokens - 1], int(self.tokenizer.eos_token_id)]

    def loss(
        self,
        prompt: Tensor,
        reports: Sequence[Sequence[int]],
        observed: Sequence[Sequence[str] | None] | None = None,
        *,
        reduction: str = "mean",
    ) -> Tensor:
        """Mean cross-entropy of the report tokens given prompt and instruction; labels elsewhere are masked.

        Parameters
        ----------
        prompt : Tensor (B, P, H)
        reports : B sequences of token ids
        observed : B lists of observations for `instruction_ids`; None: none has any
        reduction : ``"mean"`` over all report tokens, or ``"none"`` for one mean a report, shape (B,).
        """
        sums, counts = self.report_losses(prompt, reports, observed)
        return sums / counts if reduction == "none" else sums.sum() / counts.sum()

    def report_losses(
        self,
        prompt: Tensor,
        reports: Sequence[Sequence[int]],
        observed: Sequence[Sequence[str] | None] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Summed cross-entropy of each report's tokens (B,), and how many they are (B,); arguments as of `loss`."""
        embed = self.language_model.get_input_embeddings()
        batch, device = len(reports), prompt.device
        instructions = [self.instruction_ids(observed[row] if observed else None) for row in range(batch)]
        longest = max(len(i) + len(r) for i, r in zip(instructions, reports, strict=True))
        ids = torch.full((batch, longest), int(self.tokenizer.eos_token_id))
        labels = torch.full((batch, longest), IGNORED_LABEL)
        for row, (instruction, report) in enumerate(zip(instructions, reports, strict=True)):
            end = len(instruction) + len(report)
            ids[row, :end] = torch.tensor([*instruction, *report])
            labels[row, len(instruction) : end] = ids[row, len(instruction) : end]
        ids, labels = ids.to(device), labels.to(device)
        inputs = torch.cat([self._begin(prompt), embed(ids)], dim=1)  # (B, P + I + T, H)
        # Only the positions that predict a report token need the (large) vocabulary product. Padding is on the right
        # and attention is causal, so no mask is needed: no report token sees it.
        predicted = longest - min(len(instruction) for instruction in instructions)
        logits = self._last_logits(inputs, predicted + 1)[:, :-1]  # (B, T, V)
        labels = labels[:, -predicted:]  # (B, T)
        per_token = F.cross_entropy(
            logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED_LABEL, reduction="none"
        ).view(batch, predicted)
        return per_token.sum(1), (labels != IGNORED_LABEL).sum(1)

    def _begin(self, prompt: Tensor) -> Tensor:
        """Prompt (B, P, H) in the model's own precision, behind what begins a text, if the model wants that."""
        embed = self.language_model.get_input_embeddings()
        prompt = prompt.to(embed.weight.dtype)
        if not self._begin_ids:
            return prompt
        begin = embed(torch.tensor([self._begin_ids], device=prompt.device))
        return torch.cat([begin.expand(len(prompt), -1, -1), prompt], dim=1)

    def _last_logits(self, inputs: Tensor, n_positions: int) -> Tensor:
        """Logits (B, n_positions, V) at the last positions; models that cannot leave out the others compute them."""
        model = self.language_model
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        kept = {"logits_to_keep": n_positions} if "logits_to_keep" in signature(base.forward).parameters else {}
        logits = model(inputs_embeds=inputs, use_cache=False, **kept).logits
        return torch.as_tensor(logits[:, -n_positions:])

    @torch.inference_mode()
    def generate(
        self,
        prompt: Tensor,
        observed: Sequence[str] | None = None,
        *,
        decoding: Decoding,
        seed: int = 0,
        begun: str = "",
        accepts: Accepts = lambda _: True,
        on_text: Callable[[str], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> str:
        """Write one report from a prompt (1, P, H) and the observations to name, handing on each piece of text.

        With ``begun``, the report goes on behind that text, which is not handed on again.

        The same prompt, decoding and seed give the same text on the same machine. ``should_stop`` is asked between
        two tokens; the text so far is returned.
        """
        embed = self.language_model.get_input_embeddings()
        ids = self.instruction_ids(observed)
        if begun:
            ids = [*ids, *self.tokenizer(begun, add_special_tokens=False).input_ids]
        instruction = torch.tensor([ids], device=prompt.device)
        inputs = torch.cat([self._begin(prompt), embed(instruction)], dim=1)
        if decoding.temperature > 0:
            decoder = SentenceDecoder(
                self.language_model,
                self.tokenizer,
                accepts,
                temperature=decoding.temperature,
                top_p=decoding.top_p,
                repetition_penalty=decoding.repetition_penalty,
                max_tokens=decoding.max_new_tokens,
                max_tries=decoding.max_tries,
            )
            return decoder.draw(inputs, seed, on_text, should_stop)
        stream = _TokenStream(lambda ids: str(self.tokenizer.decode(ids, skip_special_tokens=True)), on_text)
        if prompt.device.type == "cuda":
            decode(
                self.language_model,
                inputs,
                end_id=int(self.tokenizer.eos_token_id),
                max_new_tokens=decoding.max_new_tokens,
                repetition_penalty=decoding.repetition_penalty,
                temperature=0.0,
                seed=seed,
                on_token=stream.take,
                should_stop=should_stop,
            )
        else:
            self.language_model.generate(
                inputs_embeds=inputs,
                attention_mask=torch.ones(inputs.shape[:2], dtype=torch.long),
                max_new_tokens=decoding.max_new_tokens,
                repetition_penalty=decoding.repetition_penalty,
                eos_token_id=int(self.tokenizer.eos_token_id),
                pad_token_id=int(self.tokenizer.eos_token_id),
                streamer=stream,
                stopping_criteria=StoppingCriteriaList([_StopWhen(should_stop)]),
                do_sample=False,
            )
        return stream.text


def load_language_model(folder: Path, dtype: torch.dtype = torch.float32) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer from a local folder; no hub is ever asked.

    Any Hugging Face causal model will do; weights are safetensors only. Attention is torch's own fused one (SDPA)
    wherever the model has it.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=dtype)
    model.generation_config = type(model.generation_config)()  # a chat model's own sampling settings do not apply
    model.requires_grad_(False)
    return model.eval(), tokenizer
