"""The rule labeler against chexpert-labeler's own four reports, sentences with one right answer, and F1 by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest

from gaze2report.evaluation.clinical_labels import is_positive, label_matrix, label_report
from gaze2report.evaluation.label_scores import (
    FIVE_OBSERVATIONS,
    example_f1,
    label_counts,
    macro_f1,
    micro_f1,
    score_labels,
    score_report_labels,
)
from gaze2report.types import CHEXPERT_OBSERVATIONS


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (
            "Heart size normal and lungs are clear. No edema or pneumonia. No effusion",
            {"No Finding": 1, "Cardiomegaly": 0, "Edema": 0, "Pneumonia": 0, "Pleural Effusion": 0},
        ),
        (
            "1. Left pleural effusion with adjacent atelectasis. Right effusion is also present.\n\n"
            "2. Cardiomegaly without overt edema.",
            {"Cardiomegaly": 1, "Edema": 0, "Atelectasis": 1, "Pleural Effusion": 1},
        ),
        (
            "Minimal patchy airspace disease within the lingula, may reflect atelectasis or consolidation.",
            {"Lung Opacity": 1, "Consolidation": -1, "Atelectasis": -1},
        ),
        ("1. Stable mild cardiomegaly. 2. Hyperexpanded but clear lungs.", {"Cardiomegaly": 1}),
    ],
    ids=["normal", "effusion", "open", "cardiomegaly"],
)
def test_the_chexpert_labelers_own_reports_get_its_labels(report, expected):
    """Sample reports and labels of the chexpert-labeler (MIT), all fourteen labels of each."""
    assert label_report(report) == expected


@pytest.mark.parametrize(
    ("sentence", "observation", "label"),
    [
        ("No pleural effusion, pneumothorax, or focal consolidation.", "Consolidation", 0),
        ("Lungs are clear without consolidation, effusion or edema.", "Edema", 0),
        ("No change in the moderate left effusion.", "Pleural Effusion", 1),
        ("No significant interval change in mild edema.", "Edema", 1),
        ("No interval appearance of pneumothorax.", "Pneumothorax", 0),
        ("Cannot exclude pneumonia.", "Pneumonia", -1),
        ("Pneumonia cannot be excluded.", "Pneumonia", -1),
        ("Opacity concerning for pneumonia.", "Pneumonia", -1),
        ("Opacity concerning for pneumonia.", "Lung Opacity", 1),
        ("The effusion has resolved.", "Pleural Effusion", 0),
        ("Nearly resolved effusion.", "Pleural Effusion", 1),
        ("No pneumothorax is seen, but there is a small effusion.", "Pleural Effusion", 1),
        ("There is no pneumothorax with a right chest tube in place.", "Support Devices", 1),
        ("The endotracheal tube has been removed.", "Support Devices", 0),
        ("The heart is not enlarged.", "Cardiomegaly", 0),
        ("The cardiac silhouette is moderately enlarged.", "Cardiomegaly", 1),
        ("Heart size and mediastinal contours are within normal limits.", "Enlarged Cardiomediastinum", 0),
        ("The sensitivity to detect pneumothorax is diminished.", "Pneumothorax", 0),
        ("Old healed left rib fractures.", "Fracture", 1),
        ("Fractured sternotomy wires are unchanged.", "Fracture", None),
        ("Small pericardial effusion.", "Pleural Effusion", None),
        ("No effusion on the left. Small effusion on the right.", "Pleural Effusion", 1),
        ("Pneumonia is possible. No pneumonia on the left.", "Pneumonia", -1),
        ("Mild apical pleural thickening.", "Pleural Other", 1),
        ("A 6 mm nodule in the left upper lobe.", "Lung Lesion", 1),
        ("Mass effect on the trachea.", "Lung Lesion", None),
    ],
)
def test_mention_negation_and_uncertainty(sentence, observation, label):
    assert label_report(sentence).get(observation) == label


def test_what_was_asked_is_not_what_was_seen():
    report = (
        "INDICATION: Cough, rule out pneumonia, known pneumothorax.\nTECHNIQUE: AP film.\n\n"
        "Small left effusion.\n\nIMPRESSION: Mild edema."
    )
    assert label_report(report) == {"Pleural Effusion": 1, "Edema": 1}


def test_devices_and_denials_leave_no_finding_and_an_empty_report_says_nothing():
    assert label_report("Right PICC in the SVC. Lungs are clear.") == {"Support Devices": 1, "No Finding": 1}
    assert "No Finding" not in label_report("Possible pneumonia.")
    assert label_report("  ") == {}


def test_a_matrix_has_a_row_a_report_and_uncertain_follows_the_policy():
    labels = label_matrix(["Possible pneumonia. No edema.", ""])
    pneumonia, edema = (CHEXPERT_OBSERVATIONS.index(name) for name in ("Pneumonia", "Edema"))
    assert labels.shape == (2, 14)
    assert labels[0, pneumonia] == -1
    assert labels[0, edema] == 0
    assert np.isnan(labels[1]).all()
    assert is_positive(labels, "positive")[0, pneumonia]
    assert not is_positive(labels, "negative").any()


def test_a_report_that_never_ends_its_sentence_is_labelled_in_time_that_grows_with_its_length():
    started = time.perf_counter()
    label_report("no effusion " * 200)
    short = time.perf_counter() - started
    started = time.perf_counter()
    assert label_report("no effusion " * 4000)["Pleural Effusion"] == 0
    assert time.perf_counter() - started < 100 * max(short, 0.01)


def test_f1_by_hand():
    """Two reports, three observations: one hit, one false alarm, one miss; the third observation nobody has."""
    generated = np.array([[1, 1, 0], [0, 0, 0]], dtype=bool)
    reference = np.array([[1, 0, 0], [0, 1, 0]], dtype=bool)
    counts = label_counts(generated, reference)
    assert micro_f1(counts) == pytest.approx(2 / 4)
    assert macro_f1(counts) == pytest.approx((1 + 0) / 2)
    assert example_f1(counts).tolist() == pytest.approx([2 / 3, 0.0])
    assert example_f1(label_counts(~generated & False, ~reference & False)).tolist() == [1.0, 1.0]


def test_label_scores_state_policy_and_what_they_left_out():
    texts = ["Small effusion. Possible pneumonia.", "Lungs are clear.", "Moderate cardiomegaly."]
    fourteen, five = score_report_labels(texts, texts)
    assert (fourteen.micro, fourteen.macro, fourteen.example) == (1.0, 1.0, 1.0)
    assert fourteen.left_out == 14 - 4
    assert five.observations == FIVE_OBSERVATIONS
    assert fourteen.uncertain == "positive"
    negative, _ = score_report_labels(texts, texts, uncertain="negative")
    assert negative.left_out == 14 - 3
    with pytest.raises(ValueError, match="3 generated"):
        score_labels(label_matrix(texts), label_matrix(texts[:2]))
