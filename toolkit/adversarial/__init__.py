"""The adversarial core: one game, one trainer, and the losses, penalties, terms and estimators it is played with."""
