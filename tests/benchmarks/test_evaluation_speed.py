"""590 report pairs, as many as R2Gen's test split of IU X-ray has, with every metric that needs no files of the user.

METEOR's Java program takes longest; everything else is done while it starts and works.
"""

from __future__ import annotations

import random
import resource
import shutil
import time

import pytest

from gaze2report.evaluation.evaluate import evaluate_cases
from gaze2report.evaluation.evaluated_case import EvaluatedCase
from gaze2report.evaluation.evaluation_files import write_files
from gaze2report.evaluation.report_metrics.meteor import find_meteor, meteor
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO, R2GEN, words
from gaze2report.types import CHEXPERT_OBSERVATIONS

N_PAIRS = 590
SENTENCES = (
    "The heart is normal in size.", "The cardiomediastinal silhouette is within normal limits.",
    "Heart size is enlarged.",
    "The lungs are clear bilaterally.", "No focal consolidation, pneumothorax or large pleural effusion.",
    "There is a small left pleural effusion with adjacent atelectasis.", "Mild pulmonary vascular congestion is seen.",
    "Stable postoperative changes of the mediastinum.", "Degenerative changes of the thoracic spine are present.",
    "There are low lung volumes with bronchovascular crowding.", "A calcified granuloma is in the right upper lobe.",
    "No acute bony abnormality.", "Patchy opacity in the right lower lobe may represent pneumonia or atelectasis.",
    "The aorta is tortuous and ectatic.", "A right-sided central venous catheter terminates in the SVC.",
    "The hemidiaphragms are flattened, compatible with COPD.", "No evidence of active disease.",
)  # fmt: skip


def made_cases():
    """Pairs of about 45 words; of every patient one or two."""
    chance = random.Random(5)
    cases = []
    for number in range(N_PAIRS):
        reference = chance.sample(SENTENCES, chance.randint(4, 8))
        kept = [sentence for sentence in reference if chance.random() < 0.5]
        generated = kept + chance.sample(SENTENCES, chance.randint(1, 4))
        chance.shuffle(generated)
        probabilities = {name: chance.random() for name in CHEXPERT_OBSERVATIONS}
        cases.append(
            EvaluatedCase(
                f"c{number}", f"P{number // 2 if number < 200 else number}", " ".join(generated), " ".join(reference),
                labels={name: float(chance.random() < 0.2) for name in CHEXPERT_OBSERVATIONS},
                probabilities=probabilities, has_prior=False,
            )
        )  # fmt: skip
    return cases


def without_meteor(hypotheses, references, groups):
    return NotRun("measured apart")


def seconds(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@pytest.mark.timeout(600)
def test_everything_else_is_done_while_meteor_works():
    """With a stand-in that only waits as long as everything else takes, both together take little longer than one."""
    cases = made_cases()
    evaluate_cases(cases[:5], meteor_by=without_meteor)  # imports and tables that are made once
    rest_s = seconds(lambda: evaluate_cases(cases, meteor_by=without_meteor))

    def waits(hypotheses, references, groups):
        time.sleep(rest_s)
        return NotRun("waited")

    together_s = seconds(lambda: evaluate_cases(cases, meteor_by=waits))
    print(f"everything else {rest_s:.1f} s, with as long a wait {together_s:.1f} s")
    assert together_s < 0.75 * (2 * rest_s)


@pytest.mark.timeout(600)
def test_590_pairs_with_every_offline_metric(tmp_path):
    if shutil.which("java") is None or find_meteor() is None:
        pytest.skip("Java or METEOR's program is missing")
    cases = made_cases()
    training = [case.reference for case in cases[:100]]
    both = [
        [text for protocol in (COCO, R2GEN) for text in words(side, protocol)]
        for side in ([case.generated for case in cases], [case.reference for case in cases])
    ]
    meteor_s = seconds(lambda: meteor(*both, [list(range(N_PAIRS))]))
    meteor_cpu_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    begun, begun_cpu = time.perf_counter(), time.process_time()
    evaluation = evaluate_cases(cases, training_texts=training)
    measured_s = time.perf_counter() - begun
    write_files(evaluation, tmp_path)
    whole_s, own_cpu_s = time.perf_counter() - begun, time.process_time() - begun_cpu
    print(
        f"{N_PAIRS} pairs: METEOR alone {meteor_s:.1f} s ({meteor_cpu_s:.1f} s of CPU), "
        f"every metric {measured_s:.1f} s, with page and figures {whole_s:.1f} s "
        f"({own_cpu_s:.1f} s of CPU outside of METEOR)"
    )
    assert not [row for row in evaluation.measured if row.metric == "METEOR" and isinstance(row.score, NotRun)]
    assert own_cpu_s < meteor_cpu_s  # so that a second core hides it; seconds of the clock depend on who else works
