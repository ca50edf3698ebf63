"""Copies of pictures are found through crops, mirrors and compression, and strangers are not."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from heldout.datasets.leaks.finding import Part, Tier, find_leaks
from heldout.datasets.leaks.grey import read_grey, resampling
from heldout.datasets.leaks.hashing import CROPS, VARIANTS, phash, variants
from heldout.datasets.leaks.joining import candidates, near_pairs
from heldout.datasets.leaks.verifying import correlation, patch

SIZE = (160, 120)


def picture(seed):
    """Something like a photograph: soft shapes, an edge and a little noise."""
    rng = np.random.default_rng(seed)
    small = rng.normal(size=(7, 9))
    soft = np.asarray(Image.fromarray(small.astype("f4"), "F").resize(SIZE, Image.BICUBIC))
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    edge = np.where(np.cos(rng.uniform(0, 6)) * x + np.sin(rng.uniform(0, 6)) * y > 40, 1.0, 0.0)
    values = 128 + 40 * soft + 30 * edge + rng.normal(0, 4, soft.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype("uint8")).convert("RGB")


def altered(image, seed, *, most=0.05):
    """A random crop of up to 5 % at each side, mirrored half of the time."""
    rng = np.random.default_rng(seed)
    width, height = image.size
    cuts = rng.uniform(0, most, 4)
    image = image.crop(
        (
            round(width * cuts[0]),
            round(height * cuts[1]),
            round(width * (1 - cuts[2])),
            round(height * (1 - cuts[3])),
        )
    )
    mirrored = rng.random() < 0.5
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else image


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """60 originals, and 60 cropped, mirrored copies in JPEG at quality 60."""
    folder = tmp_path_factory.mktemp("pictures")
    for seed in range(60):
        image = picture(seed)
        image.save(folder / f"{seed}.png")
        altered(image, seed).save(folder / f"copy{seed}.jpg", quality=60)
    return folder


def part(name, paths):
    return Part(name=name, ids=[path.stem for path in paths], media=paths)


def test_copies_are_found_on_whichever_side_the_crop_is_and_strangers_are_not(pictures):
    train = [pictures / f"{seed}.png" for seed in range(30)]
    train += [pictures / f"copy{seed}.jpg" for seed in range(30, 60)]
    test = [pictures / f"copy{seed}.jpg" for seed in range(15)]
    test += [pictures / f"{seed}.png" for seed in range(30, 45)]
    (found,) = find_leaks([part("train", train), part("test", test)])
    pairs = {(leak.first, leak.second) for leak in found.leaks}
    true = {(path.stem, _original(path.stem)) for path in test}
    assert len(pairs & true) >= 0.95 * len(true)
    assert pairs <= true
    assert {leak.tier for leak in found.leaks} == {Tier.PICTURE}
    assert found.share == len(pairs) / 30


def _original(stem):
    return stem.removeprefix("copy") if stem.startswith("copy") else f"copy{stem}"


def test_the_same_bytes_and_the_same_pixels_are_told_apart(pictures, tmp_path):
    (tmp_path / "a.png").write_bytes((pictures / "3.png").read_bytes())
    with Image.open(pictures / "4.png") as image:
        image.save(tmp_path / "b.png", compress_level=1)
    train = part("train", [pictures / "3.png", pictures / "4.png"])
    (found,) = find_leaks([train, part("test", [tmp_path / "a.png", tmp_path / "b.png"])])
    assert found.counts() == {Tier.BYTES: 1, Tier.PIXELS: 1}
    assert found.leaked == {"a", "b"}


def test_a_damaged_picture_and_an_example_without_one_hinder_nothing(pictures, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff damaged")
    test = Part("test", ["bad", "none", "3"], [tmp_path / "bad.jpg", None, pictures / "3.png"])
    (found,) = find_leaks([part("train", [pictures / "3.png"]), test])
    assert [leak.first for leak in found.leaks] == ["3"]


def test_tiny_pictures_are_compared_by_their_pixels_alone(tmp_path):
    shape = np.zeros((8, 8), "uint8")
    shape[2:6, 3:5] = 200
    for name, change in (("a", 0), ("b", 0), ("c", 9)):
        Image.fromarray(shape + np.uint8(change)).save(tmp_path / f"{name}.png")
    train, test = part("train", [tmp_path / "a.png"]), ["b", "c"]
    (found,) = find_leaks([train, part("test", [tmp_path / f"{name}.png" for name in test])])
    assert found.leaked == {"b"}
    assert "3 pictures have a side below 32 pixels" in found.notes[0]


def test_three_splits_are_compared_in_pairs(pictures):
    parts = [part(name, [pictures / "3.png"]) for name in ("train", "val", "test")]
    assert [(pair.first, pair.second) for pair in find_leaks(parts)] == [
        ("val", "train"),
        ("test", "train"),
        ("test", "val"),
    ]


def test_the_hash_is_phash_of_the_averaged_picture():
    grey = np.asarray(picture(1).convert("L"))
    rows, columns = (resampling(length, 0, 1, 32) for length in grey.shape)
    spectrum = dctn(rows @ grey @ columns.T, type=2)[:8, :8].ravel()
    bits = spectrum > np.median(spectrum)
    assert f"{int(phash(grey)):064b}" == "".join("1" if bit else "0" for bit in bits)


def test_variants_are_the_hashes_of_crops_and_mirror_images():
    grey = np.asarray(picture(2).convert("L"))[:100, :160]
    made = variants(grey)
    assert len(made) == VARIANTS
    assert made[0] == phash(grey)
    assert made[len(CROPS)] == phash(grey[:, ::-1])
    assert made[2] == phash(grey[5:95, 8:152])
    assert made[3 + len(CROPS)] == phash(grey[5:, ::-1])
    assert len(set(made.tolist())) > 7


@pytest.mark.parametrize("radius", [0, 3, 7, 8])
def test_the_join_finds_what_comparing_all_with_all_finds(radius):
    rng = np.random.default_rng(radius)
    right = rng.integers(0, 2**64, 3000, dtype=np.uint64)
    left = right[rng.integers(0, 3000, 400)].copy()
    for index in range(len(left)):
        for bit in rng.choice(64, rng.integers(0, 12), replace=False):
            left[index] ^= np.uint64(1) << np.uint64(bit)
    everything = np.bitwise_count(left[:, None] ^ right) <= radius
    assert np.array_equal(near_pairs(left, right, radius=radius), np.argwhere(everything))


def test_nothing_joins_with_nothing():
    none = np.empty(0, np.uint64)
    assert near_pairs(none, np.arange(5, dtype=np.uint64), radius=3).shape == (0, 2)
    assert candidates(0, 5, radius=3) == 0
    with pytest.raises(ValueError, match="radius 16"):
        near_pairs(none, none, radius=16)


def test_correlation_is_one_for_a_copy_and_small_for_a_stranger():
    first, second = (np.asarray(picture(seed).convert("L")) for seed in (1, 2))
    assert correlation(patch(first), patch(first)) == pytest.approx(1)
    assert correlation(patch(first, 7), patch(first[:, ::-1])) == pytest.approx(1)
    assert correlation(patch(first), patch(second)) < 0.7
    blank = np.zeros((50, 50), np.uint8)
    assert correlation(patch(blank), patch(blank)) == 1
    assert correlation(patch(blank), patch(blank + 9)) == 0


def test_a_turned_jpeg_is_read_as_it_is_shown(tmp_path):
    image = picture(3)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    image.transpose(Image.Transpose.ROTATE_270).save(tmp_path / "shown.jpg")
    turned, shown = (read_grey(tmp_path / name) for name in ("turned.jpg", "shown.jpg"))
    assert correlation(patch(turned), patch(shown)) > 0.99


def test_a_16_bit_picture_is_stretched_to_its_own_range(tmp_path):
    depth = (np.asarray(picture(4).convert("L")).astype("uint16") + 1000) * 16
    Image.fromarray(depth).save(tmp_path / "depth.png")
    grey = read_grey(tmp_path / "depth.png")
    assert (grey.min(), grey.max()) == (0, 255)


def test_a_jpeg_is_decoded_no_larger_than_needed(tmp_path):
    buffer = io.BytesIO()
    picture(5).resize((1600, 1200)).save(buffer, "JPEG")
    (tmp_path / "large.jpg").write_bytes(buffer.getvalue())
    assert read_grey(tmp_path / "large.jpg").shape == (150, 200)
