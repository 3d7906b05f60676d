"""PNG and JPEG films."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from factories import chest_phantom, make_jpeg, make_png

from gaze2report.errors import ImageTooLarge, NotAnImage
from gaze2report.imaging.colour_pictures import read_colours
from gaze2report.imaging.limits import IntakeLimits
from gaze2report.imaging.read import read_image, read_image_header
from gaze2report.imaging.uids import is_valid_uid
from gaze2report.imaging.windowing import to_display


def test_an_8_bit_png_is_shown_as_it_is(tmp_path):
    pixels = chest_phantom(bits_stored=8)
    image = read_image(make_png(tmp_path / "a.png", pixels))
    assert np.array_equal(to_display(image), pixels)
    assert image.notes == ()


def test_all_256_levels_of_an_8_bit_film_survive_to_the_display(tmp_path):
    pixels = np.arange(256).reshape(16, 16)
    assert np.array_equal(to_display(read_image(make_png(tmp_path / "a.png", pixels))), pixels)


def test_a_16_bit_png_keeps_all_its_values(tmp_path):
    pixels = chest_phantom(bits_stored=16)
    image = read_image(make_png(tmp_path / "a.png", pixels, bits=16))
    assert np.array_equal(image.modality_values[image.codes], pixels)
    assert image.header.bits_stored == 16
    assert image.windows == ()


def test_a_jpeg_is_read_and_marked_lossy(tmp_path):
    image = read_image(make_jpeg(tmp_path / "a.jpg"))
    assert image.header.is_lossy
    assert np.abs(to_display(image).astype(int) - chest_phantom(bits_stored=8)).mean() < 3


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK"])
def test_colour_is_converted_with_a_note(tmp_path, mode):
    suffix = "jpg" if mode == "CMYK" else "png"
    grey = PIL.Image.fromarray(chest_phantom(bits_stored=8).astype(np.uint8))
    grey.convert("RGB").convert(mode, palette=PIL.Image.Palette.ADAPTIVE).save(tmp_path / f"a.{suffix}")
    image = read_image(tmp_path / f"a.{suffix}")
    assert any("converted to grey" in note for note in image.notes)
    assert np.abs(to_display(image).astype(int) - np.asarray(grey)).mean() < 8


def test_the_uids_follow_from_the_content_and_differ_by_level(tmp_path):
    header, _ = read_image_header(make_png(tmp_path / "a.png"))
    again, _ = read_image_header(make_png(tmp_path / "copy.png"))
    other, _ = read_image_header(make_png(tmp_path / "other.png", chest_phantom(bits_stored=8, seed=1)))
    uids = {header.study_uid, header.series_uid, header.instance_uid}
    assert header == again
    assert len(uids) == 3
    assert all(is_valid_uid(uid) and uid.startswith("2.25.") for uid in uids)
    assert uids.isdisjoint({other.study_uid, other.series_uid, other.instance_uid})


def test_the_name_does_not_decide_what_a_file_is(tmp_path):
    assert read_image(make_png(tmp_path / "film.dcm")).header.rows == 160


def test_a_picture_beyond_the_pixel_cap_is_refused_before_decoding(tmp_path):
    path = tmp_path / "bomb.png"
    PIL.Image.new("1", (9000, 9000)).save(path)
    with pytest.raises(ImageTooLarge, match="9000 x 9000"):
        read_image(path)
    with pytest.raises(ImageTooLarge):
        read_image_header(make_png(tmp_path / "a.png"), IntakeLimits(max_pixels=100))


@pytest.mark.parametrize("keep", [8, 30, 60, 500, -200])
def test_a_truncated_picture_is_refused_with_a_sentence(tmp_path, keep):
    path = make_png(tmp_path / "a.png")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(NotAnImage):
        read_image(path)


def test_an_animation_is_refused(tmp_path):
    frames = [PIL.Image.new("L", (64, 64), level) for level in (0, 200)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(NotAnImage, match="animation"):
        read_image(tmp_path / "a.png")


def test_a_picture_is_read_in_its_colours_and_anything_else_is_refused(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(tmp_path / "picture.png")
    assert np.array_equal(read_colours(tmp_path / "picture.png"), pixels)
    PIL.Image.fromarray(pixels[..., 0]).save(tmp_path / "grey.png")
    assert np.array_equal(read_colours(tmp_path / "grey.png"), np.repeat(pixels[..., :1], 3, axis=2))
    (tmp_path / "broken.png").write_bytes((tmp_path / "picture.png").read_bytes()[:60])
    with pytest.raises(NotAnImage, match="PNG or JPEG"):
        read_colours(tmp_path / "broken.png")
