"""What eyes get to see of deep pixels, and through which window."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heldout.datasets import dicom
from heldout.datasets.formats import read_dataset, write_dataset
from heldout.datasets.rendering import Window, full_window, render, through

Deep = Callable[..., Path]


@pytest.fixture
def scan(tmp_path: Path) -> Deep:
    """Write a CT slice of signed 16-bit values with a rescale of -1024."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    def write(values: np.ndarray, name: str = "a.dcm", **tags: object) -> Path:
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        meta.MediaStorageSOPInstanceUID = generate_uid()
        file = FileDataset(str(tmp_path / name), {}, file_meta=meta, preamble=bytes(128))
        file.PatientName, file.Modality, file.RescaleType = "Doe^Jane", "CT", "HU"
        file.Rows, file.Columns = values.shape
        file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
        file.BitsAllocated, file.BitsStored, file.HighBit = 16, 16, 15
        file.PixelRepresentation = 1
        file.RescaleSlope, file.RescaleIntercept = 1, -1024
        for tag, value in tags.items():
            setattr(file, tag, value)
        file.PixelData = values.astype("<i2").tobytes()
        pydicom.dcmwrite(tmp_path / name, file, enforce_file_format=True)
        return tmp_path / name

    return write


RAMP = np.arange(0, 2400, 100).reshape(4, 6)


def test_the_window_is_that_of_the_standard() -> None:
    """DICOM PS3.3 C.11.2.1.2: for c = 40, w = 400, black up to -160, white above 239."""
    values = np.array([-2000, -160, 39.5, 239, 240, 3000])
    assert through(values, Window(40, 400)).tolist() == [0, 0, 128, 255, 255, 255]


def test_a_scan_is_shown_as_it_asks_to_be(scan: Deep) -> None:
    shown = render(scan(RAMP, WindowCenter=40, WindowWidth=400))
    assert shown.window == Window(40, 400)
    expected = through(RAMP - 1024.0, Window(40, 400))
    assert (np.asarray(shown.image) == expected).all()


def test_a_scan_that_asks_for_nothing_is_shown_whole(scan: Deep) -> None:
    shown = render(scan(RAMP))
    assert shown.window == full_window(RAMP - 1024.0)
    assert (np.asarray(shown.image).min(), np.asarray(shown.image).max()) == (0, 255)


def test_a_negative_is_turned_over(scan: Deep) -> None:
    plain = np.asarray(render(scan(RAMP)).image).astype(int)
    turned = np.asarray(render(scan(RAMP, PhotometricInterpretation="MONOCHROME1")).image)
    assert (plain + turned == 255).all()


def test_a_depth_map_is_seen_through_the_window_asked_for(tmp_path: Path) -> None:
    depth = np.array([[500, 1000, 60_000]], np.uint16)
    Image.fromarray(depth).save(tmp_path / "depth.png")
    whole = render(tmp_path / "depth.png")
    assert np.asarray(whole.image).tolist() == [[0, 2, 255]]
    near = render(tmp_path / "depth.png", window=Window(750.5, 501))
    assert np.asarray(near.image).tolist() == [[0, 255, 255]]
    assert str(near.window) == "centre 750.5, width 501"


def test_infrared_that_is_no_number_is_black(tmp_path: Path) -> None:
    heat = np.array([[20.5, 36.5, np.nan]], np.float32)
    Image.fromarray(heat).save(tmp_path / "heat.tiff")
    assert np.asarray(render(tmp_path / "heat.tiff").image)[0, 2] == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_every_mode_becomes_grey_or_colour(tmp_path: Path, mode: str) -> None:
    suffix = "jpg" if mode == "CMYK" else "png"
    Image.new("RGB", (9, 5), "red").convert(mode).save(tmp_path / f"a.{suffix}")
    shown = render(tmp_path / f"a.{suffix}", edge=4)
    assert shown.image.mode in ("L", "RGB")
    assert max(shown.image.size) == 4
    assert shown.window is None


def test_what_is_transparent_shows_white(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (255, 0, 0, 0)).save(tmp_path / "a.png")
    assert render(tmp_path / "a.png").image.getpixel((0, 0)) == (255, 255, 255)


def test_an_image_on_its_side_is_shown_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 6)).save(tmp_path / "a.jpg", exif=exif)
    assert render(tmp_path / "a.jpg").image.size == (6, 8)


def test_a_scan_is_exported_without_its_patient(scan: Deep, tmp_path: Path) -> None:
    path = scan(RAMP - 500)
    content, slope, intercept = dicom.as_png(path)
    (tmp_path / "out.png").write_bytes(content)
    with Image.open(tmp_path / "out.png") as image:
        again = np.asarray(image) * slope + intercept
    assert (again == RAMP - 500 - 1024).all()
    assert b"Doe" in path.read_bytes()
    assert b"Doe" not in content


def test_a_folder_of_scans_is_imported_and_exported(scan: Deep, tmp_path: Path) -> None:
    source = tmp_path / "scans" / "lung"
    source.mkdir(parents=True)
    scan(RAMP).rename(source / "a.dcm")
    (source / "b.dcm").write_bytes(bytes(128) + b"DICM")
    from heldout.errors import Problems

    problems = Problems()
    found = read_dataset(tmp_path / "scans", problems=problems)
    assert found.examples.select("width", "height").rows() == [(6, 4)]
    assert found.annotations["category"].to_list() == ["lung"]
    assert "b.dcm" in str(next(iter(problems)))
    write_dataset(found, tmp_path / "out", format_id="image-folder")
    (only,) = (tmp_path / "out").rglob("*.png")
    with Image.open(only) as image:
        assert image.mode.startswith("I")


@pytest.mark.parametrize("content", [b"", b"x" * 200, bytes(128) + b"DICM" + b"\xff" * 50])
def test_no_damaged_scan_crashes(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("pydicom")
    (tmp_path / "a.dcm").write_bytes(content)
    with pytest.raises(OSError):  # noqa: PT011  (the message is pydicom's)
        dicom.read(tmp_path / "a.dcm")
