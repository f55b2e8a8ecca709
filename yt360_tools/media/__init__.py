"""Files with pictures and sound: finding ffmpeg, probing, decoding, encoding."""
