"""LeNet-5, AlexNet and VGG-16."""

from __future__ import annotations

from torch import Tensor, nn

VGG16_STAGES = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))


class ConvNet(nn.Module):
    """Convolutional features, flattened, then a classifier."""

    def __init__(self, features: nn.Sequential, classifier: nn.Sequential) -> None:
        super().__init__()
        self.features = features
        self.classifier = classifier

    def forward(self, x: Tensor) -> Tensor:
        """Map images (batch, channels, height, width) to logits (batch, classes)."""
        out: Tensor = self.classifier(self.features(x).flatten(1))
        return out


def lenet(classes: int = 10) -> ConvNet:
    """LeNet-5 for 1x32x32 images, with ReLU and max pooling as it is taught today."""
    features = nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
    )
    classifier = nn.Sequential(
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes)
    )
    return ConvNet(features, classifier)


def alexnet(classes: int = 1000) -> ConvNet:
    """AlexNet in one column (Krizhevsky 2014), the variant in common use."""
    features = nn.Sequential(
        *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True)),
        *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
        nn.AdaptiveAvgPool2d(6),
    )
    classifier = nn.Sequential(
        *(nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(inplace=True)),
        *(nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(inplace=True)),
        nn.Linear(4096, classes),
    )
    return ConvNet(features, classifier)


def vgg16(classes: int = 1000) -> ConvNet:
    """VGG-16 without batch normalisation (Simonyan and Zisserman 2014, configuration D)."""
    layers: list[nn.Module] = []
    channels = 3
    for depth, width in VGG16_STAGES:
        for _ in range(depth):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers.append(nn.MaxPool2d(2))
    classifier = nn.Sequential(
        *(nn.Linear(512 * 7 * 7, 4096), nn.ReLU(inplace=True), nn.Dropout()),
        *(nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout()),
        nn.Linear(4096, classes),
    )
    return ConvNet(nn.Sequential(*layers, nn.AdaptiveAvgPool2d(7)), classifier)
