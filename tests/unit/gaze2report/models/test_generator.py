from __future__ import annotations

import pytest
import tiny_model
import torch

from gaze2report.models.generator import Decoding, Generator


@pytest.fixture(scope="module")
def generator() -> Generator:
    return tiny_model.tiny_model().generator


def prompt(seed: int, generator: Generator, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, 5, generator.width, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def test_the_loss_is_that_of_the_model_run_on_one_report_alone(generator: Generator) -> None:
    reports = [
        generator.report_ids("Clear.", "Normal.", 96),
        generator.report_ids("Left effusion is seen.", "Effusion.", 96),
    ]
    prompts = prompt(0, generator, batch=2)
    words = [None, ["Pleural Effusion"]]
    together = generator.loss(prompts, reports, words, reduction="none")
    for row, report in enumerate(reports):
        ids = torch.tensor([[*generator.instruction_ids(words[row]), *report]])
        inputs = torch.cat([prompts[row : row + 1], generator.language_model.get_input_embeddings()(ids)], dim=1)
        logits = generator.language_model(inputs_embeds=inputs).logits[0, -len(report) - 1 : -1]
        alone = torch.nn.functional.cross_entropy(logits, torch.tensor(report))
        assert together[row] == pytest.approx(float(alone), rel=1e-4)


def test_the_same_seed_gives_the_same_text_and_sampling_does_not_disturb_the_callers_seed(generator: Generator) -> None:
    sampled = Decoding(max_new_tokens=20, temperature=1.0)
    texts = [generator.generate(prompt(0, generator), decoding=sampled, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    generator.generate(prompt(0, generator), decoding=sampled, seed=9)
    assert torch.equal(torch.rand(1), expected)


def test_streamed_pieces_are_the_text(generator: Generator) -> None:
    pieces: list[str] = []
    text = generator.generate(prompt(1, generator), decoding=Decoding(max_new_tokens=30), on_text=pieces.append)
    assert text == "".join(pieces)
    assert len(pieces) > 1


def test_generation_stops_between_two_tokens_when_asked(generator: Generator) -> None:
    pieces: list[str] = []
    whole = generator.generate(prompt(1, generator), decoding=Decoding(max_new_tokens=40))
    text = generator.generate(
        prompt(1, generator),
        decoding=Decoding(max_new_tokens=40),
        on_text=pieces.append,
        should_stop=lambda: len(pieces) >= 3,
    )
    assert len(pieces) <= 5
    assert whole.startswith(text)
    assert len(text) < len(whole)


def test_the_prompt_changes_the_text(generator: Generator) -> None:
    decoding = Decoding(max_new_tokens=30)
    texts = {generator.generate(prompt(seed, generator) * 3, decoding=decoding) for seed in range(4)}
    assert len(texts) > 1


def test_the_instruction_names_what_is_to_be_reported(generator: Generator) -> None:
    def text(observed: list[str] | None) -> str:
        return generator.tokenizer.decode(generator.instruction_ids(observed))

    assert text(["Edema", "Pleural Effusion"]).startswith("Observations: edema, pleural effusion.\n")
    assert text([]) == text(["No Finding"])
    assert "no finding" in text([])
    assert "Observations" not in text(None)


def test_a_long_report_is_cut_but_always_ends(generator: Generator) -> None:
    ids = generator.report_ids("word " * 200, "end", 32)
    assert len(ids) == 32
    assert ids[-1] == generator.tokenizer.eos_token_id
