"""Files with pictures and sound: finding and running ffmpeg, probing, decoding."""
