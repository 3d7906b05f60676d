"""A decode loop that never waits for the device: the next word is launched before the last one has arrived.

Hugging Face's ``generate`` asks the device after every word whether to stop, and a stream of words asks for each word
itself; a GPU then idles while the processor prepares the next step. Here the words stay on the device, their copies to
the processor arrive a few steps later, and what was computed past the end of the text is dropped.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessorList
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

MAX_WORDS_BEHIND = 4
"""How many words the processor may be behind the device; so many are computed in vain at the end of a text."""
TOP_P = 0.95


@dataclass(frozen=True)
class _Arrival:
    """A word on its way to the processor; ``event`` is None where there is nothing to wait for."""

    word: Tensor
    event: Any

    def is_here(self) -> bool:
        return self.event is None or bool(self.event.query())

    def wait(self) -> int:
        if self.event is not None:
            self.event.synchronize()
        return int(self.word)


@torch.inference_mode()
def decode(
    language_model: Any,
    inputs: Tensor,
    *,
    end_id: int,
    max_new_tokens: int,
    repetition_penalty: float,
    temperature: float,
    seed: int,
    on_token: Callable[[int], None],
    should_stop: Callable[[], bool],
) -> None:
    """Write one text behind input embeddings (1, L, H), handing on each token as it arrives, the last one excluded.

    The tokens are those of ``generate`` with the same settings; of a sample, those that this device draws for ``seed``.
    """
    device = inputs.device
    process = _processors(repetition_penalty, temperature)
    rng = torch.Generator(device=device).manual_seed(seed) if temperature > 0 else None
    words = torch.empty(1, max_new_tokens, dtype=torch.long, device=device)
    on_host = torch.empty(max_new_tokens, dtype=torch.long, pin_memory=device.type == "cuda")
    under_way: deque[_Arrival] = deque()
    step_inputs: dict[str, Any] = {"inputs_embeds": inputs}
    cache = None
    for step in range(max_new_tokens):
        output = language_model(**step_inputs, past_key_values=cache, use_cache=True)
        cache = output.past_key_values
        scores = process(words[:, :step], output.logits[:, -1].float())
        chosen = scores.argmax(-1) if rng is None else _drawn(scores, rng)
        words[:, step] = chosen
        on_host[step : step + 1].copy_(chosen, non_blocking=True)
        under_way.append(_Arrival(on_host[step], _mark(device)))
        if _hand_on(under_way, MAX_WORDS_BEHIND, end_id, on_token) or should_stop():
            return
        step_inputs = {"input_ids": chosen[:, None]}
    _hand_on(under_way, 0, end_id, on_token)


def _processors(repetition_penalty: float, temperature: float) -> LogitsProcessorList:
    made = LogitsProcessorList()
    if repetition_penalty != 1.0:
        made.append(RepetitionPenaltyLogitsProcessor(repetition_penalty))
    if temperature > 0:
        made.append(TemperatureLogitsWarper(temperature))
        made.append(TopPLogitsWarper(TOP_P))
    return made


def _drawn(scores: Tensor, rng: torch.Generator) -> Tensor:
    """Draw a token by its probability (the Gumbel trick): ``multinomial`` would ask the device about its input."""
    noise = torch.empty_like(scores).exponential_(generator=rng)
    return torch.as_tensor((scores.softmax(-1) / noise).argmax(-1))


def _mark(device: torch.device) -> Any:
    if device.type != "cuda":
        return None
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record()
    return event


def _hand_on(under_way: deque[_Arrival], may_wait: int, end_id: int, on_token: Callable[[int], None]) -> bool:
    """Hand on what has arrived, and wait for what is more than ``may_wait`` behind; True at the end of the text."""
    while under_way and (len(under_way) > may_wait or under_way[0].is_here()):
        token = under_way.popleft().wait()
        if token == end_id:
            return True
        on_token(token)
    return False
