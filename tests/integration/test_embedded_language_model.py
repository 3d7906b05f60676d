"""The language model that `make` has fetched is the one the embedded weights were trained on."""

from __future__ import annotations

from tokenizers import Tokenizer

from gaze2report import language_model


def test_the_fetched_language_model_is_whole():
    assert language_model.verify(deep=True).sha256 == language_model.WEIGHTS_SHA256


def test_its_tokenizer_gives_the_tokens_of_the_original():
    tokenizer = Tokenizer.from_file(str(language_model.locate().path / "tokenizer.json"))
    tokens = tokenizer.encode("The heart is normal in size.").ids
    assert tokens == [504, 1911, 314, 2955, 281, 2203, 30]
    assert tokenizer.decode(tokens) == "The heart is normal in size."
