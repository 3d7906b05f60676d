"""A language model with LoRA that is prompted by a film: shared by R2GenGPT, Gaze2Report and the image-blind baseline.

Notation used for tensor shapes: B batch, N patches, D feature width, K visual-gaze tokens, O observations, H
language-model width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn

from gaze2report.comparators.comparator import (
    EncodedFilm,
    FitSummary,
    Ingredients,
    ParameterCount,
    ReportCase,
    count_parameters,
)
from gaze2report.comparators.film_findings import FindingsTraining, train_findings_head
from gaze2report.data.report_corpus import LabelledReport
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.models.gaze2report import Gaze2Report, build_model
from gaze2report.models.generator import Decoding
from gaze2report.report_text import split_report
from gaze2report.training.train_language import Precision, autocast, labels_of, named_observations, soften
from gaze2report.types import CHEXPERT_OBSERVATIONS, Report

Sees = Literal["nothing", "film", "film and gaze"]


@dataclass(frozen=True)
class PromptTraining:
    """Settings of the fit.

    Attributes
    ----------
    observation_words : bool
        Let a findings head, trained on the same cases, name the observations in the instruction, as the embedded model
        does; False is the prompt of visual tokens alone, as R2GenGPT has it.
    validate_every, patience : int
        Steps between two looks at the validation loss, and looks without a better one after which the fit stops.
    """

    steps: int = 120
    batch_size: int = 8
    lora_lr: float = 5e-4
    prompt_lr: float = 2e-3
    label_noise: float = 0.3
    dropped_word_share: float = 0.05
    no_words_share: float = 0.1
    observation_words: bool = True
    validate_every: int = 20
    patience: int = 3
    precision: Precision = "float32"
    findings: FindingsTraining = field(default_factory=FindingsTraining)


class PromptedLanguageModel:
    """Fits the method's model, or as much of it as may be seen, on frozen features.

    Parameters
    ----------
    sees : str
        ``nothing``: a constant film, so that prompt and LoRA learn the usual report; ``film``: gaze is none, and the
        graph the identity; ``film and gaze``.
    """

    def __init__(self, ingredients: Ingredients, settings: PromptTraining, seed: int, sees: Sees) -> None:
        self._ingredients, self._settings, self._seed, self._sees = ingredients, settings, seed, sees
        self._model: Gaze2Report | None = None

    @property
    def model(self) -> Gaze2Report:
        """The model that was fitted."""
        if self._model is None:
            raise RuntimeError("a comparator writes nothing before it was fitted")
        return self._model

    def fit(
        self, training: Sequence[ReportCase], validation: Sequence[ReportCase], on_log: Callable[[str], None]
    ) -> FitSummary:
        """Train the findings head, then LoRA, prompt and graph; the weights of the lowest validation loss are kept."""
        torch.manual_seed(self._seed)
        self._model = model = self._fresh_model()
        if self._names_observations:
            train_findings_head(model.findings, training, validation, self._settings.findings, self._seed)
        for module in (model.encoder, model.findings, model.scanpath):
            module.requires_grad_(False)
        return self._fit_prompt(training, validation, on_log)

    def generate(self, film: EncodedFilm) -> Report:
        """Write greedily."""
        features, gaze = self._seen(film)
        config = self._ingredients.config.decoding
        decoding = Decoding(self._ingredients.max_report_tokens, config.repetition_penalty, config.temperature)
        with torch.inference_mode():
            decisions = self._decisions(features[None])
            tokens = self.model.prompt_tokens(features[None], [gaze], decisions)
            words = self.model.words_of(decisions[0])
        return split_report(self.model.generator.generate(tokens, words, decoding=decoding, seed=self._seed))

    def parameters(self) -> ParameterCount:
        """All but the shared encoder and the scanpath predictor; without gaze the graph is the identity."""
        model = self.model
        used: list[nn.Module] = [model.generator.language_model, model.prompt]
        if self._sees == "film and gaze":
            used.append(model.gaze_graph)
        if self._names_observations:
            used += [model.observation_tokens, model.findings]
        count = count_parameters(*used)
        of_head = sum(p.numel() for p in model.findings.parameters()) if self._names_observations else 0
        return ParameterCount(count.trained + of_head, count.whole)  # the head was trained first, then frozen

    @property
    def _names_observations(self) -> bool:
        return self._settings.observation_words and self._sees != "nothing"

    def _fresh_model(self) -> Gaze2Report:
        config = self._ingredients.config
        config = replace(config, prompt=replace(config.prompt, observations=self._names_observations))
        lora = LoraConfig(
            r=config.lora.rank,
            lora_alpha=config.lora.alpha,
            lora_dropout=0.0,
            target_modules=list(config.lora.targets),
            task_type="CAUSAL_LM",
        )
        peft_model = get_peft_model(self._ingredients.load_language_model(), lora)  # type: ignore[arg-type]
        model = build_model(config, peft_model, self._ingredients.tokenizer)
        words = [name.lower() for name in CHEXPERT_OBSERVATIONS]
        model.observation_tokens.start_from_words(
            model.generator.word_embeddings(words), model.generator.word_embeddings([f"no {word}" for word in words])
        )
        return model

    def _fit_prompt(
        self, training: Sequence[ReportCase], validation: Sequence[ReportCase], on_log: Callable[[str], None]
    ) -> FitSummary:
        model, settings = self.model, self._settings
        rng = np.random.default_rng(self._seed)
        lora = [p for p in model.generator.parameters() if p.requires_grad]
        parts = [model.prompt, model.observation_tokens, model.gaze_graph]
        prompt = [p for part in parts for p in part.parameters()]
        optimizer = torch.optim.AdamW(
            [{"params": lora, "lr": settings.lora_lr}, {"params": prompt, "lr": settings.prompt_lr}], weight_decay=0.0
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, [settings.lora_lr, settings.prompt_lr], total_steps=settings.steps, pct_start=0.1
        )
        best, best_state, waited, step = float("inf"), _trained_state(model), 0, 0
        rows: list[int] = []
        for step in range(1, settings.steps + 1):
            if len(rows) < settings.batch_size:
                rows = [*rows, *rng.permutation(len(training)).tolist()]
            taken, rows = rows[: settings.batch_size], rows[settings.batch_size :]
            model.generator.train()
            with autocast(settings.precision):
                loss = self._loss([training[row] for row in taken], rng)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_([*lora, *prompt], 1.0)
            optimizer.step()
            schedule.step()
            if step % settings.validate_every and step != settings.steps:
                continue
            found = self._validation_loss(validation)
            on_log(f"  step {step}/{settings.steps}: training loss {loss.item():.4f}, validation loss {found:.4f}")
            waited = 0 if found < best else waited + 1
            if found < best:
                best, best_state = found, _trained_state(model)
            if waited >= settings.patience:
                break
        model.load_state_dict(best_state, strict=False)
        model.eval()
        return FitSummary(step, best)

    def _loss(self, cases: Sequence[ReportCase], rng: np.random.Generator) -> Tensor:
        """Loss of a training batch: the instruction names what the report asserts, now and then less."""
        settings = self._settings
        labelled = [_labelled(case) for case in cases]
        words = None
        if self._names_observations:
            words = [named_observations(r, settings.no_words_share, settings.dropped_word_share, rng) for r in labelled]
        return self._report_loss(cases, soften(labels_of(labelled), settings.label_noise, rng), words)

    @torch.no_grad()
    def _validation_loss(self, cases: Sequence[ReportCase]) -> float:
        """Mean loss of a report, with the findings head's decisions as when a report is written."""
        self.model.generator.eval()
        losses, size = [], self._settings.batch_size
        for start in range(0, len(cases), size):
            rows = cases[start : start + size]
            decisions = self._decisions(torch.stack([self._seen(case.film)[0] for case in rows]))
            words = [self.model.words_of(one) for one in decisions]
            with autocast(self._settings.precision):
                losses.append(self._report_loss(rows, decisions, words, reduction="none").float())
        return float(torch.cat(losses).mean())

    def _report_loss(
        self,
        cases: Sequence[ReportCase],
        decisions: Tensor,
        words: Sequence[Sequence[str] | None] | None,
        reduction: str = "mean",
    ) -> Tensor:
        seen = [self._seen(case.film) for case in cases]
        tokens = self.model.prompt_tokens(
            torch.stack([features for features, _ in seen]), [gaze for _, gaze in seen], decisions
        )
        generator, longest = self.model.generator, self._ingredients.max_report_tokens
        ids = [generator.report_ids(case.report.findings, case.report.impression, longest) for case in cases]
        return generator.loss(tokens, ids, words, reduction=reduction)

    def _decisions(self, features: Tensor) -> Tensor:
        """What the findings head asserts of features (B, N, D): (B, O); nothing where it may not be asked."""
        head = self.model.findings
        if not self._names_observations:
            return torch.zeros(len(features), len(CHEXPERT_OBSERVATIONS))
        return head.decisions(head.probabilities(features))

    def _seen(self, film: EncodedFilm) -> tuple[Tensor, PatchGaze]:
        """Features (N, D) and gaze of a film, as far as this comparator may see them."""
        features = film.features.float()
        no_gaze = aggregate((), 1, 1, round(len(features) ** 0.5))
        if self._sees == "nothing":
            return torch.zeros_like(features), no_gaze
        return features, film.gaze if self._sees == "film and gaze" else no_gaze


def _labelled(case: ReportCase) -> LabelledReport:
    return LabelledReport(case.example_id, case.report.findings, case.report.impression, case.observations)


def _trained_state(model: Gaze2Report) -> dict[str, Tensor]:
    """Copy of every weight that takes gradients."""
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}
