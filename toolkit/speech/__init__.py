"""Speech: recordings, mel spectrograms, vocoders, their losses and metrics, and the pipeline that users load."""
