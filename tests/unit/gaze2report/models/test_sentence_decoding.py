"""Drawing sentence by sentence: what is handed on is the text, what does not agree is drawn anew."""

from __future__ import annotations

import pytest
import tiny_model
import torch

from gaze2report.models.generator import Decoding, Generator, seed_of_text
from gaze2report.sentence_agreement import SentenceAgreement

DRAWN = Decoding(max_new_tokens=120, temperature=1.0, top_p=1.0, repetition_penalty=1.0, max_tries=6)


@pytest.fixture(scope="module")
def generator() -> Generator:
    return Generator(tiny_model.tiny_language_model(), tiny_model.tiny_tokenizer())


def draw(generator: Generator, seed: int = 0, **asked) -> tuple[str, list[str]]:
    pieces: list[str] = []
    prompt = torch.zeros(1, 2, generator.width)
    return generator.generate(prompt, None, decoding=DRAWN, seed=seed, on_text=pieces.append, **asked), pieces


def test_the_pieces_are_the_text_and_the_seed_decides(generator: Generator) -> None:
    text, pieces = draw(generator)
    assert "".join(pieces) == text
    assert text
    assert draw(generator)[0] == text
    assert draw(generator, seed=1)[0] != text


def test_a_sentence_that_is_not_accepted_is_drawn_anew_from_where_it_began(generator: Generator) -> None:
    asked: list[str] = []

    def refuse_first(sentence: str) -> bool:
        asked.append(sentence)
        return len(asked) > 1

    text, pieces = draw(generator, accepts=refuse_first)
    assert "".join(pieces) == text
    assert asked  # a sentence came to its end and was refused ...
    assert not text.startswith(asked[0])  # ... and nothing of it stays
    assert draw(generator)[0].startswith(asked[0])


def test_the_words_after_a_refusal_have_the_same_chances_as_without(generator: Generator) -> None:
    """Greedy after a refusal gives what greedy gives at once: nothing of the refused sentence stays in the cache."""
    certain = Decoding(max_new_tokens=40, temperature=1e-4, repetition_penalty=1.0, max_tries=2)
    prompt = torch.zeros(1, 2, generator.width)
    once = generator.generate(prompt, None, decoding=certain)
    again = generator.generate(prompt, None, decoding=certain, accepts=lambda _: False)
    assert again == once


def test_drawing_stops_when_asked(generator: Generator) -> None:
    assert draw(generator, should_stop=lambda: True)[0] == ""


def test_another_film_and_another_seed_give_another_draw() -> None:
    assert len({seed_of_text(picture, seed) for picture in ("a", "b") for seed in (0, 1)}) == 4


@pytest.mark.parametrize(
    ("observed", "sentence", "agrees"),
    [
        (["Edema"], "There is mild pulmonary edema.", True),
        (["Edema"], "There is a pleural effusion.", False),
        (["Edema"], "No pulmonary edema.", False),
        (["Pneumonia"], "The lungs are clear.", False),
        (["Pneumonia"], "No acute cardiopulmonary abnormality.", False),
        ([], "No acute cardiopulmonary abnormality.", True),
        ([], "The lungs are clear.", True),
        ([], "There is airspace disease.", False),
        (["No Finding"], "The heart is normal in size.", True),
        ([], "The heart size is unchanged.", False),
        (["Atelectasis"], "There is a atelectasis.", False),
        (["Pneumonia"], "There is a pneumonia.", False),
        (["Pneumonia"], "Patchy airspace disease which may represent.", False),
        (None, "There is a pleural effusion.", True),
    ],
)
def test_a_sentence_agrees_with_what_is_to_be_reported(observed, sentence: str, agrees: bool) -> None:
    assert SentenceAgreement(observed)(f" {sentence}") is agrees


def test_nothing_is_said_twice_in_a_section_but_the_impression_may_repeat() -> None:
    agreement = SentenceAgreement(["Edema"])
    assert agreement(" Mild edema.")
    assert not agreement(" Mild edema.")
    assert agreement("\nImpression: Mild edema.")
    assert not agreement(" Mild edema.")
