"""Recipe files to validated, resolved configuration."""

from toolkit.config.building import build, complete
from toolkit.config.recipe import Recipe, load_recipe, to_document, validate
from toolkit.config.schema import PartOf, check, parameters

__all__ = ["PartOf", "Recipe", "build", "check", "complete", "load_recipe", "parameters", "to_document", "validate"]
