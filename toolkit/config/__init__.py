"""Recipe files to validated, resolved configuration."""

from toolkit.config.recipe import Recipe, load_recipe, to_document, validate
from toolkit.config.schema import PartOf, build, check, complete, parameters

__all__ = ["PartOf", "Recipe", "build", "check", "complete", "load_recipe", "parameters", "to_document", "validate"]
