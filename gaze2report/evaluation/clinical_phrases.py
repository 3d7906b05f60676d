"""Words by which a report speaks of CheXpert's observations, and words that negate them or leave them open."""

from __future__ import annotations

import re

_BETWEEN = r"(?:(?!\b(?:or|with|without|no|but|which|lungs?|(?<!top-)(?<!top )normal)\b)[\w/ '-]){0,40}?"
"""A stretch of one phrase: between "heart" and "enlarged" no other thing begins."""

_ENLARGED = (
    r"(?:enlarge(?:d|ment)|dilat(?:ed|ation)|hypertroph\w*|increased|prominen(?:t|ce)|widen(?:ed|ing)|large[r]?)"
)
_HEART = r"(?:heart|cardiac)(?! failure| device| monitor| lead| surgery| catheter| valve| border| apex| tamponade)"
_MEDIASTINUM = r"(?:mediastin(?:um|al)|cardio-?\s?mediastin(?:um|al))"

MENTIONS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "Enlarged Cardiomediastinum": (
            rf"\b{_MEDIASTINUM}\b{_BETWEEN}\b{_ENLARGED}|\b{_ENLARGED}\b{_BETWEEN}\b{_MEDIASTINUM}\b"
        ),
        "Cardiomegaly": (
            rf"\bcardiomegaly\b|\b{_HEART}\b{_BETWEEN}\b{_ENLARGED}|\b{_ENLARGED}\b{_BETWEEN}\b{_HEART}\b"
            rf"|\bcardio-?\s?mediastinal silhouette\b{_BETWEEN}\b{_ENLARGED}"
            rf"|\b{_ENLARGED}\b{_BETWEEN}\bcardio-?\s?mediastinal silhouette\b|\bglobular (?:heart|cardiac)"
        ),
        "Lung Opacity": (
            r"\bopaci(?:ty|ties|fications?|fied)\b|\binfiltrat(?:es?|ions?)\b|\bair ?-?space (?:disease|process"
            r"|abnormalit\w+)"
            r"|\bground-? ?glass\b|\bwhite-?out\b"
        ),
        "Lung Lesion": (
            r"\bnodul(?:es?|ar (?:\w+ ){0,2}(?:opacit|densit)\w+)\b|\bmass(?:es)?\b(?! effect)|\b(?:lung"
            r"|pulmonary|cavitary|lytic) lesions?\b|\blesions? in the (?:right |left )?(?:lung|lobe)"
            r"|\bcavitat\w+|\bgranulomas?\b|\b(?:lung|pulmonary) tumou?rs?\b|\bneoplasms?\b|\bcarcinomas?\b"
            r"|\bmetasta\w+"
        ),
        "Edema": (
            r"\b(?:o?edema)\b|\b(?:vascular|pulmonary|venous)\b[\w ]{0,20}\b(?:congestion|engorgement"
            r"|redistribution)\b"
            r"|\bcongesti(?:on|ve)\b|\bheart failure\b|\bchf\b|\bcephalization\b|\b(?:fluid|volume) overload\b"
            r"|\b(?:zone|lobe) redistribution\b|\bvascular indistinctness\b"
        ),
        "Consolidation": r"\bconsolidat(?:ions?|ive|ed)\b",
        "Pneumonia": r"\b(?:broncho)?pneumoni(?:as?|c)\b|\binfecti(?:ons?|ous)\b",
        "Atelectasis": (
            r"\batelecta(?:sis|ses|tic)\b|\b(?:lung|lobe|lobar|segmental|partial|complete"
            r"|sided)\b[\w ]{0,12}\bcollapse\b"
            r"|\bcollapsed (?:\w+ ){0,2}lung\b|\bcollapse of\b"
        ),
        "Pneumothorax": r"\b(?:hydro)?pneumothora(?:x|ces|xes)\b|\bptx\b|\bpleural air\b",
        "Pleural Effusion": (
            r"(?<!pericardial )\beffusions?\b|\bpleural (?:fluid|collections?)\b|\bh(?:a)?emothorax\b"
            r"|\bhydro(?:pneumo)?thorax\b"
            r"|\bempyema\b|\bcostophrenic\b[\w ]{0,24}\bblunt\w*|\bblunt\w*[\w ]{0,30}\bcostophrenic"
            r"|\bfluid in the pleural"
        ),
        "Pleural Other": (
            r"\bpleural[\w ,/-]{0,12} (?:thickening|plaques?|scar\w*|calcification\w*|disease|abnormalit\w+"
            r"|lesions?|mass\w*)\b"
            r"|\bthickened pleura\b|\bcalcified pleura\w*|\bfibrothorax\b"
        ),
        "Fracture": r"\bfractur(?:es?|ed)\b(?![\w ]{0,40}\bwires?\b)",
        "Support Devices": (
            r"\b(?:endotracheal|tracheal|et|ng|og|enteric|naso-?gastric|oro-?gastric|dobb?-?hoff|feeding|gastric"
            r"|chest|pleural"
            r"|tracheostomy|trach|thoracostomy|intercostal|support|nasoenteric) ?-?(?:tubes?|drains?)\b|\bett\b"
            r"|\btracheostomy\b"
            r"|\bdobb?hoff\b|\bintubat(?:ed|ion)\b|\bpicc\b|\bcentral (?:venous )?(?:lines?|catheters?)\b|\bcvc\b"
            r"|\b(?:catheters?|lines?)\b(?= (?:tip|terminat|end|is|are|has|in|with|projects))|\b(?:subclavian"
            r"|jugular|ij|hickman"
            r"|dialysis|picc|swan-?ganz|pigtail|pleurx|tunneled|lumen|venous|artery)\b[\w -]{0,12}\b(?:catheters?"
            r"|lines?)\b"
            r"|\bport-?a-?cath\w*|\bmediport\b|\b(?:chest|infusion|implanted) port\b|\bswan-?ganz\b"
            r"|\bpace-?makers?\b|\bpacer\b"
            r"|\b(?:ai|i)cd\b|\bdefibrillators?\b|\bpacing (?:leads?|wires?)\b|\bhardware\b|\bstimulators?\b"
            r"|\bsupport(?:ing)? (?:devices?|lines?)\b|\bmonitoring (?:and support )?devices?\b"
            r"|\btubes? and lines?\b|\blines? and tubes?\b"
            r"|\bpigtail\b|\bballoon pump\b|\bloop recorder\b|\bnasogastric\b|\borogastric\b"
        ),
    }.items()
}
"""What asserts an observation, were it not negated."""

NORMAL_MENTIONS: dict[str, re.Pattern[str]] = {
    "Cardiomegaly": re.compile(
        rf"\b{_HEART}\b[\w ,/-]{{0,60}}?\b(?:normal|unremarkable|not enlarged)\b|\bnormal (?:sized "
        rf"|size )?{_HEART}\b",
        re.I,
    ),
    "Enlarged Cardiomediastinum": re.compile(
        rf"\b{_MEDIASTINUM}\b[\w ,/-]{{0,60}}?\b(?:normal|unremarkable)\b|\b(?:normal|unremarkable) {_MEDIASTINUM}\b",
        re.I,
    ),
}
"""What denies an observation in words of its own: "heart size is normal"."""

NEGATION = re.compile(
    r"\b(?:no(?! (?:significant |definite |substantial |relevant |great |appreciable |obvious |interval |other "
    r"|new )*"
    r"(?:change|longer|difference|improvement|increase|decrease|worse\w*|short))"
    r"|without(?! (?:significant |interval |definite )*change)|free of|negative for|absence of|absent|rather than"
    r"|neither|nor"
    r"|not (?:have|see|show|demonstrate|seen|associated with|identify|suggest|represent|be)"
    r"|(?<!near )(?<!nearly )(?<!almost )(?<!partially )(?<!partial )(?:resolved|resolution of|clearing of"
    r"|cleared|removal of|removed|interval resolution)"
    r"|ruled? out|exclude|evaluate for|assess for|question of|evaluation of|to detect|sensitivity for"
    r"|detection of)\b",
    re.IGNORECASE,
)
"""Before a mention."""

NEGATION_BEHIND = re.compile(
    r"^[\w ,/()-]{0,40}?\b(?:(?:is|are|was|were|ha(?:s|ve)(?: been)?)(?: now| since| completely| fully"
    r"| essentially)* "
    r"(?:absent|excluded|ruled out|removed|resolved|cleared|not (?:\w+ )?(?:seen|present|identified|visualized"
    r"|evident"
    r"|detected|appreciated))|not (?:seen|present|identified|visualized|evident|detected|appreciated))\b",
    re.IGNORECASE,
)
"""Behind a mention."""

UNCERTAIN = re.compile(
    r"\b(?:may|might|could|possib(?:le|ly|ility)|can ?not (?:be )?(?:exclude|rule)\w*|not (?:be )?(?:exclude|rule)\w*"
    r"|difficult to exclude|question(?:able)?|suspici\w+|suspected|concern(?:ing)? (?:for|of)|worr\w+ for"
    r"|equivocal|versus|vs"
    r"|differential|potentially|perhaps|either|if|whether|cannot be)\b",
    re.IGNORECASE,
)
"""Before a mention; "likely", "probable" and "consistent with" assert, as in the labeler of Irvin et al. 2019."""

UNCERTAIN_BEHIND = re.compile(
    r"^[\w ,/()-]{0,60}?\b(?:(?:can ?not|could not|not|difficult to)(?: \w+){0,3}? (?:exclude|rule)\w*|(?:is|are"
    r"|remains?) "
    r"(?:possible|questionable|suspected|not excluded|a possibility|a concern|in question)|not (?:completely "
    r"|entirely )?"
    r"excluded|versus|vs|should be considered|could be considered|is considered|is a consideration)\b",
    re.IGNORECASE,
)
"""Behind a mention."""

SCOPE_END = re.compile(
    r"\b(?:with(?!out)|due to|because of|other than|aside from|apart from|except(?:ing)?|causing|secondary to"
    r"|there (?:is|are)"
    r"|is|are|has|have|was|were|remains?|likely|which|that|although|though|however|but|while|reflecting"
    r"|in the setting of)\b",
    re.IGNORECASE,
)
"""Where a negation before ends."""

HEADING = re.compile(
    r"^[ \t]*(?P<heading>[A-Z][A-Za-z /()&,_-]{2,60}?)[ \t]*:|(?<=\s)(?P<inline>[A-Z][A-Z /]{3,40}):(?=\s)",
    re.MULTILINE,
)
SKIPPED_SECTIONS = re.compile(
    r"indication|history|reason|technique|comparison|examination|\bexam\b|clinical|procedure|notification|information"
    r"|^type|^views?$",
    re.IGNORECASE,
)
"""Sections that ask or tell how; what they name was not seen."""
