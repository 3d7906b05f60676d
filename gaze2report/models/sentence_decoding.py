"""Text drawn word by word, checked sentence by sentence: what the image model does not support is drawn anew.

Greedy decoding writes the commonest sentence for every film. Drawing at random varies the words but now and then says
something that was not found; a sentence is therefore handed on only when it agrees with what is to be reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedTokenizerBase

_MOST_WORDS = 256
"""Words beyond these are never drawn; sorting all 49,152 takes as long as the model."""
SENTENCE_ENDS = (".", "!", "?")
Accepts = Callable[[str], bool]


@dataclass
class _Draw:
    """The state of one text being drawn."""

    ids: list[int] = field(default_factory=list)
    begun_at: int = 0
    tries: int = 0
    drawn: int = 0


class SentenceDecoder:
    """Draws one text from a causal language model.

    Parameters
    ----------
    language_model, tokenizer
        A Hugging Face causal model and its tokenizer.
    accepts : callable
        Asked about each finished sentence.
    temperature, top_p, repetition_penalty : float
    max_tokens : int
        Of the text; at most three times as many are drawn in all.
    max_tries : int
        How often a sentence is drawn before the last one stands; the reader is then warned of it.
    """

    def __init__(
        self,
        language_model: torch.nn.Module,
        tokenizer: PreTrainedTokenizerBase,
        accepts: Accepts,
        *,
        temperature: float,
        top_p: float,
        repetition_penalty: float,
        max_tokens: int,
        max_tries: int,
    ) -> None:
        self._model, self._tokenizer, self._accepts = language_model, tokenizer, accepts
        self._temperature, self._top_p, self._penalty = temperature, top_p, repetition_penalty
        self._max_tokens, self._max_tries = max_tokens, max_tries

    @torch.inference_mode()
    def draw(
        self,
        inputs: Tensor,
        seed: int,
        on_text: Callable[[str], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> str:
        """Draw a text behind embeddings (1, P, H); sentences are handed on as they are accepted."""
        rng = torch.Generator().manual_seed(seed)
        cache = DynamicCache()
        output = self._model(inputs_embeds=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
        logits = output.logits[0, -1]
        n_prompt, logits_at_begin, state = inputs.shape[1], logits, _Draw()
        while len(state.ids) < self._max_tokens and state.drawn < 3 * self._max_tokens and not should_stop():
            token = self._next(logits, state.ids, rng)
            state.drawn += 1
            is_last = token == self._tokenizer.eos_token_id
            if not is_last:
                state.ids.append(token)
            if is_last or self._ends_sentence(token):
                if not self._stands(state):
                    n_refused = cache.get_seq_length() - n_prompt - state.begun_at
                    if n_refused > 0:
                        cache.crop(-n_refused)
                    del state.ids[state.begun_at :]
                    logits = logits_at_begin
                    continue
                on_text(self._text(state.ids)[len(self._text(state.ids[: state.begun_at])) :])
                state.begun_at, state.tries = len(state.ids), 0
            if is_last:
                break
            step = torch.tensor([[token]], device=inputs.device)
            logits = self._model(input_ids=step, past_key_values=cache, use_cache=True).logits[0, -1]
            if state.begun_at == len(state.ids):
                logits_at_begin = logits
        rest = self._text(state.ids)[len(self._text(state.ids[: state.begun_at])) :]
        if rest and not should_stop():
            on_text(rest)
        return self._text(state.ids)

    def _stands(self, state: _Draw) -> bool:
        """Whether the sentence at the end is accepted, or has been drawn often enough."""
        sentence = self._text(state.ids)[len(self._text(state.ids[: state.begun_at])) :]
        state.tries += 1
        return self._accepts(sentence) or state.tries >= self._max_tries

    def _ends_sentence(self, token: int) -> bool:
        return str(self._tokenizer.decode([token])).rstrip(" ").endswith(SENTENCE_ENDS)

    def _text(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    def _next(self, logits: Tensor, ids: list[int], rng: torch.Generator) -> int:
        scores = logits.float().cpu().clone()
        if ids and self._penalty != 1.0:
            said = torch.tensor(sorted(set(ids)))
            scores[said] = torch.where(scores[said] > 0, scores[said] / self._penalty, scores[said] * self._penalty)
        ordered, order = (scores / self._temperature).softmax(0).topk(min(_MOST_WORDS, len(scores)))
        kept = ordered * ((ordered.cumsum(0) - ordered) < self._top_p)
        return int(order[torch.multinomial(kept, 1, generator=rng)])
