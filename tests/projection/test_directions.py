"""Sets of directions."""

import numpy as np
import pytest

from yt360_tools.errors import UsageError
from yt360_tools.geometry import Direction, angle_between
from yt360_tools.projection import fibonacci_directions, random_directions, ring_directions


class TestRings:
    def test_a_ring_begins_in_front_and_goes_left(self) -> None:
        assert ring_directions(1) == (Direction(0.0),)
        assert ring_directions(4) == (Direction(0.0), Direction(90.0), Direction(-180.0), Direction(-90.0))
        assert [look.yaw_deg for look in ring_directions(3)] == pytest.approx([0, 120, -120])


class TestEvenOnes:
    @pytest.mark.parametrize("count", [2, 6, 17, 64])
    def test_no_place_is_far_from_one(self, count: int) -> None:
        """So many caps that just cover the sphere without overlapping have that radius; a covering takes more."""
        rays = np.array([look.ray for look in fibonacci_directions(count)])
        cap = np.degrees(np.arccos(1 - 2 / count))
        anywhere = np.random.default_rng(0).normal(size=(2000, 3))
        far = [np.degrees(angle_between(rays, ray).min()) for ray in anywhere]
        assert len(set(map(tuple, rays))) == count
        assert max(far) < 2.1 * cap
        gaps = [np.degrees(angle_between(np.delete(rays, k, axis=0), rays[k]).min()) for k in range(count)]
        assert min(gaps) > 1.2 * cap

    def test_are_upright_and_in_thousandths(self) -> None:
        for look in fibonacci_directions(32):
            assert look == Direction(round(look.yaw_deg, 3), round(look.pitch_deg, 3), 0.0)


class TestRandomOnes:
    def test_random_ones_keep_apart_and_near_the_horizon(self) -> None:
        for seed in range(5):
            looks = random_directions(6, np.random.default_rng(seed), min_separation_deg=35, max_pitch_deg=30)
            gaps = [np.degrees(angle_between(a.ray, b.ray)) for i, a in enumerate(looks) for b in looks[i + 1 :]]
            assert len(looks) == 6
            assert min(gaps) >= 35
            assert all(abs(look.pitch_deg) <= 30 and abs(look.yaw_deg) <= 180 for look in looks)

    def test_random_ones_follow_from_their_generator(self) -> None:
        def drawn(seed: int) -> tuple[Direction, ...]:
            return random_directions(4, np.random.default_rng(seed), min_separation_deg=30, max_pitch_deg=30)

        assert drawn(1) == drawn(1)
        assert drawn(1) != drawn(2)

    def test_random_ones_that_find_no_room_are_refused(self) -> None:
        with pytest.raises(UsageError, match=r"3 directions.*150"):
            random_directions(3, np.random.default_rng(0), min_separation_deg=150, max_pitch_deg=10)

    def test_a_tight_fit_is_found(self) -> None:
        """Five views 60 degrees apart near the horizon leave little room; the first draws must be given up."""
        looks = random_directions(5, np.random.default_rng(3), min_separation_deg=60, max_pitch_deg=5)
        assert len(looks) == 5
