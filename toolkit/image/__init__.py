"""Pictures: networks, augmentation, the task, and the pipeline that users load."""
