"""Text metrics against values of pycocoevalcap 1.2 (Java 17) on three made pairs, and their definitions."""

from __future__ import annotations

import math
import stat
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaze2report.evaluation.report_metrics.bleu import bleu, bleu_counts, bleu_of_counts
from gaze2report.evaluation.report_metrics.cider import cider
from gaze2report.evaluation.report_metrics.meteor import MeteorScores, meteor
from gaze2report.evaluation.report_metrics.not_run import NotRun
from gaze2report.evaluation.report_metrics.protocol import COCO, R2GEN, words
from gaze2report.evaluation.report_metrics.ptb_tokens import ptb_tokens
from gaze2report.evaluation.report_metrics.report_scores import ReportPair, score_reports
from gaze2report.evaluation.report_metrics.rouge import common_subsequence_length, rouge_l, rouge_score_f1
from gaze2report.evaluation.report_metrics.text_quality import (
    hallucinated_prior_rate,
    repeated_ngram_share,
    repeated_sentence_share,
)

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
PAIRS = [
    ReportPair(f"P{number}", generated, reference, has_prior=False)
    for number, (generated, reference) in enumerate(zip(GENERATED, REFERENCES, strict=True))
]
WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12)


def no_meteor(hypotheses, references, groups):
    return NotRun("left out here")


@pytest.mark.parametrize(
    ("protocol", "expected_bleu", "expected_rouge", "expected_cider"),
    [
        (
            COCO,
            [0.5306122448871304, 0.38724105466926406, 0.27555937715462325, 0.17984728950716344],
            0.4736960366941844,
            2.144105966164334,
        ),
        (
            R2GEN,
            [0.5964912280597107, 0.3932503959801473, 0.2768781813725821, 0.17245021487870937],
            0.5326273981446396,
            2.0868188658162605,
        ),
    ],
    ids=["coco", "r2gen"],
)
def test_scores_under_each_protocol_are_those_of_coco_caption(protocol, expected_bleu, expected_rouge, expected_cider):
    hypotheses, references = words(GENERATED, protocol), words(REFERENCES, protocol)
    assert bleu(hypotheses, references) == pytest.approx(expected_bleu, abs=1e-12)
    assert rouge_l(hypotheses, references).mean() == pytest.approx(expected_rouge, abs=1e-12)
    assert cider(hypotheses, references).mean() == pytest.approx(expected_cider, abs=1e-12)


def test_scores_of_single_reports_are_those_of_coco_caption():
    hypotheses, references = words(GENERATED, COCO), words(REFERENCES, COCO)
    assert rouge_l(hypotheses, references) == pytest.approx([0.6470588, 0.3665865, 0.4074427], abs=1e-7)
    assert cider(hypotheses, references) == pytest.approx([3.9283301, 0.8896832, 1.6143046], abs=1e-7)


def test_words_split_at_spaces_only_give_the_third_known_set_of_values():
    """The protocol is what makes the difference: the same three pairs, lower case and parted at spaces."""
    hypotheses, references = ([text.lower().split() for text in texts] for texts in (GENERATED, REFERENCES))
    assert bleu(hypotheses, references) == pytest.approx(
        [0.387755102032903, 0.25968378832206634, 0.1675640409181789, 0.10414073080517824], abs=1e-12
    )
    assert rouge_l(hypotheses, references).mean() == pytest.approx(0.34659226653080494, abs=1e-12)
    assert cider(hypotheses, references).mean() == pytest.approx(1.344563989460789, abs=1e-12)


def test_rouge_under_googles_protocol_is_that_of_rouge_score():
    """Values of rouge_score 0.1.2 without its stemmer: the mean F1 of the three pairs."""
    scores = np.array([rouge_score_f1(one, other) for one, other in zip(GENERATED, REFERENCES, strict=True)])
    assert scores.mean(axis=0) == pytest.approx([0.530812324929972, 0.28525641025641024, 0.4719887955182073], abs=1e-12)
    assert rouge_score_f1("", "Edema.") == rouge_score_f1("...", "...") == (0.0, 0.0, 0.0)
    assert rouge_score_f1("Edema", "edema.") == (1.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mild and/or severe. C7-T1 level, 3/4/2010 at 4:45 p.m. Size 2.5 x 3.5 cm.",
         "mild and/or severe . c7-t1 level , 3/4/2010 at 4:45 p.m. size 2.5 x 3.5 cm ."),
        ('{a} [b] "quoted" it\'s can\'t cannot 1,000 50% <3 T12.',
         "-lcb- a -rcb- -lsb- b -rsb- `` quoted '' it 's ca n't can not 1,000 50 % < 3 t12 ."),
        ("No. of. et al. the pt. is vs. Mr. Dr. Smith L. lung.",
         "no . of . et al. the pt . is vs. mr. dr. smith l. lung ."),
        ("1. One. 2. Two A/P view... yes; -- no", "1 . one . 2 . two a/p view ... yes ; -- no"),
    ],
)  # fmt: skip
def test_words_are_parted_as_stanfords_tokenizer_parts_them(text, expected):
    """What PTBTokenizer 3.4.1 printed for these lines with ``-preserveLines -lowerCase``."""
    assert ptb_tokens(text) == expected.split()


def test_r2gen_takes_out_numbers_of_a_list_and_marks():
    assert R2GEN.words("1. Mild edema,\nstable.. 2. Left-sided port; ___ (new).") == (
        ["mild", "edema", "stable", ".", "left-sided", "port", "new", "."]
    )


@given(WORDS, WORDS)
def test_the_common_subsequence_by_bits_is_that_of_the_textbook(first, second):
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first):
        for j, other in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if one == other else max(table[i][j + 1], table[i + 1][j])
    assert common_subsequence_length(first, second) == table[-1][-1]


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_scores_lie_in_their_ranges_and_a_report_is_like_itself(corpus):
    hypotheses, references = [one for one, _ in corpus], [other for _, other in corpus]
    scores = bleu(hypotheses, references)
    assert np.all(np.isnan(scores) | ((scores >= 0) & (scores <= 1 + 1e-9)))
    assert np.all((cider(hypotheses, references) >= 0) & (cider(hypotheses, references) <= 10 + 1e-9))
    assert rouge_l(references, references) == pytest.approx([float(bool(reference)) for reference in references])


def test_bleu_of_resampled_corpora_comes_from_the_counts_of_their_reports():
    hypotheses, references = words(GENERATED, COCO), words(REFERENCES, COCO)
    counts = bleu_counts(hypotheses, references)
    chosen = np.array([[0, 0, 2], [2, 1, 1]])
    expected = [bleu([hypotheses[i] for i in row], [references[i] for i in row]) for row in chosen]
    np.testing.assert_allclose(bleu_of_counts(counts[chosen]), expected, rtol=1e-12)


def test_rows_for_seen_and_unseen_text_stand_apart_and_the_protocol_is_printed():
    scores = score_reports(PAIRS, COCO, training_texts=[REFERENCES[1].upper()], meteor_by=no_meteor)
    assert [(row.name, row.reports) for row in scores.rows] == [("all", 3), ("unseen text", 2), ("seen text", 1)]
    assert scores.rows[2].scores["ROUGE-L"] == pytest.approx(0.3665865, abs=1e-7)
    text = scores.as_text()
    assert text.startswith("protocol coco")
    assert "METEOR not run: left out here." in text
    assert "CIDEr weighs words by 3 references" in text


def test_a_row_without_reports_has_no_numbers():
    scores = score_reports(PAIRS, R2GEN, training_texts=[], meteor_by=no_meteor)
    assert scores.rows[2].reports == 0
    assert all(isinstance(score, NotRun) for score in scores.rows[2].scores.values())
    with pytest.raises(ValueError, match="no reports"):
        score_reports([], COCO)


def test_lengths_empty_and_repeated_text_are_counted():
    pairs = [
        ReportPair("A", "Clear lungs. No effusion. Clear  LUNGS.", "Clear lungs."),
        ReportPair("B", " ... ", "Clear lungs."),
    ]
    row = score_reports(pairs, COCO, meteor_by=no_meteor).rows[0].scores
    assert row["words"] == 3.0
    assert row["reference words"] == 2.0
    assert row["empty"] == 0.5
    assert row["repeated sentences"] == pytest.approx(1 / 6)
    assert repeated_sentence_share("") == 0.0
    assert repeated_ngram_share(["a", "b", "a", "b", "a", "b"], 2) == pytest.approx(1 - 2 / 5)
    assert isinstance(row["hallucinated prior"], NotRun)


def test_only_reports_without_an_earlier_study_can_hallucinate_one():
    texts = ["The effusion is unchanged.", "Clear lungs.", "Edema has improved compared to the prior film."]
    assert hallucinated_prior_rate(texts, [False, False, True]) == 0.5
    assert hallucinated_prior_rate(texts, [False, None, False]) == 1.0
    assert isinstance(hallucinated_prior_rate(texts, [None, True, None]), NotRun)


FAKE_JAVA = """#!{python}
import sys
for line in sys.stdin:
    kind, *fields = line.strip().split(" ||| ")
    if {fault!r} == "crash":
        sys.exit("java.lang.OutOfMemoryError: Java heap space")
    if {fault!r} == "hang":
        import time; time.sleep(60)
    if {fault!r} == "nonsense":
        print("Picked up options", flush=True); continue
    if kind == "SCORE":
        print(len(fields[0].split()), len(fields[1].split()), flush=True)
    else:
        counts = [[float(x) for x in field.split()] for field in fields]
        for reference, hypothesis in counts:
            print(hypothesis / reference, flush=True)
        print(sum(c[1] for c in counts) / sum(c[0] for c in counts), flush=True)
"""


@pytest.fixture
def meteor_program(tmp_path):
    """A stand-in at the border of the process: it speaks METEOR's lines, and its score is a ratio of lengths."""

    def make(fault=""):
        java = tmp_path / "java"
        java.write_text(FAKE_JAVA.format(python=sys.executable, fault=fault))
        java.chmod(java.stat().st_mode | stat.S_IXUSR)
        jar = tmp_path / "meteor-1.5.jar"
        jar.touch()
        return {"java": str(java), "jar": jar}

    return make


def test_meteor_of_reports_and_of_groups_is_read_off_the_programs_lines(meteor_program):
    references, hypotheses = [["a", "b", "c", "d"], ["a", "|||", "b"]], [["a"], ["x", "y"]]
    scores = meteor(hypotheses, references, [[0, 1], [], [1]], **meteor_program())
    assert isinstance(scores, MeteorScores)
    assert scores.per_report.tolist() == [0.25, 1.0]
    assert scores.of_groups[0] == 0.5
    assert math.isnan(scores.of_groups[1])
    assert scores.of_groups[2] == 1.0


@pytest.mark.parametrize(("fault", "said"), [("crash", "heap space"), ("hang", "out of time"), ("nonsense", "failed")])
def test_meteor_whose_program_fails_is_not_run_and_says_why(meteor_program, fault, said):
    answer = meteor([["a"]], [["a"]], [[0]], time_limit_s=1.0 if fault == "hang" else 60.0, **meteor_program(fault))
    assert isinstance(answer, NotRun)
    assert said in str(answer)


def test_without_java_or_its_program_meteor_is_not_run(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no Java" in str(meteor([["a"]], [["a"]], [[0]]))
    assert "could not be started" in str(
        meteor([["a"]], [["a"]], [[0]], java=str(tmp_path / "none"), jar=tmp_path / "x")
    )
