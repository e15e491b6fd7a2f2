"""What the Export page hands to `mien export`."""

import dataclasses

from app.corrections import save_layer
from app.gui import keys
from app.gui.export_source import export_source
from app.places import AROUND_LAYER_NAME, AROUND_NAME, SOLVE_NAME
from exporters.to_json import read, write


def test_the_solve_around_dragged_landmarks_is_exported_as_it_is_shown(opened):
    session = opened.session
    data = session.data
    assert export_source(data, session.layer, session.weights) == data.where.work / SOLVE_NAME
    session.edit("drag", keys.dragged(session.layer, {("camA", 3, 10): (50.0, 60.0)}, "mediapipe478"))
    session.save()
    solved = data.solved.performance
    around = dataclasses.replace(solved, weights=solved.weights * 0.5, steps={**solved.steps, "correct": "1"})
    save_layer(session.layer, data.where.work / AROUND_LAYER_NAME)
    write(dataclasses.replace(data.solved, performance=around), data.where.work / AROUND_NAME)
    session.around = True
    session.reload()
    assert not session.layer.keys
    path = export_source(session.data, session.layer, session.weights)
    assert (read(path).weights == session.weights).all()
    assert (read(path).weights == around.weights).all()
