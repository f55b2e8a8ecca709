"""The names of the classes of sounding objects: a look and a timbre that belong together."""

CLASS_NAMES: tuple[str, ...] = (
    "bell",
    "buzz",
    "chirp",
    "crackle",
    "drone",
    "flute",
    "growl",
    "hiss",
    "knock",
    "siren",
)
"""Each has a look in `looks.LOOKS` and a timbre in `timbres.TIMBRES`; neither tells where the other is."""
