"""Every format, in the order in which they are tried on files that do not say what they are."""

from __future__ import annotations

from heldout.datasets.formats import (
    coco,
    coco_panoptic,
    cvat,
    huggingface,
    idx,
    image_folder,
    label_studio,
    labelme,
    semantic_masks,
    tables,
    vizwiz,
    voc,
    vqa,
    webdataset,
    yolo,
)
from heldout.datasets.formats.format import Format

FORMATS: dict[str, Format] = {
    one.id: one
    for one in (
        huggingface.FORMAT,
        coco_panoptic.FORMAT,
        coco.FORMAT,
        vqa.FORMAT,
        vizwiz.FORMAT,
        label_studio.FORMAT,
        voc.FORMAT,
        cvat.FORMAT,
        *yolo.FORMATS,
        semantic_masks.FORMAT,
        webdataset.FORMAT,
        idx.FORMAT,
        *tables.FORMATS,
        labelme.FORMAT,
        image_folder.FORMAT,
    )
}
