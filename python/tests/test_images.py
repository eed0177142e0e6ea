"""Convolutions of images and of several traces, against SciPy and against dense matrices."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import sparsea

signal = pytest.importorskip("scipy.signal")

SHAPE = (11, 8)
BOUNDARIES = ("full", "same", "valid", "circular")


def random_kernels() -> list[Any]:
    rng = np.random.default_rng(1)
    shapes = [(1, 1), (3, 4), (1, 5), (4, 1), (5, 5), (11, 8)]
    real = [rng.standard_normal(shape) for shape in shapes]
    outer = [np.outer(rng.standard_normal(4), rng.standard_normal(3))]
    return [*real, *outer, rng.standard_normal((3, 2)) + 1j * rng.standard_normal((3, 2))]


def matrix_of(operator: Any) -> Any:
    return np.stack([operator.matvec(unit) for unit in np.eye(operator.shape[1])], axis=1)


def sky(shape: tuple[int, int], count: int, seed: int, apart: float = 0.0) -> tuple[Any, Any]:
    """Rows and columns of stars at least so far apart, and their brightness, as an image."""
    rng = np.random.default_rng(seed)
    places: list[tuple[int, int]] = []
    while len(places) < count:
        place = (int(rng.integers(shape[0])), int(rng.integers(shape[1])))
        if all(np.hypot(place[0] - r, place[1] - c) >= max(apart, 0.5) for r, c in places):
            places.append(place)
    rows, columns = np.array(sorted(places)).T
    image = np.zeros(shape)
    image[rows, columns] = rng.uniform(1.0, 2.0, count)
    return (rows, columns), image


def star(sigma: float) -> Any:
    line = sparsea.gaussian(sigma)
    return np.outer(line, line)


@pytest.mark.parametrize("kernel", random_kernels(), ids=lambda kernel: f"{kernel.shape}{kernel.dtype}")
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_products_are_those_of_scipy(kernel: Any, boundary: Any) -> None:
    x = np.random.default_rng(2).standard_normal(SHAPE)
    operator = sparsea.Convolution(kernel, boundary=boundary, shape=SHAPE)
    if boundary == "circular":
        # SciPy's boundary "wrap" has the centre of the kernel at the spike.
        centre = ((kernel.shape[0] - 1) // 2, (kernel.shape[1] - 1) // 2)
        expected = signal.convolve2d(x, kernel, mode="same", boundary="wrap")
        expected = np.roll(expected, centre, axis=(0, 1))
    else:
        expected = signal.convolve2d(x, kernel, mode=boundary)
    found = operator.matvec(x.ravel()).reshape(operator.seen_shape)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-12)
    y = np.random.default_rng(3).standard_normal(operator.shape[0])
    np.testing.assert_allclose(operator.rmatvec(y), matrix_of(operator).conj().T @ y, atol=1e-12)


@pytest.mark.parametrize("origin", [(0, 0), (2, 1), (4, 2), "peak"])
@pytest.mark.parametrize("boundary", ["same", "circular"])
def test_the_origin_shifts_the_image(origin: Any, boundary: Any) -> None:
    kernel = np.random.default_rng(4).standard_normal((5, 3))
    at = np.unravel_index(np.argmax(np.abs(kernel)), kernel.shape) if origin == "peak" else origin
    x = np.random.default_rng(5).standard_normal(SHAPE)
    operator = sparsea.Convolution(kernel, boundary=boundary, origin=origin, shape=SHAPE)
    if boundary == "same":
        full = signal.convolve2d(x, kernel)
        expected = full[at[0] : at[0] + SHAPE[0], at[1] : at[1] + SHAPE[1]]
    else:
        padded = np.zeros(SHAPE)
        padded[:5, :3] = kernel
        padded = np.roll(padded, (-at[0], -at[1]), axis=(0, 1))
        expected = np.fft.ifft2(np.fft.fft2(x) * np.fft.fft2(padded)).real
    np.testing.assert_allclose(operator.matvec(x.ravel()).reshape(SHAPE), expected, atol=1e-12)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("origin", [(0, 0), (4, 1), "peak", None])
def test_positions_are_where_the_origin_is_seen(boundary: Any, origin: Any) -> None:
    kernel = np.zeros((5, 3))
    kernel[1, 2] = 3.0
    at = {"peak": (1, 2), None: (2, 1) if boundary == "same" else (0, 0)}.get(origin, origin)
    mark = np.zeros((5, 3))
    mark[at] = 1.0
    operator = sparsea.Convolution(kernel, boundary=boundary, origin=origin, shape=SHAPE)
    marked: Any = sparsea.Convolution(mark, boundary=boundary, origin=at, shape=SHAPE)
    rows, columns = operator.positions(np.arange(88))
    for j in range(88):
        seen = np.argwhere(marked.matvec(np.eye(88)[j]).reshape(marked.seen_shape))
        inside = 0 <= rows[j] < marked.seen_shape[0] and 0 <= columns[j] < marked.seen_shape[1]
        assert len(seen) == inside
        if inside:
            assert tuple(seen[0]) == (rows[j], columns[j])


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("origin", [0, 2, "peak", None])
def test_positions_of_traces(boundary: Any, origin: Any) -> None:
    kernel = np.array([0.5, 0.0, -1.0, 0.25])
    at = {"peak": 2, None: 1 if boundary == "same" else 0}.get(origin, origin)
    mark = np.eye(4)[at]
    operator = sparsea.Convolution(kernel, 12, boundary, origin)
    marked = sparsea.Convolution(mark, 12, boundary, at)
    positions = operator.positions(np.arange(12))
    for j in range(12):
        seen = np.flatnonzero(marked.matvec(np.eye(12)[j]))
        assert seen.tolist() == ([positions[j]] if 0 <= positions[j] < operator.shape[0] else [])


def test_a_convolution_of_images_is_a_value() -> None:
    kernel = star(1.0)
    one = sparsea.Convolution(kernel, boundary="same", shape=(20, 30))
    assert one == pickle.loads(pickle.dumps(one))
    assert one == sparsea.Convolution(kernel, None, "same", None, (20, 30))
    assert one != sparsea.Convolution(kernel, boundary="same", shape=(30, 20))
    assert hash(one) == hash(pickle.loads(pickle.dumps(one)))
    assert (one.image_shape, one.seen_shape, one.shape, one.origin) == ((20, 30), (20, 30), (600, 600), None)
    np.testing.assert_array_equal(one.kernel, kernel)
    assert sparsea.Convolution(kernel, origin=(1, 2), shape=(20, 30)).origin == (1, 2)
    assert repr(one) == "<Convolution 600 × 600, images of 20 × 30 pixels, kernel of 17 × 17, boundary 'same'>"
    line = sparsea.Convolution([1.0, 2.0], 5)
    assert line.image_shape is None
    assert line == pickle.loads(pickle.dumps(line))


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_solution_is_that_of_the_matrix(boundary: Any) -> None:
    kernel = star(0.8) + 0.01 * np.random.default_rng(6).standard_normal((15, 15))
    operator = sparsea.Convolution(kernel, boundary=boundary, origin="peak", shape=(26, 24))
    norms = np.linalg.norm(matrix_of(operator), axis=0)
    support = np.random.default_rng(7).choice(np.flatnonzero(norms > 0.5 * norms.max()), 7, replace=False)
    x = np.zeros(26 * 24)
    x[support] = np.random.default_rng(8).uniform(1, 2, 7)
    y = operator.matvec(x)
    y += 0.02 * np.std(y) * np.random.default_rng(9).standard_normal(len(y))
    found = sparsea.solve(operator, y, 7)
    expected = sparsea.solve(matrix_of(operator), y, 7)
    np.testing.assert_array_equal(found.support, expected.support)
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-9)
    fit = np.linalg.lstsq(matrix_of(operator)[:, found.support], y, rcond=None)[0]
    np.testing.assert_allclose(found.coefficients, fit, rtol=1e-8)
    rows, columns = found.positions
    np.testing.assert_array_equal(operator.positions(found.support)[0], rows)
    np.testing.assert_array_equal(operator.positions(found.support)[1], columns)
    assert found.image is not None
    assert found.image.shape == (26, 24)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sigma", [1.5, 2.0])
def test_overlapping_stars_are_found_exactly(seed: int, sigma: float) -> None:
    places, image = sky((64, 64), 30, seed)
    seen = signal.convolve2d(image, star(sigma), mode="same")
    found = sparsea.deconvolve(seen, f"gaussian:{sigma}", 30, image=True)
    np.testing.assert_array_equal(found.positions, places)
    np.testing.assert_allclose(found.image, image, atol=1e-6)
    assert found.stop_reason == "exact_fit"
    assert found == sparsea.deconvolve(seen, star(sigma), 30)
    np.testing.assert_allclose(seen[found.positions], seen[places])


@pytest.mark.parametrize("seed", range(4))
def test_with_noise_the_fit_is_no_worse_than_that_of_the_truth(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    places, image = sky((60, 70), 35, seed)
    kernel = star(1.7)
    seen = signal.convolve2d(image, kernel, mode="same")
    noisy = seen + 0.05 * np.sqrt(np.mean(seen**2)) * rng.standard_normal(seen.shape)
    found = sparsea.deconvolve(noisy, kernel, 35)
    operator = sparsea.Convolution(kernel, boundary="same", shape=seen.shape)
    columns = np.stack([operator.matvec(np.eye(1, 4200, j)[0]) for j in np.ravel_multi_index(places, (60, 70))], axis=1)
    fit = np.linalg.lstsq(columns, noisy.ravel(), rcond=None)[0]
    assert found.residual_norm <= np.linalg.norm(noisy.ravel() - columns @ fit) * (1 + 1e-12)
    rows, across = found.positions
    near = [np.min(np.maximum(abs(rows - r), abs(across - c))) <= 1 for r, c in zip(*places, strict=True)]
    assert np.mean(near) >= 0.9


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_transposing_transposes(boundary: Any) -> None:
    kernel = np.outer(sparsea.gaussian(1.0), sparsea.gaussian(1.4))
    operator = sparsea.Convolution(kernel, boundary=boundary, origin="peak", shape=(50, 60))
    x = np.zeros((50, 60))
    rng = np.random.default_rng(11)
    x[rng.integers(8, 42, 12), rng.integers(12, 48, 12)] = rng.uniform(1, 2, 12)
    seen = operator.matvec(x.ravel()).reshape(operator.seen_shape)
    k = int(np.count_nonzero(x))
    one = sparsea.deconvolve(seen, kernel, k, boundary=boundary)
    other = sparsea.deconvolve(seen.T, kernel.T, k, boundary=boundary)
    np.testing.assert_allclose(one.image, x, atol=1e-6)
    np.testing.assert_allclose(other.image, x.T, atol=1e-6)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_many_traces_are_a_loop_over_traces(boundary: Any) -> None:
    rng = np.random.default_rng(12)
    kernel = rng.standard_normal(9)
    traces = rng.standard_normal((120, 4)) + 3
    together = sparsea.deconvolve(traces, kernel, 5, boundary=boundary, baseline="median")
    assert isinstance(together, sparsea.Solutions)
    for trace, found in zip(traces.T, together, strict=True):
        alone = sparsea.deconvolve(trace, kernel, 5, boundary=boundary, baseline="median")
        assert found == alone
        np.testing.assert_array_equal(found.positions, alone.positions)
    named = sparsea.deconvolve(traces, "exponential:2", 5, image=False)
    assert named[1] == sparsea.deconvolve(traces[:, 1], "exponential:2", 5)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("origin", [None, 0, 7])
def test_positions_are_samples_of_the_trace(boundary: Any, origin: Any) -> None:
    """Whatever the boundary: where the kernel's origin is seen."""
    kernel = sparsea.exponential(0.5) * np.where(np.arange(11) % 2, -1.0, 1.0)
    at = 0 if origin is None else origin
    samples = np.array([20, 41, 60])
    trace = np.zeros(100)
    for sample, height in zip(samples, [2.0, -1.0, 1.5], strict=True):
        trace[sample - at : sample - at + len(kernel)] += height * kernel
    found = sparsea.deconvolve(trace, kernel, 3, boundary=boundary, origin=origin)
    np.testing.assert_array_equal(found.positions, samples)
    operator = sparsea.Convolution(kernel, found.n, boundary, "peak" if origin is None else origin)
    assert sparsea.solve(operator, trace, 3).positions.tolist() == samples.tolist()


def test_other_solutions_have_no_positions() -> None:
    found = sparsea.solve(np.eye(4), np.arange(4.0), 2)
    assert (found.positions, found.image, found.image_shape) == (None, None, None)
    image = sparsea.solve(sparsea.Convolution([[1.0]], shape=(2, 2)), [0.0, 0.0, 3.0, 0.0], 1)
    again = pickle.loads(pickle.dumps(image))
    assert again == image
    assert again.image_shape == (2, 2)
    np.testing.assert_array_equal(again.positions, ([1], [0]))
    problem = sparsea.Problem(sparsea.Convolution([[1.0]], shape=(2, 2)), [0.0, 0.0, 3.0, 0.0])
    assert problem.solve(1).positions[0].tolist() == [1]


IMAGE = np.ones((6, 7))


def _any(value: Any) -> Any:
    """A value of the wrong type, which a type checker would refuse."""
    return value


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sparsea.deconvolve(IMAGE, np.ones((7, 2)), 1), "the kernel has 7 × 2 pixels, more than the 6 × 7 of"),
        (lambda: sparsea.deconvolve(IMAGE, "gaussian:1", 1, image=True), "SIGMA is at most 0.25 here"),
        (lambda: sparsea.deconvolve(IMAGE, "exponential:1", 1, image=True), "'exponential:1' is for traces"),
        (lambda: sparsea.deconvolve(IMAGE, "gaussian:.2", 1), "say image=True for an image, or image=False"),
        (lambda: sparsea.deconvolve(IMAGE, [1.0], 1, image=True), "an image takes a kernel of two dimensions"),
        (lambda: sparsea.deconvolve(IMAGE[0], [[1.0]], 1), "y has shape (7,); an image, as of this kernel, has two"),
        (lambda: sparsea.deconvolve(IMAGE, [[1.0]], 1, image=False), "traces take a kernel of one dimension"),
        (lambda: sparsea.deconvolve(IMAGE[None], [[1.0]], 1), "y has shape (1, 6, 7); it must have one dimension"),
        (lambda: sparsea.deconvolve(IMAGE, np.zeros((2, 2)), 1), "the kernel is all zero"),
        (lambda: sparsea.deconvolve(IMAGE, np.ones((0, 2)), 1), "the kernel is empty"),
        (lambda: sparsea.deconvolve(IMAGE, [[1.0, np.nan]], 1), "the kernel contains NaN at row 0, column 1"),
        (lambda: sparsea.deconvolve(IMAGE * np.nan, [[1.0]], 1), "y contains NaN at index 0"),
        (lambda: sparsea.deconvolve(IMAGE, [[[1.0]]], 1), "the kernel has shape (1, 1, 1); that of a trace has one"),
        (lambda: sparsea.deconvolve(IMAGE, [[1.0, 2.0]], 1, origin=(0, 2)), "1 × 2 pixels, so none at (0, 2)"),
        (lambda: sparsea.deconvolve(IMAGE, [[1.0]], 43), "k must be between 0 and 42"),
        (lambda: sparsea.deconvolve(IMAGE, [[1.0]], 1, boundary=_any("open")), "boundary must be one of"),
        (lambda: sparsea.Convolution([[1.0]]), "a kernel of two dimensions is for an image: give shape=(H, W)"),
        (lambda: sparsea.Convolution([[1.0]], 3), "a kernel of two dimensions is for an image: give shape=(H, W)"),
        (lambda: sparsea.Convolution([1.0]), "a kernel of one dimension is for a trace: give n"),
        (lambda: sparsea.Convolution([1.0], 3, shape=(3, 3)), "a kernel of one dimension is for a trace: give n"),
        (lambda: sparsea.Convolution([[1.0]], shape=(-1, 3)), "a number in shape must be a whole number of at least 0"),
        (lambda: sparsea.Convolution([[1.0]], shape=(0, 3)), "A must have at least one row and one column, got 0 × 3"),
        (lambda: sparsea.Convolution([1.0], 3).positions([3]), "3 is no column of A, which has 3"),
        (lambda: sparsea.Convolution([1.0], 3).positions([-1]), "an index in the support must be a whole number"),
    ],
)  # fmt: skip
def test_what_will_not_do(call: Any, said: str) -> None:
    with pytest.raises(sparsea.Error) as caught:
        call()
    assert said in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: sparsea.Convolution([[1.0]], shape=_any(5)), "shape must be rows and columns of the image, as (64, 6"),
        (lambda: sparsea.Convolution([[1.0]], shape=_any((1, 2, 3))), "shape must be rows and columns of the image"),
        (lambda: sparsea.Convolution([[1.0]], shape=_any((1.5, 2))), "a number in shape must be a whole number"),
        (lambda: sparsea.Convolution([[1.0]], shape=(2, 2), origin=1), "origin must be a row and a column"),
        (lambda: sparsea.Convolution([1.0], 3, "same", (0, 0)), "origin must be a whole number of at least 0"),
        (lambda: sparsea.deconvolve(IMAGE, [["a"]], 1), "the kernel holds elements of type"),
        (lambda: sparsea.deconvolve(IMAGE, None, 1), "the kernel must be an array of numbers"),
        (lambda: sparsea.deconvolve(IMAGE, [[1.0]], 1, image=_any(np.ones(2))), "image must be"),
    ],
)  # fmt: skip
def test_what_is_of_the_wrong_type(call: Any, said: str) -> None:
    with pytest.raises(sparsea.Error) as caught:
        call()
    assert said in str(caught.value)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("shape", [(2**40, 2**40), (2**62, 2), (2**33, 2**33)])
def test_an_image_that_is_too_large(shape: tuple[int, int]) -> None:
    with pytest.raises(MemoryError, match="does not fit into memory"):
        sparsea.Convolution([[1.0]], shape=shape)
