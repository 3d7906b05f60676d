from __future__ import annotations

from typing import Any

import pytest
import tiny_model
import torch

from gaze2report.models.decoding import decode
from gaze2report.models.generator import Decoding, Generator


@pytest.fixture(scope="module")
def generator() -> Generator:
    return tiny_model.tiny_model().generator


def inputs_of(generator: Generator, seed: int) -> torch.Tensor:
    return torch.randn(1, 5, generator.width, generator=torch.Generator().manual_seed(seed))


def decoded(generator: Generator, inputs: torch.Tensor, **changes: Any) -> list[int]:
    found: list[int] = []
    settings: dict[str, Any] = {
        "end_id": 0, "max_new_tokens": 24, "repetition_penalty": 1.0, "temperature": 0.0, "seed": 0,
        "on_token": found.append, "should_stop": lambda: False,
    }  # fmt: skip
    decode(generator.language_model, inputs, **{**settings, **changes})
    return found


def generated(generator: Generator, inputs: torch.Tensor, **changes: Any) -> list[int]:
    """What the library's own loop writes."""
    settings = {"max_new_tokens": 24, "repetition_penalty": 1.0, "do_sample": False, "eos_token_id": 0, **changes}
    mask = torch.ones(inputs.shape[:2], dtype=torch.long)
    ids = generator.language_model.generate(inputs_embeds=inputs, attention_mask=mask, pad_token_id=0, **settings)
    return [token for token in ids[0].tolist() if token != settings["eos_token_id"]]


@pytest.mark.parametrize("penalty", [1.0, 1.05, 1.5])
@pytest.mark.parametrize("seed", range(4))
def test_the_words_are_those_of_the_library(generator: Generator, seed: int, penalty: float) -> None:
    inputs = inputs_of(generator, seed)
    assert decoded(generator, inputs, repetition_penalty=penalty) == generated(
        generator, inputs, repetition_penalty=penalty
    )


def test_nothing_is_handed_on_past_the_end_of_the_text(generator: Generator) -> None:
    whole = decoded(generator, inputs_of(generator, 1))
    end = whole[7]
    assert decoded(generator, inputs_of(generator, 1), end_id=end) == whole[: whole.index(end)]


def test_it_stops_between_two_words_when_asked(generator: Generator) -> None:
    found: list[int] = []
    decoded(generator, inputs_of(generator, 1), on_token=found.append, should_stop=lambda: len(found) >= 3)
    assert len(found) == 3


def test_a_sample_follows_its_seed_and_the_models_probabilities(generator: Generator) -> None:
    inputs = inputs_of(generator, 2)
    same = [decoded(generator, inputs, temperature=1.0, seed=4) for _ in range(2)]
    assert same[0] == same[1] != decoded(generator, inputs, temperature=1.0, seed=5)
    drawn = torch.tensor(
        [decoded(generator, inputs, temperature=0.5, seed=seed, max_new_tokens=1, end_id=-1)[0] for seed in range(400)]
    )
    with torch.no_grad():
        shares = (generator.language_model(inputs_embeds=inputs).logits[0, -1] / 0.5).softmax(-1)
    best = int(shares.argmax())
    assert (drawn == best).double().mean().item() == pytest.approx(float(shares[best]), abs=0.12)


def test_the_text_of_the_loop_is_that_of_the_generator(generator: Generator) -> None:
    ids = decoded(generator, torch.cat([
        inputs_of(generator, 3),
        generator.language_model.get_input_embeddings()(torch.tensor([generator.instruction_ids(None)])),
    ], dim=1), repetition_penalty=1.05)  # fmt: skip
    text = generator.generate(inputs_of(generator, 3), decoding=Decoding(24, 1.05))
    assert text == generator.tokenizer.decode(ids)
