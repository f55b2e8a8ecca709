"""What a trained model is worth: two yes-or-no questions, asked of videos that it has not seen.

``avc-bin``: are picture and sound of the same video? ``avsa-bin``: does the sound come from where the picture shows
it, or has it been turned about the vertical? `measure.measure` asks; `pairs`, `avc` and `avsa` make what is asked
about, `frozen` and `head` answer, `interval` says how far the answers are to be trusted, `table` prints them.
"""

AVC_BIN, AVSA_BIN = BENCHMARK_NAMES = ("avc-bin", "avsa-bin")
"""As they are called on the command line and in results."""
