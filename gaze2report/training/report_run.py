"""``train-report``: a recipe and a training set to an adapter version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from peft import LoraConfig, get_peft_model

from gaze2report import __version__, base_models
from gaze2report.base_models import EMBEDDED, INSIDE, BaseModel
from gaze2report.config import ModelConfig
from gaze2report.data.dataset import StudyDataset
from gaze2report.data.splits import Split
from gaze2report.data.training_example import ReportKind
from gaze2report.data.training_set import TrainingSet, file_sha256
from gaze2report.data.transforms import Preprocessing
from gaze2report.errors import Gaze2ReportError
from gaze2report.models.adapter import AdapterManifest, load_adapter, read_manifest, save_adapter
from gaze2report.models.encoder import ViTEncoder
from gaze2report.models.gaze2report import Gaze2Report, build_model
from gaze2report.models.generator import load_language_model
from gaze2report.scanpath_prediction import ScanpathModelConfig, load_predictor, read_predictor_manifest
from gaze2report.training.added_losses import make_added_losses
from gaze2report.training.loop import Progress, make_accelerator
from gaze2report.training.made_language_model import make_language_model
from gaze2report.training.report_card import write_report_card
from gaze2report.training.report_recipe import MADE, ReportRecipe
from gaze2report.training.report_training import TrainingResult, train
from gaze2report.types import CHEXPERT_OBSERVATIONS, GazeSource

Log = Callable[[str], None]


@dataclass
class ReportRun:
    """One run of ``train-report``.

    Parameters
    ----------
    recipe : ReportRecipe
    data : Path
        Training-set folder.
    out : Path
        Adapter version to write; must not exist.
    work : Path
        Checkpoints and curves.
    parent : Path, optional
        Adapter version whose weights the run begins with; its model's sizes are taken over.
    encoder : Path, optional
        Weights of the recipe's timm ViT, as safetensors.
    scanpath : Path, optional
        A predictor of ``train-scanpath``: its encoder and its decoder, sizes included, take the place of the recipe's.
    """

    recipe: ReportRecipe
    data: Path
    out: Path
    work: Path
    parent: Path | None = None
    encoder: Path | None = None
    scanpath: Path | None = None

    def run(
        self, *, resume: bool = True, on_progress: Progress = lambda *_: None, on_log: Log = print
    ) -> tuple[TrainingResult, Path | None]:
        """Train and write the adapter version; only the main process writes and gives its folder.

        Raises
        ------
        Gaze2ReportError
            With what is missing, in the way, or does not fit.
        """
        if self.out.exists():
            raise Gaze2ReportError(
                f"{self.out} exists already; an adapter version is never changed, name another folder"
            )
        accelerator = make_accelerator(self.recipe.training)
        say = on_log if accelerator.is_main_process else _say_nothing
        training_set = TrainingSet.open(self.data)
        parent = read_manifest(self.parent) if self.parent else None
        with accelerator.main_process_first():  # it writes the made language model
            base = self._base(training_set, parent)
        model, config = self._model(base, parent)
        train_set, val_set = self._datasets(training_set, config, say)
        added = make_added_losses(self.recipe.added, model, train_set.index, self.recipe.losses.encoder_lr)
        say(f"{len(train_set)} studies to train on, {len(val_set)} to validate on; on {accelerator.device}")
        try:
            result = train(
                model,
                config,
                train_set,
                val_set,
                work=self.work,
                losses=self.recipe.losses,
                settings=self.recipe.training,
                calibration=self.recipe.calibration,
                gaze=cast(GazeSource, self.recipe.data.gaze),
                added=added,
                identity=self._identity(training_set, base, parent),
                resume=resume,
                is_continued=parent is not None,
                accelerator=accelerator,
                on_progress=on_progress,
                on_log=say,
            )
        finally:
            train_set.close()
            val_set.close()
        written = self._write(model, config, base, parent, training_set, result) if result.fit.is_main else None
        return result, written

    def _base(self, training_set: TrainingSet, parent: AdapterManifest | None) -> BaseModel:
        source = self.recipe.language_model.source
        if parent is not None:
            return base_models.find(parent.base_model_sha256, parent.base_model, self.parent)
        if source == EMBEDDED:
            return base_models.embedded()
        if source == MADE:
            texts = [
                f" {text}"
                for example in training_set.examples()
                for report in example.reports
                for name, text in report.sections.items()
                if name in ("findings", "impression")
            ]
            # Named by its settings: another recipe in the same work folder makes another one.
            made = self.recipe.language_model.made
            name = hashlib.sha256(json.dumps([asdict(made), training_set.manifest.sha256]).encode()).hexdigest()[:12]
            return make_language_model(self.work / f"made-{name}", texts, made)
        return base_models.of_folder(Path(source))

    def _model(self, base: BaseModel, parent: AdapterManifest | None) -> tuple[Gaze2Report, ModelConfig]:
        torch.manual_seed(self.recipe.training.seed)
        language_model, tokenizer = load_language_model(base.path, _dtype(self.recipe))
        if parent is not None and self.parent is not None:
            model, config, _ = load_adapter(self.parent, language_model, tokenizer, base.sha256)
            return model, replace(config, decoding=self.recipe.model.decoding)
        config = self.recipe.model
        predictor = load_predictor(self.scanpath)[0] if self.scanpath else None
        if predictor is not None:
            config = with_predictor(config, predictor.config)
        model = build_model(config, with_lora(language_model, config), tokenizer)
        if predictor is not None:
            model.encoder.load_state_dict(predictor.encoder.state_dict())
            model.scanpath.load_state_dict(predictor.predictor.state_dict())
        if self.encoder is not None:
            if not isinstance(model.encoder, ViTEncoder):
                raise Gaze2ReportError("--encoder gives weights of a ViT, and the recipe's encoder is none")
            model.encoder.take_weights(self.encoder)
        if config.prompt.observations:
            names = [name.lower() for name in CHEXPERT_OBSERVATIONS]
            words = model.generator.word_embeddings
            model.observation_tokens.start_from_words(words(names), words([f"no {name}" for name in names]))
        return model, config

    def _datasets(self, training_set: TrainingSet, config: ModelConfig, say: Log) -> tuple[StudyDataset, StudyDataset]:
        data = self.recipe.data
        made = []
        for split, limit in (("train", data.max_train), (data.validate_on, data.max_val)):
            dataset = StudyDataset(
                training_set,
                cast(Split, split),
                Preprocessing(side_px=config.encoder.image_side_px),
                report_kind=cast(ReportKind, data.report_kind),
                max_views=config.views.max_views,
                limit=limit or None,
            )
            for reason, count in dataset.left_out.items():
                say(f"{split}: {count} studies left out: {reason}")
            if not len(dataset):
                raise Gaze2ReportError(f"{training_set.folder}: no study of the split {split!r} has film and report")
            made.append(dataset)
        return made[0], made[1]

    def _identity(self, training_set: TrainingSet, base: BaseModel, parent: AdapterManifest | None) -> dict[str, Any]:
        return {
            "training_set": training_set.manifest.sha256,
            "data": asdict(self.recipe.data),
            **({"added": self.recipe.added} if self.recipe.added else {}),
            "base_model": base.sha256,
            "parent": parent.sha256 if parent else None,
            "encoder": file_sha256(self.encoder) if self.encoder else None,
            "scanpath": read_predictor_manifest(self.scanpath).files if self.scanpath else None,
        }

    def _write(
        self,
        model: Gaze2Report,
        config: ModelConfig,
        base: BaseModel,
        parent: AdapterManifest | None,
        training_set: TrainingSet,
        result: TrainingResult,
    ) -> Path:
        described = training_set.manifest.description
        is_made = base.path.name == INSIDE or self.recipe.language_model.source == MADE
        manifest = AdapterManifest(
            name=self.out.name,
            base_model=base.name,
            base_model_sha256=base.sha256,
            preprocessing_sha256=Preprocessing(side_px=config.encoder.image_side_px).sha256(),
            code_version=__version__,
            parent=parent.sha256 if parent else None,
            training_set={
                "name": described.name,
                "kind": described.kind,
                "sha256": training_set.manifest.sha256,
                "licence": described.licence,
                "may_be_shared": described.may_be_shared,
                **asdict(self.recipe.data),
            },
            recipe=self.recipe.name,
            metrics={**result.metrics, "settings": _settings(self.recipe)},
        )
        return save_adapter(
            self.out,
            model.cpu(),
            config,
            manifest,
            write_report_card(manifest),
            language_model=base.path if is_made else None,
        )


def with_predictor(config: ModelConfig, predictor: ScanpathModelConfig) -> ModelConfig:
    """Sizes of a model around the encoder and decoder of a scanpath predictor.

    Raises
    ------
    Gaze2ReportError
        If it was trained on films prepared otherwise than for drafting.
    """
    if predictor.preprocessing.sha256() != Preprocessing(side_px=predictor.encoder.image_side_px).sha256():
        raise Gaze2ReportError(
            f"the scanpath predictor was trained on films prepared otherwise than for drafting: "
            f"{predictor.preprocessing}"
        )
    return replace(config, encoder=predictor.encoder, scanpath=predictor.scanpath)


def with_lora(language_model: Any, config: ModelConfig) -> Any:
    """Put a fresh LoRA adapter around a language model."""
    lora = config.lora
    is_everywhere = lora.targets == ("all-linear",)
    settings = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear" if is_everywhere else list(lora.targets),
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(language_model, settings)
    except ValueError as error:
        raise Gaze2ReportError(
            f"the LoRA targets {list(lora.targets)} do not fit this language model: {error}"
        ) from error


def _dtype(recipe: ReportRecipe) -> torch.dtype:
    """Precision of the language model, which is not trained: halved on a GPU, where it fills the memory."""
    precision = recipe.training.precision
    is_half = torch.cuda.is_available() and precision in ("automatic", "bfloat16")
    return torch.bfloat16 if is_half else torch.float32


def _settings(recipe: ReportRecipe) -> dict[str, Any]:
    return {"training": asdict(recipe.training), "losses": asdict(recipe.losses), "lora": asdict(recipe.model.lora)}


def _say_nothing(_: str) -> None:
    return
