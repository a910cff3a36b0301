"""Sound files in and out, decoded sources at rest, and pictures of waveforms."""
