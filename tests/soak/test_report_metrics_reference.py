"""Text metrics beside the reference implementation itself, where pycocoevalcap 1.2 (and Java) are installed."""

from __future__ import annotations

import random
import shutil

import numpy as np
import pytest

from gaze2report.evaluation.report_metrics.bleu import bleu
from gaze2report.evaluation.report_metrics.cider import cider
from gaze2report.evaluation.report_metrics.meteor import MeteorScores, find_meteor, meteor
from gaze2report.evaluation.report_metrics.protocol import COCO, R2GEN, words
from gaze2report.evaluation.report_metrics.rouge import rouge_l

pytestmark = pytest.mark.soak

REFERENCES = [
    "The heart is normal in size. The lungs are clear. There is no pleural effusion or pneumothorax.",
    "Small right pleural effusion with adjacent basilar atelectasis. Mild cardiomegaly. No pneumothorax.",
    "Endotracheal tube terminates 4 cm above the carina. There is a left lower lobe consolidation concerning for "
    "pneumonia.",
]
GENERATED = [
    "Heart size is normal. Lungs are clear without focal consolidation. No pleural effusion or pneumothorax is seen.",
    "There is a moderate right pleural effusion. The cardiac silhouette is enlarged. No pneumothorax is identified.",
    "The endotracheal tube is in standard position. Left lower lobe opacity may represent pneumonia or atelectasis.",
]


@pytest.mark.skipif(shutil.which("java") is None or find_meteor() is None, reason="Java or METEOR's program is missing")
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("protocol", "corpus", "per_report"),
    [
        (COCO, 0.27508692265058127, [0.4120754, 0.2188703, 0.2091386]),
        (R2GEN, 0.27908320739308334, None),
    ],
    ids=["coco", "r2gen"],
)
def test_meteor_is_that_of_coco_caption(protocol, corpus, per_report):
    """Values of pycocoevalcap 1.2 with Java 17."""
    scores = meteor(words(GENERATED, protocol), words(REFERENCES, protocol), [[0, 1, 2], [1]])
    assert isinstance(scores, MeteorScores), scores
    assert scores.of_groups[0] == pytest.approx(corpus, abs=1e-12)
    assert scores.of_groups[1] == pytest.approx(scores.per_report[1], abs=1e-12)
    if per_report is not None:
        assert scores.per_report == pytest.approx(per_report, abs=1e-7)


def test_scores_of_made_corpora_are_those_of_coco_caption():
    pytest.importorskip("pycocoevalcap")
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    chance = random.Random(7)
    vocabulary = [f"w{number}" for number in range(40)]
    for _ in range(5):
        hypotheses, references = (
            [chance.choices(vocabulary, k=chance.randint(1, 60)) for _ in range(120)] for _ in range(2)
        )
        for number in range(0, 120, 2):
            hypotheses[number] = references[number][: chance.randint(1, 60)] + hypotheses[number][:5]
        gts, res = ({i: [" ".join(w)] for i, w in enumerate(side)} for side in (references, hypotheses))
        np.testing.assert_allclose(
            bleu(hypotheses, references), Bleu(4).compute_score(gts, res, verbose=0)[0], rtol=1e-9
        )
        np.testing.assert_allclose(rouge_l(hypotheses, references), Rouge().compute_score(gts, res)[1], rtol=1e-12)
        np.testing.assert_allclose(cider(hypotheses, references), Cider().compute_score(gts, res)[1], rtol=1e-9)
