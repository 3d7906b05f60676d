"""Two systems on the same reports: a difference that was planted is found, and one that is not there is not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gaze2report.evaluation.label_scores import score_report_labels
from gaze2report.evaluation.report_metrics.bleu import bleu_counts, bleu_of_counts
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO, R2GEN
from gaze2report.evaluation.report_metrics.report_scores import ReportPair, score_reports
from gaze2report.evaluation.statistics.significance import permutation_test_of_counts
from gaze2report.evaluation.system_comparison import compare_systems

FINDINGS = ["pleural effusion", "pulmonary edema", "consolidation", "atelectasis", "pneumothorax", "cardiomegaly"]
PATIENTS = [f"P{number // 2}" for number in range(80)]


def reports(random, share_right):
    """References that name one finding, and reports that name it as often as the share says."""
    references = [random.choice(FINDINGS) for _ in PATIENTS]
    named = [right if random.random() < share_right else random.choice(FINDINGS) for right in references]
    return [f"There is a small {name} on the left." for name in named], [f"Small left {name}." for name in references]


def scored(generated, references, protocol=COCO, uncertain="positive"):
    pairs = [ReportPair(patient, *texts) for patient, *texts in zip(PATIENTS, generated, references, strict=True)]
    text = score_reports(pairs, protocol, meteor_by=lambda *_: NotRun("left out here"))
    return text, score_report_labels(generated, references, uncertain=uncertain)[0]


def test_a_planted_difference_is_found_and_the_table_states_protocol_and_power():
    generated, references = reports(np.random.default_rng(1), 0.9)
    worse, _ = reports(np.random.default_rng(2), 0.0)
    comparison = compare_systems(
        scored(generated, references), scored(worse, references), PATIENTS, np.random.default_rng(3), draws=300
    )
    micro = next(row for row in comparison.metrics if row.name == "micro F1")
    assert micro.difference.excludes_zero
    assert micro.first - micro.second == pytest.approx(micro.difference.value)
    assert micro.p_value <= micro.p_corrected < 0.05
    assert [row.name for row in comparison.metrics] == ["BLEU-1", "BLEU-4", "ROUGE-L", "CIDEr", "micro F1", "macro F1"]
    text = comparison.as_text()
    assert text.startswith("protocol coco, uncertain labels count as positive")
    assert "With 40 patients only a difference of" in text


def test_a_system_does_not_differ_from_itself():
    generated, references = reports(np.random.default_rng(1), 0.5)
    own = scored(generated, references)
    comparison = compare_systems(own, own, PATIENTS, np.random.default_rng(3), draws=50)
    assert all(row.p_corrected == 1 and not row.difference.excludes_zero for row in comparison.metrics)


def test_scores_under_other_rules_are_not_compared():
    generated, references = reports(np.random.default_rng(1), 0.5)
    own = scored(generated, references)
    with pytest.raises(ValueError, match="under coco and under r2gen"):
        compare_systems(own, scored(generated, references, R2GEN), PATIENTS, np.random.default_rng())
    with pytest.raises(ValueError, match="policy"):
        compare_systems(own, scored(generated, references, uncertain="negative"), PATIENTS, np.random.default_rng())


def test_the_exact_test_of_a_corpus_score_counts_every_way_to_swap_reports():
    references = [text.split() for text in ("a b c d", "a c d", "b b a c", "d c b a", "a a b")]
    one = [text.split() for text in ("a b c d", "a c", "b a c", "d c a b", "a b")]
    other = [text.split() for text in ("a d c b", "c d", "b b c c", "d c b a", "b a")]
    first, second = bleu_counts(one, references), bleu_counts(other, references)

    def score(totals):
        return bleu_of_counts(totals[..., None, :])[..., 1]

    seen = score(first.sum(axis=0)) - score(second.sum(axis=0))
    ways = []
    for swaps in itertools.product([False, True], repeat=5):
        swapped = np.array(swaps)[:, None]
        totals = np.where(swapped, second, first).sum(axis=0), np.where(swapped, first, second).sum(axis=0)
        ways.append(abs(score(totals[0]) - score(totals[1])) >= abs(seen) - 1e-12)
    result = permutation_test_of_counts(first, second, score, list("VWXYZ"), np.random.default_rng())
    assert result.is_exact
    assert result.difference == pytest.approx(seen)
    assert result.p_value == pytest.approx(np.mean(ways))
