"""What the menus do to keys: each is one step that can be undone."""

import dataclasses

from app.gui import keys
from app.gui.marks import beyond, marks_of
from app.gui.noting import note
from app.gui.session import Session
from app.gui.undo import Change
from capture.match import NO_PICTURE
from solver.corrections import REACH, Key, corrected
from solver.suggest import worth_correcting

SAME = 1e-4
"""Weights nearer to each other are the same."""
SUGGESTIONS = 8
"""Frames worth correcting that are shown one after another."""


def key_here(session: Session) -> None:
    """A key on each selected curve in the present frame, with the value it has."""
    frame = session.solved_frame()
    if frame is None:
        return
    layer, spots = session.layer, set()
    names = session.data.scene.performance.shape_names
    for shape in session.shapes:
        layer = keys.with_keys(layer, shape, [Key(session.frame, float(session.weights[frame, names.index(shape)]))])
        spots.add((shape, session.frame))
    session.edit("key selected curves", layer, frozenset(spots))


def key_range(session: Session) -> None:
    """Keys on the selected curves every few frames from in to out, to be shaped by hand."""
    if session.solved_frame() is None:
        return
    layer, spots = session.layer, set()
    names = session.data.scene.performance.shape_names
    begin = session.data.first
    first, stop = max(session.first, begin), min(session.last + 1, begin + len(session.weights))
    for shape in session.shapes:
        column = session.weights[:, names.index(shape)]
        layer = keys.with_keys(layer, shape, [Key(frame, float(column[frame - begin]))
                                              for frame in range(first, stop, REACH // 2)])
        spots |= {(shape, frame) for frame in range(first, stop, REACH // 2)}
    session.edit("key from in to out", layer, frozenset(spots))


def select_all(session: Session) -> None:
    """All keys of the selected curves."""
    session.select_spots(frozenset(spot for spot in session.layer.spots() if spot[0] in session.shapes))


def delete(session: Session) -> None:
    session.edit("delete keys", keys.deleted(session.layer, session.spots), frozenset())


def copy(session: Session) -> None:
    if session.spots:
        session.clipboard = keys.copied(session.layer, session.spots)


def paste(session: Session) -> None:
    """The copied keys from the present frame on."""
    frame = session.solved_frame()
    if frame is not None and session.clipboard:
        names = session.data.scene.performance.shape_names
        clipboard = {shape: table for shape, table in session.clipboard.items() if shape in names}
        session.edit("paste keys", *keys.pasted(session.layer, clipboard, session.frame, session.data.frames - 1))


def mirror(session: Session) -> None:
    """Copies of the selected keys on the face's other side."""
    if session.data is not None and session.data.scene is not None:
        layer, spots = keys.mirrored(session.layer, session.spots, session.data.scene.performance.shape_names)
        if spots:
            session.edit("mirror keys", layer, spots)
            session.select_shapes(tuple(name for name in session.data.scene.performance.shape_names
                                        if name in session.shapes or name in {shape for shape, _ in spots}))


def smooth(session: Session) -> None:
    session.edit("smooth keys", keys.smoothed(session.layer, session.spots))


def tangents_auto(session: Session) -> None:
    session.edit("smooth tangents", keys.sloped(session.layer, session.spots, None, None))


def tangents_flat(session: Session) -> None:
    session.edit("flat tangents", keys.sloped(session.layer, session.spots, 0.0, 0.0))


def nudge(session: Session, frames: int, value: float) -> None:
    """Move the selected keys a little."""
    if session.spots and session.weights is not None:
        session.edit("move keys", *keys.moved(session.layer, session.spots, frames, value, session.data.frames - 1))


def mark_right(session: Session, right: bool) -> None:
    """Mark the present frame as right: it keeps what it shows, however the take is solved again. Or no longer: then
    keys that only held what the solve shows there go, too."""
    solved, here = session.solved_frame(), session.frame
    if solved is None:
        return
    layer = keys.marked(session.layer, here, right)
    if right:
        shapes = session.data.scene.performance.shape_names
        session.edit("mark frame as right", keys.pinned(layer, here, shapes, session.weights[solved]))
        return
    # Of the footage's own solve: one around the corrections shows what they say, and says nothing of what they are for.
    performance = session.data.solved.performance
    bare = keys.deleted(layer, [(shape, here) for shape in performance.shape_names])
    shown = corrected(bare, performance.weights, performance.shape_names, session.data.first)[solved]
    held = [(shape, here) for shape, weight in zip(performance.shape_names, shown, strict=True)
            if (key := layer.key((shape, here))) is not None and (key.slope_in, key.slope_out) == (None, None)
            and abs(key.value - weight) < SAME]
    session.edit("frame is not right", keys.deleted(layer, held))


def name_neutral(session: Session, named: bool) -> None:
    """Say in take.toml that the face is at rest in the present frame, or in none that anybody knows."""
    take = session.data.take if session.data is not None else None
    if take is None or session.solved_frame() is None:
        return
    if take.folder is None:
        session.message.emit("a lone clip has no take.toml that could name the face at rest; put it into a folder of "
                             "its own")
        return
    before, after = take.settings.get("neutral"), str(session.frame) if named else None
    if before != after:
        session.hint.emit(f"frame {after} is the face at rest" if named else "mien finds the face at rest by itself")
        session.undo.push(Change("neutral frame", {"neutral": before}, {"neutral": after},
                                 lambda values: note(session, (take,), values)))


def jump_to_worth(session: Session) -> None:
    """Show the frame that is most worth correcting next; from there the one after it."""
    if session.data is None or session.data.solved is None:
        return
    first, performance = session.data.first, session.data.solved.performance
    known = sorted(frame - first for frame in session.layer.frames())
    found = [(first + frame, gain) for frame, gain in worth_correcting(performance, known, SUGGESTIONS)]
    if not found:
        session.hint.emit("no frame is left to correct")
        return
    after = [place + 1 for place, (frame, _) in enumerate(found) if frame == session.frame]
    frame, gain = found[after[0] % len(found) if after else 0]
    session.seek(frame)
    session.hint.emit(f"frame {frame}: correcting it takes away {gain:.0%} of the error that is still expected")


def undrag(session: Session) -> None:
    """The landmarks of the present frame where they were found, in all cameras."""
    if session.data is not None:
        layer = session.layer
        for camera in session.data.take.cameras:
            layer = keys.undragged(layer, camera, session.frame)
        session.edit("landmarks as found", layer)


def point_at(session: Session, camera: str, frame: int, place: tuple[float, float]) -> None:
    """The actor's face is at a place, in the camera's px, in that frame of the take."""
    data = session.data
    if data.clips is None or frame >= data.clips.frames:  # the picture is of clips that have changed since
        return
    index = data.take.cameras.index(camera)
    width, height = data.clips.clips[index].size
    x, y = place
    if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
        return
    number = int(data.clips.numbers[index, frame])
    if number == NO_PICTURE:
        return
    session.edit("this is the actor", session.layer.pointed((camera, number), (round(x, 1), round(y, 1))))
    session.hint.emit(f"{camera} will follow this face; solve the take again to see it")


def unpoint(session: Session) -> None:
    """Every camera follows the face that it chooses itself."""
    session.edit("faces as they were chosen", dataclasses.replace(session.layer, faces={}))


def jump_to_key(session: Session, way: int) -> None:
    """Show the next (1) or the last (-1) frame that has a key on a selected curve."""
    if session.data is None:
        return
    frames = sorted({frame for shape, frame in session.layer.spots()
                     if not session.shapes or shape in session.shapes})
    beyond = [frame for frame in frames if (frame - session.frame) * way > 0]
    if beyond:
        session.go(beyond[0] if way > 0 else beyond[-1])


def jump_to_correction(session: Session, way: int) -> None:
    """Show the next (1) or the last (-1) frame of which anything was said."""
    if session.data is not None and (mark := beyond(marks_of(session.data, session.layer), session.frame, way)):
        session.go(mark.frame)
