"""The pictures in images/ are those that the code draws now."""

from course_utils.commands import images


def test_committed_pictures_are_drawn_by_the_code(tmp_path):
    assert images.main([], tmp_path) == 0
    drawn = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in images.FOLDER.iterdir()}
    assert drawn == committed


def test_images_takes_no_arguments(capsys):
    assert images.main(["now"]) == 2
    assert "no arguments" in capsys.readouterr().err
