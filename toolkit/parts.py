"""The table of built-in parts: kind -> name -> `"module:Class"`. Text only, so that listing imports nothing."""

from __future__ import annotations

KINDS = (
    "generators",
    "discriminators",
    "losses",
    "penalties",
    "terms",
    "estimators",
    "schedules",
    "optimizers",
    "augmentations",
    "datasets",
    "extractors",
    "metrics",
    "tasks",
    "pipelines",
    "importers",
    "trackers",
    "starters",
)
"""What a part can be. Outside packages add parts through entry points in the group `toolkit.<kind>`."""

_CORE = "toolkit.adversarial"

BUILT_IN: dict[str, dict[str, str]] = {
    "losses": {
        "non_saturating": f"{_CORE}.losses:NonSaturating",
        "minimax": f"{_CORE}.losses:Minimax",
        "hinge": f"{_CORE}.losses:Hinge",
        "least_squares": f"{_CORE}.losses:LeastSquares",
        "wasserstein": f"{_CORE}.losses:Wasserstein",
        "relativistic": f"{_CORE}.losses:RelativisticPairing",
        "relativistic_average": f"{_CORE}.losses:RelativisticAverage",
    },
    "penalties": {
        "r1": f"{_CORE}.penalties:R1",
        "r2": f"{_CORE}.penalties:R2",
        "r1_first_order": f"{_CORE}.penalties:FirstOrderR1",
        "wgan_gp": f"{_CORE}.penalties:WganGp",
        "dragan": f"{_CORE}.penalties:Dragan",
        "gradient_cap": f"{_CORE}.penalties:GradientCap",
        "lecam": f"{_CORE}.penalties:LeCam",
    },
    "terms": {
        "feature_matching": f"{_CORE}.terms:FeatureMatching",
        "reconstruction": f"{_CORE}.terms:Reconstruction",
        "perceptual": f"{_CORE}.terms:Perceptual",
        "cross_entropy": f"{_CORE}.terms:CrossEntropy",
    },
    "estimators": {
        "pathwise": f"{_CORE}.estimators:Pathwise",
        "straight_through": f"{_CORE}.estimators:StraightThrough",
        "score_function": f"{_CORE}.estimators:ScoreFunction",
    },
    "schedules": {
        "constant": f"{_CORE}.schedules:Constant",
        "linear": f"{_CORE}.schedules:Linear",
        "cosine": f"{_CORE}.schedules:Cosine",
        "exponential": f"{_CORE}.schedules:Exponential",
    },
    "optimizers": {
        "adam": f"{_CORE}.optimizers:Adam",
        "sgd": f"{_CORE}.optimizers:Sgd",
    },
    "augmentations": {
        "adaptive": f"{_CORE}.augmentation:Adaptive",
        "scheduled": f"{_CORE}.augmentation:FollowsSchedule",
        "diffaugment": "toolkit.image.augment:DiffAugment",
        "ada": "toolkit.image.augment:AdaptivePipeline",
    },
    "generators": {
        "dcgan": "toolkit.image.dcgan:DCGANGenerator",
        "residual": "toolkit.image.residual:ResidualGenerator",
        "resnet": "toolkit.image.resnet:ResNetGenerator",
        "style": "toolkit.image.style:StyleGenerator",
        "classifier": "toolkit.image.classifier:ImageClassifier",
    },
    "discriminators": {
        "dcgan": "toolkit.image.dcgan:DCGANDiscriminator",
        "residual": "toolkit.image.residual:ResidualDiscriminator",
        "resnet": "toolkit.image.resnet:ResNetDiscriminator",
        "projected": "toolkit.image.projected:ProjectedDiscriminator",
        "style": "toolkit.image.style_discriminator:StyleDiscriminator",
    },
    "datasets": {
        "folder": "toolkit.data.folder:ImageFolder",
        "npz": "toolkit.data.npz:ArrayFile",
        "digits": "toolkit.data.digits:Digits",
        "fashion_mnist": "toolkit.data.fashion_mnist:FashionMNIST",
        "mnist": "toolkit.data.mnist:MNIST",
        "stacked_mnist": "toolkit.data.stacked:StackedMNIST",
        "emoji": "toolkit.data.emoji:Emoji",
        "shards": "toolkit.data.shards:TarShards",
        "huggingface": "toolkit.data.huggingface:HuggingFaceImages",
        "generated": "toolkit.image.generated:GeneratedPictures",
    },
    "tasks": {
        "image": "toolkit.image.task:ImageTask",
        "image_classification": "toolkit.image.classification:ClassificationTask",
    },
    "pipelines": {
        "image": "toolkit.image.pipeline:ImagePipeline",
        "image_classifier": "toolkit.image.pipeline:ClassifierPipeline",
    },
    "importers": {
        "dcgan": "toolkit.image.published:dcgan_from_state_dict",
    },
    "extractors": {
        "pixels": "toolkit.metrics.pixels:Pixels",
        "classifier": "toolkit.metrics.classifier:ClassifierFeatures",
        "inception": "toolkit.metrics.inception:Inception",
        "stacked": "toolkit.metrics.stacked:StackedClassifier",
    },
    "metrics": {
        "frechet": "toolkit.metrics.frechet:Frechet",
        "kernel": "toolkit.metrics.kernel:Kernel",
        "precision_recall": "toolkit.metrics.neighbours:PrecisionRecall",
        "density_coverage": "toolkit.metrics.neighbours:DensityCoverage",
        "accuracy": "toolkit.metrics.classification:Accuracy",
        "score": "toolkit.metrics.classification:Score",
        "memorisation": "toolkit.metrics.memorisation:Memorisation",
        "mode_coverage": "toolkit.metrics.mode_coverage:ModeCoverage",
    },
    "trackers": {
        "jsonl": "toolkit.engine.trackers:JSONLines",
        "tensorboard": "toolkit.engine.tensorboard_tracker:TensorBoard",
        "wandb": "toolkit.engine.wandb_tracker:WeightsAndBiases",
        "mlflow": "toolkit.engine.mlflow_tracker:MLflow",
    },
    "starters": {
        "image": "toolkit.image.start:ImageStarter",
    },
}
