from tests.gui.soak import soak


def test_random_input_neither_breaks_nor_freezes_the_window(shoot, qapp, qtbot):
    found = soak(shoot, 20.0, 7)
    assert found["inputs"] > 60
    assert found["faults"] == []
    assert len(found["frozen"]) <= 2, found  # opening a take and the first picture may take their time
