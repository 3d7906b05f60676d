"""The losses of the draft model: report text, findings, and whatever a recipe adds, end to end.

Notation used for tensor shapes: B batch, V views, P films of the batch, N patches, O observations, D feature width.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from gaze2report.data.dataset import FilmExample, StudyBatch, StudyExample
from gaze2report.gaze.gaze_sources import GazeMissing, GazeSupply, Scanpath
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.models.encoder import HybridEncoder
from gaze2report.models.gaze2report import Gaze2Report
from gaze2report.models.views import mean_over_views
from gaze2report.training.objective import Moment, Objective, ParameterGroup
from gaze2report.training.report_losses import ReportLosses, findings_loss, scanpath_loss
from gaze2report.types import Fixation, GazeSource

REPORT, FINDINGS, SCANPATH = "report", "findings", "scanpath"


@dataclass(frozen=True, eq=False)
class Computed:
    """What one forward pass computed, for losses that a recipe adds.

    Attributes
    ----------
    features : Tensor (P, N, D)
    gaze : list of PatchGaze
        P of them.
    logits : Tensor (B, O)
    prompt : Tensor (B, K, H)
    """

    batch: StudyBatch
    features: Tensor
    gaze: list[PatchGaze]
    logits: Tensor
    prompt: Tensor
    moment: Moment


class AddedLoss(Protocol):
    """A loss of a recipe beside those of report and findings; an nn.Module if it has parameters of its own.

    Attributes
    ----------
    name : str
    weight, lr : float
    """

    name: str
    weight: float
    lr: float

    def count(self, batch: StudyBatch) -> float:
        """How much of it there is in a batch."""
        ...

    def __call__(self, model: Gaze2Report, computed: Computed) -> Tensor:
        """Sum over the batch."""
        ...


class ReportObjective(Objective):
    """Trains a `Gaze2Report` model on studies with reports.

    Parameters
    ----------
    model : Gaze2Report
    losses : ReportLosses
    source : str
        Where the gaze of the films comes from.
    sigma_patches : float
        As in the model's config.
    others : sequence of FilmExample
        Films of the training split, for the sources ``medoid`` and ``shuffled``.
    added : sequence of AddedLoss
    """

    def __init__(
        self,
        model: Gaze2Report,
        losses: ReportLosses,
        source: GazeSource,
        *,
        sigma_patches: float = 1.0,
        others: Sequence[FilmExample] = (),
        added: Sequence[AddedLoss] = (),
    ) -> None:
        super().__init__()
        self.model, self.losses, self.source, self.sigma_patches = model, losses, source, sigma_patches
        self.added = list(added)
        self._added_modules = nn.ModuleList([one for one in added if isinstance(one, nn.Module)])
        self.loss_weights = {
            REPORT: 1.0,
            **({FINDINGS: losses.findings_weight} if losses.findings_weight else {}),
            **({SCANPATH: losses.scanpath_weight} if losses.scanpath_weight else {}),
            **{one.name: one.weight for one in added},
        }
        self._supply = GazeSupply(self._predicted, others)
        self._films: dict[str, Tensor] = {}
        self._predictions: dict[str, Scanpath] = {}
        self._ids: dict[str, list[int]] = {}
        self._freeze()

    def groups(self) -> list[ParameterGroup]:
        """Encoder, findings head, graph, prompt and LoRA, each at its rate."""
        made = [
            ParameterGroup(name, rate, [p for p in parameters if p.requires_grad])
            for name, (rate, parameters) in self._parts().items()
            if rate
        ]
        for one in self.added:
            if isinstance(one, nn.Module):
                made.append(ParameterGroup(one.name, one.lr, list(one.parameters())))
        return [group for group in made if group.parameters]

    def train(self, mode: bool = True) -> ReportObjective:
        """Set the mode of what is trained; what is not, and every batch normalisation, stays as at drafting."""
        super().train(mode)
        if mode:
            self.model.scanpath.train(bool(self.losses.scanpath_weight))
            if not self.losses.encoder_lr:
                self.model.encoder.eval()
            elif isinstance(self.model.encoder, HybridEncoder):
                self.model.encoder.trunk.eval()
        return self

    def counts(self, batch: StudyBatch) -> dict[str, float]:
        """Report tokens and known labels, by weight."""
        tokens = sum(len(self._report_ids(one)) * one.weight for one in batch.examples)
        known = (~batch.labels.isnan()).sum(1).cpu() * batch.weights.cpu()
        return {
            REPORT: float(tokens),
            FINDINGS: float(known.sum()),
            SCANPATH: float(sum(bool(film.recorded) for example in batch.examples for film in example.films)),
            **{one.name: float(one.count(batch)) for one in self.added},
        }

    def forward(self, batch: StudyBatch, moment: Moment) -> dict[str, Tensor]:
        """Sum of each loss over a batch."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and bool(self.losses.encoder_lr)):
            features = self.model.encoder(batch.pixels[batch.view_mask])  # (P, N, D)
        gaze = self._gaze(batch, features, moment)
        logits = mean_over_views(self.model.findings(features), batch.view_mask)  # (B, O)
        decisions, words = self._told(batch, logits.detach().float(), moment)
        prompt = self.model.prompt_tokens(features, gaze, decisions, batch.view_mask)
        ids = [self._report_ids(one) for one in batch.examples]
        per_report, _ = self.model.generator.report_losses(prompt, ids, words)
        sums = {REPORT: (per_report * batch.weights).sum()}
        if FINDINGS in self.loss_weights:
            sums[FINDINGS] = findings_loss(logits.float(), batch.labels, batch.weights)
        if SCANPATH in self.loss_weights:
            seen = features if self.losses.scanpath_shapes_encoder else features.detach()
            sums[SCANPATH] = scanpath_loss(self.model, seen, batch)
        computed = Computed(batch, features, gaze, logits, prompt, moment)
        return sums | {one.name: one(self.model, computed) for one in self.added}

    def kept_state(self) -> dict[str, Tensor]:
        """What is trained."""
        return {name: value for name, value in self.named_parameters() if value.requires_grad}

    def gaze_of(self, film: FilmExample, rng: np.random.Generator) -> Scanpath:
        """Fixations of a film under the source that is trained with."""
        if self.source == "recorded" and not film.recorded and self.losses.when_not_recorded != "error":
            other: GazeSource = "none" if self.losses.when_not_recorded == "none" else "predicted"
            return self._supply.fixations(other, film, rng)
        return self._supply.fixations(self.source, film, rng)

    def offer_features(self, features: Mapping[str, Tensor]) -> None:
        """Patch features (1, N, D) of films by image id, for gaze that is to be predicted."""
        self._films = dict(features)

    def _gaze(self, batch: StudyBatch, features: Tensor, moment: Moment) -> list[PatchGaze]:
        films = [film for example in batch.examples for film in example.films]
        self.offer_features({film.image_id: features[row : row + 1] for row, film in enumerate(films)})
        found = []
        for film in films:
            rng = draws_of(moment, film.image_id)
            is_left_out = moment.is_training and rng.random() < self.losses.no_gaze_share
            path: Scanpath = () if is_left_out else self.gaze_of(film, rng)
            found.append(aggregate(path, 1.0, 1.0, self.model.encoder.grid_side, self.sigma_patches))
        self.offer_features({})
        return found

    def _predicted(self, film: Any) -> Scanpath:
        """Scanpath that the model predicts; kept where the encoder does not change."""
        known = self._predictions.get(film.image_id)
        if known is not None:
            return known
        features = self._films.get(film.image_id)
        if features is None:
            raise GazeMissing(
                "controls made of other films' predicted gaze are not trained with; use recorded gaze, or none"
            )
        seed = int(draws_of(Moment(0, 0, False), film.image_id).integers(2**31))
        was_training = self.model.scanpath.training
        self.model.scanpath.eval()
        predicted = self.model.scanpath.predict(features.detach().float(), seed=seed)
        self.model.scanpath.train(was_training)
        path = tuple(Fixation(f.x, f.y, f.duration_s) for f in predicted)
        if not (self.losses.encoder_lr or self.losses.scanpath_weight):
            self._predictions[film.image_id] = path
        return path

    def _told(self, batch: StudyBatch, logits: Tensor, moment: Moment) -> tuple[Tensor, list[list[str] | None] | None]:
        """Decisions (B, O) that the prompt tells, and the words of the instruction."""
        if not self.model.with_observations:
            return torch.zeros_like(logits), None
        head = self.model.findings
        decisions = head.decisions(head.calibrated(logits))
        words: list[list[str] | None] = []
        for row, example in enumerate(batch.examples):
            rng = draws_of(moment, example.example_id)
            if moment.is_training and rng.random() >= self.losses.head_share:
                labels = batch.labels[row]
                pull = torch.from_numpy(rng.random(len(labels)) * self.losses.label_noise).to(labels)
                told = labels + pull * (0.5 - labels)
                decisions[row] = torch.where(labels.isnan(), decisions[row], told.to(decisions))
            says_none = moment.is_training and rng.random() < self.losses.no_words_share
            words.append(None if says_none else self.model.words_of(decisions[row]))
        return decisions, words

    def _report_ids(self, example: StudyExample) -> list[int]:
        known = self._ids.get(example.example_id)
        if known is None:
            report = example.report
            known = self.model.generator.report_ids(report.findings, report.impression, self.losses.max_report_tokens)
            self._ids[example.example_id] = known
        return known

    def _parts(self) -> dict[str, tuple[float, list[nn.Parameter]]]:
        model, rates = self.model, self.losses
        prompt = [*model.prompt.parameters(), *model.fusion.parameters()]
        if model.with_observations:
            prompt += list(model.observation_tokens.parameters())
        return {
            "encoder": (rates.encoder_lr, list(model.encoder.parameters())),
            "findings": (rates.findings_lr if rates.findings_weight else 0.0, list(model.findings.parameters())),
            "scanpath": (rates.scanpath_lr if rates.scanpath_weight else 0.0, list(model.scanpath.parameters())),
            # Without gaze the graph gives back its input: nothing could reach its parameters.
            "graph": (0.0 if self.source == "none" else rates.graph_lr, list(model.gaze_graph.parameters())),
            "prompt": (rates.prompt_lr, prompt),
            "lora": (rates.lora_lr, [p for n, p in model.generator.named_parameters() if "lora_" in n]),
        }

    def _freeze(self) -> None:
        """Leave everything as it is but what has a rate."""
        self.model.requires_grad_(False)
        for rate, parameters in self._parts().values():
            for parameter in parameters:
                parameter.requires_grad_(bool(rate))
        if self.losses.gradient_checkpointing:
            checkpoint_activations(self.model)


def draws_of(moment: Moment, name: str) -> np.random.Generator:
    """Generator of one example in one step: the same on every process, in every run with this seed."""
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    step = moment.step + 1 if moment.is_training else 0
    return np.random.default_rng((moment.seed, step, digest))


def checkpoint_activations(model: Gaze2Report) -> None:
    """Let language model and encoder compute activations anew in the backward pass instead of keeping them."""
    language_model = model.generator.language_model
    language_model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    vit = getattr(model.encoder, "vit", None)
    if vit is not None:
        vit.set_grad_checkpointing(True)


def known_labels(examples: Sequence[StudyExample]) -> Mapping[str, Tensor]:
    """How many studies have each observation present and absent, (O,) each."""
    labels = torch.stack([example.labels for example in examples])
    return {"present": (labels == 1).sum(0), "absent": (labels == 0).sum(0)}
