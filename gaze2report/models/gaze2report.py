"""Gaze2Report: encoder, scanpath, gaze graph, prompt and generator in their order, and the findings head.

Notation used for tensor shapes: B batch, V views, P films of the batch, N patches, K visual-gaze tokens,
O observations, D feature width, H language-model width, S image side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gaze2report.config import ModelConfig
from gaze2report.gaze.time_aggregation import PatchGaze, aggregate
from gaze2report.models.encoder import HybridEncoder, ViTEncoder
from gaze2report.models.film_check import FilmCheck
from gaze2report.models.film_features import FilmDescriptor, FilmFeatures
from gaze2report.models.findings import CalibratedLogits, FindingsHead
from gaze2report.models.findings_probe import FindingsProbe
from gaze2report.models.gaze_graph import GazeGraph
from gaze2report.models.generator import NO_FINDING, Decoding, Generator
from gaze2report.models.lung_zones import LungZones
from gaze2report.models.prompt import ObservationTokens, VisualGazePrompt
from gaze2report.models.scanpath import PredictedFixation, ScanpathPredictor
from gaze2report.models.scanpath_decoders import build_scanpath_predictor
from gaze2report.models.views import StudyFusion
from gaze2report.sentence_agreement import SentenceAgreement
from gaze2report.types import CHEXPERT_OBSERVATIONS, Fixation


@dataclass(frozen=True, eq=False)
class Seen:
    """Films as the model sees them: patch features (B, N, D), and the whole film and its mirror image if described."""

    patches: Tensor
    film: FilmFeatures | None = None
    mirrored: FilmFeatures | None = None


class FilmReader(nn.Module):
    """What is read off the whole film: findings probe, refusal by pixels, and lung zones."""

    def __init__(self, trunk: str, trunk_stages: int, n_map_channels: int) -> None:
        super().__init__()
        self.descriptor = FilmDescriptor(trunk, trunk_stages)
        self.probe = FindingsProbe(self.descriptor.n_channels, n_map_channels)
        self.check = FilmCheck(self.descriptor, n_map_channels)
        self.zones = LungZones(n_map_channels)


class Gaze2Report(nn.Module):
    """The model of the method (arXiv 2604.08600), each part a module of its own.

    Attributes
    ----------
    encoder : image (B, 1, S, S) to patch features (B, N, D)
    findings : patch features to observation logits (B, O)
    scanpath : patch features to ordered fixations and a duration map (B, N)
    gaze_graph : patch features and gaze to node features (B, N, D)
    fusion : node features of the films of a study to those of the study
    prompt : node features to visual-gaze tokens (B, K, H)
    observation_tokens : observation decisions (B, O) to observation tokens (B, O, H)
    generator : prompt to text
    film_reader : whole film to findings, refusal and lung zones; None where the config describes no films
    """

    def __init__(
        self,
        encoder: HybridEncoder | ViTEncoder,
        findings: FindingsHead,
        scanpath: ScanpathPredictor,
        gaze_graph: GazeGraph,
        prompt: VisualGazePrompt,
        observation_tokens: ObservationTokens,
        generator: Generator,
        fusion: StudyFusion | None = None,
        *,
        with_observations: bool = True,
        film_reader: FilmReader | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.findings = findings
        self.scanpath = scanpath
        self.gaze_graph = gaze_graph
        self.prompt = prompt
        self.observation_tokens = observation_tokens
        self.generator = generator
        self.fusion = fusion or StudyFusion(encoder.width)
        self.with_observations = with_observations
        self.film_reader = film_reader

    def see(self, image: Tensor) -> Seen:
        """Encode images (B, 1, S, S) in [0, 1]."""
        if self.film_reader is None or not isinstance(self.encoder, HybridEncoder):
            return Seen(self.encoder(image))
        describe = self.film_reader.descriptor
        film, mirrored = describe(self.encoder, image), describe(self.encoder, image.flip(-1))
        return Seen(self.encoder.from_trunk_map(film.maps), film, mirrored)

    @property
    def calibration(self) -> CalibratedLogits:
        """What calibrates the findings: of probe and head together where there is a probe."""
        return self.findings if self.film_reader is None else self.film_reader.probe

    def finding_probabilities(self, seen: Seen) -> Tensor:
        """Calibrated probabilities (B, O) of the observations."""
        logits = self.findings(seen.patches)
        if self.film_reader is not None and seen.film is not None and seen.mirrored is not None:
            probe = self.film_reader.probe
            logits = probe.together(probe(seen.film, seen.mirrored), logits)
        return self.calibration.calibrated(logits)

    def prompt_tokens(
        self, features: Tensor, gaze: Sequence[PatchGaze], decisions: Tensor, view_mask: Tensor | None = None
    ) -> Tensor:
        """Make the prompt (B, K + O, H), or (B, K, H) without observations.

        Parameters
        ----------
        features : Tensor (P, N, D)
            Patch features of all films, study by study.
        gaze : sequence of PatchGaze
            P of them.
        decisions : Tensor (B, O)
        view_mask : Tensor (B, V), bool, optional
            Which views the studies have; by default every film is a study.
        """
        if view_mask is None:
            view_mask = torch.ones(len(features), 1, dtype=torch.bool, device=features.device)
        visual = self.prompt(*self.fusion(self.gaze_graph(features, gaze), view_mask))
        return torch.cat([visual, self.observation_tokens(decisions)], dim=1) if self.with_observations else visual

    def words_of(self, decisions: Tensor) -> list[str] | None:
        """Observations (O,) that the instruction names; None where it names none at all."""
        return reported_observations(decisions) if self.with_observations else None

    def draft(
        self,
        features: Tensor,
        gaze: PatchGaze | Sequence[PatchGaze],
        decisions: Tensor,
        *,
        decoding: Decoding,
        seed: int = 0,
        begun: str = "",
        on_text: Callable[[str], None] = lambda _: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> str:
        """Write the report of one study from its features (V, N, D), gaze and decisions (1, O), or go on with one."""
        of_films = [gaze] if isinstance(gaze, PatchGaze) else gaze
        views = torch.ones(1, len(of_films), dtype=torch.bool, device=features.device)
        with torch.inference_mode():
            tokens = self.prompt_tokens(features, of_films, decisions, views)
        observed = self.words_of(decisions[0])
        return self.generator.generate(
            tokens,
            observed,
            accepts=SentenceAgreement(observed, begun),
            decoding=decoding,
            seed=seed,
            begun=begun,
            on_text=on_text,
            should_stop=should_stop,
        )

    def without_language_model(self) -> dict[str, Tensor]:
        """State of every part that an adapter version stores itself: all but the language model."""
        return {name: value for name, value in self.state_dict().items() if not name.startswith("generator.")}


def build_encoder(config: ModelConfig) -> HybridEncoder | ViTEncoder:
    """Build the encoder that a config names."""
    e = config.encoder
    if e.vit:
        return ViTEncoder(e.vit, e.image_side_px)
    return HybridEncoder(e.trunk, e.trunk_stages, e.width, e.depth, e.n_heads, e.image_side_px, taps=e.trunk_taps)


def build_model(config: ModelConfig, language_model: Any, tokenizer: Any) -> Gaze2Report:
    """Build the whole model with fresh weights around a language model that already has its LoRA adapter, if any."""
    encoder = build_encoder(config)
    generator = Generator(language_model, tokenizer, begin_of_text=config.prompt.begin_of_text)
    g = config.graph
    return Gaze2Report(
        encoder=encoder,
        findings=FindingsHead(encoder.width),
        scanpath=build_scanpath_predictor(config.scanpath, encoder.width, encoder.grid_side),
        gaze_graph=GazeGraph(
            encoder.width,
            encoder.grid_side,
            g.depth,
            g.n_neighbours,
            g.gaze_weight,
            layer=g.layer,
            n_heads=g.n_heads,
            transition_weight=g.transition_weight,
        ),
        prompt=VisualGazePrompt(encoder.width, generator.width, config.prompt.n_tokens, generator.embedding_norm),
        observation_tokens=ObservationTokens(len(CHEXPERT_OBSERVATIONS), generator.width, generator.embedding_norm),
        generator=generator,
        fusion=StudyFusion(encoder.width, "mean" if config.views.fusion == "mean" else "concatenate"),
        with_observations=config.prompt.observations,
        film_reader=_film_reader(config, encoder),
    )


def _film_reader(config: ModelConfig, encoder: HybridEncoder | ViTEncoder) -> FilmReader | None:
    if not config.film.is_described or not isinstance(encoder, HybridEncoder):
        return None
    return FilmReader(config.encoder.trunk, config.encoder.trunk_stages, encoder.trunk_channels)


def reported_observations(decisions: Tensor) -> list[str]:
    """Names of the observations that decisions (O,) assert: those of 0.5 or more, and none where the film is normal.

    ``No Finding`` of 0.5 or more silences the others. Each of them alone crosses its threshold on some normal films;
    together they made 49 % of normal films abnormal, and 27 % with this rule (out of fold; F1 over observations rose
    from 0.571 to 0.587).
    """
    firm = [name for name, value in zip(CHEXPERT_OBSERVATIONS, decisions.tolist(), strict=True) if value >= 0.5]
    return [NO_FINDING] if NO_FINDING in firm else firm


def to_patch_gaze(fixations: Sequence[PredictedFixation], grid_side: int, sigma_patches: float) -> PatchGaze:
    """Aggregate a predicted scanpath over the patches."""
    on_unit_square = [Fixation(f.x, f.y, f.duration_s) for f in fixations]
    return aggregate(on_unit_square, 1.0, 1.0, grid_side, sigma_patches)
