from app.pace import PACE, said, seconds_a_frame
from solver.solve import PRESETS


def test_every_preset_states_what_it_costs() -> None:
    assert set(PACE) == set(PRESETS)
    for cameras in (1, 3):
        costs = [seconds_a_frame(preset, cameras) for preset in ("draft", "standard", "final")]
        assert costs == sorted(costs)
    assert costs[-1] < 0.5
    assert said("draft", 1) == "draft: about 0.014 s of a processor core for each frame of one camera"
