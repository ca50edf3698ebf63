from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from heldout.datasets.moving import extract, frames


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Three seconds of video at 4 frames a second, each brighter than the one before."""
    av = pytest.importorskip("av")
    path = tmp_path / "clip.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for number in range(12):
            shade = np.full((16, 32, 3), number * 20, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def test_video_is_taken_apart_by_time(clip: Path) -> None:
    every = list(frames(clip))
    assert [frame.number for frame in every] == list(range(12))
    assert [frame.seconds for frame in every[:3]] == [0, 0.25, 0.5]
    kept = list(frames(clip, every=1))
    assert [frame.seconds for frame in kept] == [0, 1, 2]
    shades = [np.asarray(frame.image).mean() for frame in kept]
    assert shades == pytest.approx([0, 80, 160], abs=6)


def test_a_gif_is_taken_apart_by_its_own_times(tmp_path: Path) -> None:
    shades = [Image.new("L", (4, 4), shade) for shade in (0, 100, 200)]
    path = tmp_path / "a.gif"
    shades[0].save(path, save_all=True, append_images=shades[1:], duration=[500, 1500, 500])
    assert [frame.seconds for frame in frames(path)] == [0, 0.5, 2]
    assert [frame.number for frame in frames(path, every=1)] == [0, 2]


def test_a_stack_keeps_its_depth(tmp_path: Path) -> None:
    slices = [Image.fromarray(np.full((3, 3), 1000 * one, np.uint16)) for one in (1, 2)]
    slices[0].save(tmp_path / "a.tiff", save_all=True, append_images=slices[1:])
    assert [np.asarray(frame.image).max() for frame in frames(tmp_path / "a.tiff")] == [1000, 2000]


def test_frames_of_one_video_say_so(clip: Path, tmp_path: Path) -> None:
    table = extract(clip, tmp_path / "out", every=1)
    assert table["video"].n_unique() == 1
    assert table["frame"].to_list() == [0, 4, 8]
    assert table["example_id"].n_unique() == 3
    assert all((tmp_path / "out" / name).is_file() for name in table["image"])


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_a_damaged_video_is_an_error_with_a_reason(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("av")
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(OSError, match="is damaged"):
        list(frames(tmp_path / "a.mp4"))
