"""What each sensor's words are worth: from embedded evidence to claims with one common scale.

The decision here: raw scores of a tagger, a detector and a face finder mean different things, so each is bent until
0.6 says "sure enough to be written", by a line of its own for each sensor. What misleads is doubted by name: a
doubted claim needs a second witness. Refused: one threshold for raw scores of every kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from phototag.decide import described
from phototag.decide.claim import LINE, Claim, calibrated
from phototag.records import Facts

__all__ = ["LINE", "Claim", "calibrated", "claims", "meant", "place", "things"]

# Raw scores that are sure enough to be written. To be set on real photos, as all figures here.
GROUP_LINE, CLASS_LINE = 0.45, 0.5
OBJECT_LINE, PERSON_LINE, FACE_LINE = 0.62, 0.55, 0.6
CLASS_SURE = 0.9  # from here on a single class needs no broader photo word to be believed; an animal never does
CLASS_LEAST = 0.35  # a single class of the tagger below this is not heard at all
TINY = 0.003  # share of the picture below which a detected thing is too small to be a keyword
PORTRAIT = 0.2  # of the picture's height or width that a lone face takes in a portrait
GROUP_PHOTO, CROWD = 3, 10  # faces that look at us; people in sight
DENIED = 0.1  # a photo word that is not even reported (below this sum) is denied by the tagger


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word.replace("_", " ") for line in lines for word in line.split())


# Photo words whose classes are loose kin of the word (a lone bookcase, a toilet seat, a racket): asked for more.
LOOSE_LINE = 0.65
LOOSE = _words(
    "baseball bathroom book cinema church coffee diving golf halloween harbor kitchen lake mask playground",
    "roof shop soccer suit swimwear tennis theater uniform wall weapon",
)

# The detector's animals, and those that only the tagger knows: any of them is an animal that the tagger sees.
DETECTED_ANIMALS = _words("bird cat dog horse sheep cow elephant bear zebra giraffe")
SPECIES = DETECTED_ANIMALS | _words(
    "antelope ape bee beetle big_cat bird_of_prey bison butterfly camel chicken crab crocodile dragonfly duck fish fox",
    "frog goat goose guinea_pig hamster hedgehog hippopotamus insect jellyfish kangaroo koala lemur lion lizard llama",
    "lobster monkey otter owl panda parrot peacock penguin pig rabbit salamander seal shark snail snake spider",
    "squirrel starfish swan tiger turtle wading_bird whale wild_boar wolf",
)

# What the detector means where its word has another meaning too.
_MEANT = {"mouse": "computer mouse", "remote": "remote control", "tie": "necktie"}

# Seen by the detector in other things: umbrella (ferris wheel), giraffe (trees), donut (stones). The rest is small,
# rare or plain of shape, and suspected of the same.
_OFTEN_MISTAKEN = _words(
    "baseball_bat donut fire_hydrant frisbee giraffe hair_drier kite mouse parking_meter refrigerator remote scissors",
    "snowboard surfboard tie toaster toothbrush umbrella",
)
_LOOKS_LIKE: Mapping[str, tuple[str, ...]] = {"tv": ("computer", "laptop")}

# Classes the tagger falls back to when a photo shows something that it has no class for. Seen: solar thermal collector
# (ferris wheel), shower curtain (printed cloth), prison (alley), honeycomb (dahlia); the rest is of the same stuff.
_FALLBACKS = _words(
    "Band-Aid bubble chain digital_clock envelope fire_screen honeycomb hook isopod matchstick nail nematode packet",
    "pole prison screenshot shower_curtain solar_thermal_collector spiral spotlight theater_curtain tick trilobite",
    "velvet_fabric window_screen",
)
_NEEDS_AGREEMENT = _words("book_cover comic_book Granny_Smith_apple lemon menu palace stage")

_INDOORS = ("bathroom", "bed", "computer", "furniture", "kitchen", "sofa", "television")
_INDOOR_THINGS = _words("bed couch microwave oven refrigerator sink toilet tv")
_PLACE = ("city", "state", "country", "country_code")
_SUNLIT = _words("golden_hour blue_hour")


def claims(evidence: Mapping[str, Any]) -> list[Claim]:
    """Everything that the sensors say of one photo, in a fixed order."""
    makers = (_photo_words, _classes, _things, _people, _portrait, _light, _technique, described.claims)
    return [claim for maker in makers for claim in maker(evidence)]


def things(evidence: Mapping[str, Any], label: str) -> list[float]:
    """The detector's scores for one label, best first, without things too small to matter."""
    found = _part(evidence, "objects", "objects")
    return sorted((one["score"] for one in found if one["label"] == label and _share(one) >= TINY), reverse=True)


def meant(label: str) -> str:
    """The word for what the detector means by a label."""
    return _MEANT.get(label, label)


def place(evidence: Mapping[str, Any], facts: Facts) -> dict[str, str]:
    """What the file says of its place; the nearest town fills the gaps unless the two disagree.

    Where a server was asked too, it names the landmark, and what the nearest town leaves open.
    """
    seen, asked = evidence.get("place") or {}, evidence.get("address") or {}
    near = {part: str(seen[part]) for part in _PLACE if seen.get(part)}
    if asked.get("country_code") and asked["country_code"] != near.get("country_code", asked["country_code"]):
        asked = {}  # the other side of a border: names of both would make a place that does not exist
    told = {part: str(asked[part]) for part in _PLACE if asked.get(part)}
    for part in facts.place.keys() & (told | near).keys():
        # Munich in the table may be München to the server and in the file: either name is no disagreement.
        if facts.place[part].casefold() not in {names[part].casefold() for names in (near, told) if part in names}:
            return dict(facts.place)
    landmark = {"location": str(asked["name"])} if asked.get("name") else {}
    return told | near | landmark | facts.place


def _photo_words(evidence: Mapping[str, Any]) -> Iterator[Claim]:
    for word, chance in _groups(evidence).items():
        score = calibrated(chance, LOOSE_LINE if word in LOOSE else GROUP_LINE)
        yield Claim("labels", word, score, f"labels {word} {chance:.2f}")


def _classes(evidence: Mapping[str, Any]) -> Iterator[Claim]:
    for _, name, chance in _part(evidence, "labels", "labels"):
        if chance >= CLASS_LEAST and name not in _FALLBACKS and name not in _groups(evidence):
            doubt = "often taken for something else" if name in _NEEDS_AGREEMENT else ""
            single = name not in SPECIES and chance < CLASS_SURE
            said = f"labels {name} {chance:.2f}"
            yield Claim("labels", name, calibrated(chance, CLASS_LINE), said, doubt, single=single, unknown_too=True)


def _things(evidence: Mapping[str, Any]) -> Iterator[Claim]:
    labels = {one["label"]: None for one in _part(evidence, "objects", "objects")}
    for label in labels:
        scores = things(evidence, label)
        if label == "person" or not scores:
            continue
        said = f"objects {label} {scores[0]:.2f}"
        doubt = _doubt(label, evidence)
        yield Claim("objects", meant(label), calibrated(scores[0], OBJECT_LINE), said, doubt, unknown_too=True)


def _doubt(label: str, evidence: Mapping[str, Any]) -> str:
    """Why the detector may be wrong about this thing, or ""."""
    groups = _groups(evidence)
    if label in DETECTED_ANIMALS and "labels" in evidence and not (SPECIES | {"animal"}) & groups.keys():
        return "labels see no animal"
    rivals = [word for word in _LOOKS_LIKE.get(label, ()) if groups.get(word, 0) >= GROUP_LINE / 2]
    if rivals:
        return f"labels see {rivals[0]}"
    return "often taken for something else" if label in _OFTEN_MISTAKEN else ""


def _people(evidence: Mapping[str, Any]) -> Iterator[Claim]:
    """Person or people, whichever the scores carry: "people" is as sure as the second surest person."""
    persons, faces = things(evidence, "person"), _faces(evidence)
    sensors = (("objects", "person", persons, PERSON_LINE), ("faces", "face", faces, FACE_LINE))

    def least(count: int, word: str) -> list[Claim]:
        return [
            Claim(
                sensor, word, calibrated(scores[count - 1], line), f"{sensor} {count} {thing} {scores[count - 1]:.2f}"
            )
            for sensor, thing, scores, line in sensors
            if len(scores) >= count
        ]

    people = least(2, "people")
    yield from people
    if not any(claim.score >= LINE for claim in people):
        yield from least(1, "person")
    crowd = least(CROWD, "crowd")
    yield from crowd
    if not crowd:
        yield from (claim for claim in least(GROUP_PHOTO, "group") if claim.sensor == "faces")


def _portrait(evidence: Mapping[str, Any]) -> Iterator[Claim]:
    found = _part(evidence, "faces", "faces")
    if len(found) != 1 or evidence.get("people", {}).get("count", 1) != 1:
        return
    left, top, right, bottom = found[0]["box"]
    if max(right - left, bottom - top) >= PORTRAIT:
        score = found[0]["score"]
        yield Claim("faces", "portrait", calibrated(score, FACE_LINE), f"faces 1 large face {score:.2f}")


def _light(evidence: Mapping[str, Any]) -> Iterator[Claim]:
    """Light and season are computed, not guessed; only whether the sun shone on the subject is in doubt."""
    found = evidence.get("light") or {}
    groups = _groups(evidence)
    inside = any(groups.get(word, 0) >= GROUP_LINE for word in _INDOORS) or any(
        one["score"] >= OBJECT_LINE and one["label"] in _INDOOR_THINGS for one in _part(evidence, "objects", "objects")
    )
    for part in ("light", "season"):
        if word := found.get(part):
            doubt = "it looks like a room" if inside and word in _SUNLIT else ""
            yield Claim("light", word, 1.0, f"light {word}", doubt)


def _technique(evidence: Mapping[str, Any]) -> Iterator[Claim]:
    for word in _part(evidence, "technique", "terms"):
        yield Claim("technique", word, 1.0, f"technique {word}")
    if (evidence.get("measure") or {}).get("monochrome"):
        yield Claim("technique", "black and white", 1.0, "measure monochrome")


def _groups(evidence: Mapping[str, Any]) -> Mapping[str, float]:
    found: Mapping[str, float] = (evidence.get("labels") or {}).get("groups") or {}
    return {word: chance for word, chance in found.items() if chance >= DENIED}


def _faces(evidence: Mapping[str, Any]) -> list[float]:
    return sorted((face["score"] for face in _part(evidence, "faces", "faces")), reverse=True)


def _part(evidence: Mapping[str, Any], step: str, part: str) -> list[Any]:
    return list((evidence.get(step) or {}).get(part) or ())


def _share(thing: Mapping[str, Any]) -> float:
    left, top, right, bottom = thing["box"]
    return float((right - left) * (bottom - top))
