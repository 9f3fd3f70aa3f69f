"""Leads into groups: k-means fitted on a sample and polished on everyone, system E's, or a choice with evidence.

Add here: another way to group encoded leads. Keep out: encoding, what groups are called, and tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segmentation_pipeline.clustering.candidates import KMeans
from segmentation_pipeline.clustering.centres import Centres, fit_centres
from segmentation_pipeline.clustering.choice import Choice, ChoiceOptions, choose
from segmentation_pipeline.clustering.fitting import one_quiet_thread
from segmentation_pipeline.clustering.reduction import fit_principal_components
from segmentation_pipeline.clustering.rows import canonical_order, sample_indexes
from segmentation_pipeline.clustering.stability import jaccard_draws, mean_jaccards
from segmentation_pipeline.leads.evidence import LeadEvidence, judge_leads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from segmentation_pipeline.clustering.rows import Indexes, Labels, Matrix
    from segmentation_pipeline.lead_settings import LeadSettings
    from segmentation_pipeline.leads.columns import Codes, LeadColumn
    from segmentation_pipeline.leads.encoding import Encoding

STARTS = 10
"""k-means starts, system E's number."""

POLISHING_STEPS = 100
"""Lloyd steps on all leads after the fit on the sample; it moves little, so a handful suffices."""

CHOICE_ROWS = 3_000
"""Leads a number of groups is chosen on: silhouettes and bootstraps of 30 candidates stay within a minute."""

STABILITY_DRAWS = 10
"""Bootstrap draws behind the stability of the groups of a given k."""

STABILITY_ROWS = 2_000

BATCH = 200_000
"""Leads whose distances are held at a time."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Labels of all leads (0..k-1), the centres they follow, and what speaks for them.

    `choice` and `evidence` are there where k was chosen. `jaccards`: bootstrap stability by label (not in system E).
    """

    labels: Labels
    centres: Matrix
    jaccards: tuple[float, ...] | None
    choice: Choice | None = None
    evidence: LeadEvidence | None = None

    @property
    def k(self) -> int:
        """Number of groups."""
        return len(self.centres)


@dataclass(frozen=True, slots=True)
class LeadMap:
    """Two principal components of the encoding: a place per lead, and the share of variance of each axis."""

    places: Matrix
    variance_shares: tuple[float, float]


def group_leads(encoding: Encoding, columns: Sequence[LeadColumn], row_count: int, settings: LeadSettings) -> Grouping:
    """Group encoded leads as the settings say; fewer groups than asked where fewer different leads exist."""
    with one_quiet_thread():
        if settings.encoding == "label":
            return _as_system_e(encoding, columns, row_count, settings)
        sample = _sample(columns, row_count, settings.fit_sample, settings.seed)
        rows = encoding.matrix([column.taken(sample) for column in columns], len(sample))
        if settings.k == "auto" or settings.method != "kmeans":
            return _chosen(encoding, columns, row_count, rows, settings)
        k = min(settings.k, len(np.unique(rows, axis=0)))
        centres = fit_centres(rows, k=k, seed=settings.seed, starts=STARTS).places
        return _polished(encoding, columns, row_count, centres, _stability(rows, centres, settings.seed))


def nearest_centres(tables: Sequence[tuple[Matrix, Codes | None]], centres: Matrix, row_count: int) -> Labels:
    """Return the number of the nearest centre of every lead, block by block (ties: the smaller number)."""
    parts = _split(tables, centres)
    labels = np.empty(row_count, dtype=np.int64)
    for start in range(0, row_count, BATCH):
        stop = min(start + BATCH, row_count)
        distances = np.zeros((stop - start, len(centres)))
        for (table, codes), part in zip(tables, parts, strict=True):
            of_levels = ((table[:, None, :] - part[None, :, :]) ** 2).sum(axis=2)
            distances += of_levels[0] if codes is None else of_levels[codes[start:stop]]
        labels[start:stop] = distances.argmin(axis=1)
    return labels


def mean_places(tables: Sequence[tuple[Matrix, Codes | None]], labels: Labels, k: int) -> Matrix:
    """Return the mean place of the leads of each label; NaN for a label nobody has."""
    sizes = np.bincount(labels, minlength=k).astype(np.float64)
    sizes[sizes == 0] = np.nan
    parts = []
    for table, codes in tables:
        if codes is None:
            parts.append(np.repeat(table, k, axis=0))
            continue
        width = len(table)
        counts = np.bincount(labels * width + codes, minlength=k * width).reshape(k, width)
        parts.append(counts @ table / sizes[:, None])
    return np.hstack(parts)


def map_leads(encoding: Encoding, columns: Sequence[LeadColumn], row_count: int, settings: LeadSettings) -> LeadMap:
    """Return the two main directions of the encoding, learned on the sample (all leads for system E's encoding)."""
    limit = row_count if settings.encoding == "label" else settings.fit_sample
    with one_quiet_thread():
        sample = _sample(columns, row_count, limit, settings.seed)
        rows = encoding.matrix([column.taken(sample) for column in columns], len(sample))
        components = fit_principal_components(rows, kept_variance=0.0, most=2)
    places = np.zeros((row_count, 2))
    axes = components.axes.T
    start = 0
    for table, codes in encoding.tables(columns):
        stop = start + table.shape[1]
        scores = (table - components.mean[None, start:stop]) @ axes[start:stop]
        places[:, : axes.shape[1]] += scores[0] if codes is None else scores[codes]
        start = stop
    shares = [*components.variance_shares.tolist(), 0.0, 0.0]
    return LeadMap(places, (float(shares[0]), float(shares[1])))


def _sample(columns: Sequence[LeadColumn], row_count: int, limit: int, seed: int) -> Indexes:
    """Return rows to fit on, in an order that hangs on their content alone."""
    drawn = sample_indexes(row_count, limit, seed)
    codes = np.column_stack([column.codes[drawn] for column in columns]).astype(np.float64)
    return drawn[canonical_order(codes)]


def _polished(
    encoding: Encoding,
    columns: Sequence[LeadColumn],
    row_count: int,
    centres: Matrix,
    jaccards: NDArray[np.float64],
    choice: Choice | None = None,
    evidence: LeadEvidence | None = None,
) -> Grouping:
    """Run Lloyd's steps on all leads from the sample's centres, then number the groups by size."""
    tables = encoding.tables(columns)
    labels = nearest_centres(tables, centres, row_count)
    for _ in range(POLISHING_STEPS):
        means = mean_places(tables, labels, len(centres))
        centres = np.where(np.isnan(means), centres, means)
        moved = nearest_centres(tables, centres, row_count)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return _by_size(tables, labels, len(centres), jaccards, choice, evidence)


def _by_size(
    tables: Sequence[tuple[Matrix, Codes | None]],
    labels: Labels,
    k: int,
    jaccards: NDArray[np.float64],
    choice: Choice | None,
    evidence: LeadEvidence | None,
) -> Grouping:
    sizes = np.bincount(labels, minlength=k)
    centres = mean_places(tables, labels, k)
    order = sorted(np.flatnonzero(sizes).tolist(), key=lambda label: (-sizes[label], tuple(centres[label].tolist())))
    place = np.full(k, -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    stable = tuple(float(jaccards[label]) for label in order)
    return Grouping(place[labels], centres[order], stable, choice, evidence)


def _stability(rows: Matrix, centres: Matrix, seed: int) -> NDArray[np.float64]:
    """Return the mean bootstrap Jaccard of each group, in the order of the fitted centres (Hennig 2007)."""
    some = rows[sample_indexes(len(rows), STABILITY_ROWS, seed)]
    labels = Centres(centres, np.empty(0, dtype=np.int64)).nearest(some)
    means = mean_jaccards(jaccard_draws(KMeans(len(centres)), some, labels, draws=STABILITY_DRAWS, seed=seed))
    return np.array([means.get(label, 0.0) for label in range(len(centres))])


def _as_system_e(encoding: Encoding, columns: Sequence[LeadColumn], row_count: int, settings: LeadSettings) -> Grouping:
    """Run exactly scikit-learn's k-means on the standardised ranks of all leads, in the order of the file."""
    assert settings.k != "auto"
    rows = encoding.matrix(columns, row_count)
    k = min(settings.k, len(np.unique(rows, axis=0)))
    fitted = fit_centres(rows, k=k, seed=settings.seed, starts=STARTS)
    return Grouping(fitted.labels, fitted.places, None)


def _chosen(
    encoding: Encoding, columns: Sequence[LeadColumn], row_count: int, rows: Matrix, settings: LeadSettings
) -> Grouping:
    """Choose among candidates on a sample, and judge whether there are types at all; then give everyone a group."""
    chosen_on = sample_indexes(len(rows), CHOICE_ROWS, settings.seed)
    judged = rows[chosen_on]
    components = fit_principal_components(judged).transform(judged)
    options = ChoiceOptions(
        method=settings.method,
        k=None if settings.k == "auto" else settings.k,
        k_max=settings.k_max,
        seed=settings.seed,
    )
    choice = choose(judged, {"pca": components}, options)
    k = choice.chosen.cluster_count
    sampled = _sample(columns, row_count, settings.fit_sample, settings.seed)[chosen_on]
    evidence = judge_leads(
        encoding, [column.taken(sampled) for column in columns], len(judged), k=k, seed=settings.seed
    )
    labels = choice.chosen.labels
    jaccards = np.array([(choice.chosen.jaccards or {}).get(label, 0.0) for label in range(k)])
    clustered = labels >= 0
    centres = np.vstack([judged[clustered & (labels == label)].mean(axis=0) for label in range(k)])
    if choice.chosen.method == "kmeans":
        return _polished(encoding, columns, row_count, centres, jaccards, choice, evidence)
    # Other shapes than balls: everyone goes where most of the nearest judged leads are.
    from segmentation_pipeline.clustering.assigner import neighbour_labels

    everyone = np.empty(row_count, dtype=np.int64)
    known, known_labels = judged[clustered], labels[clustered]
    for start in range(0, row_count, BATCH):
        batch = np.arange(start, min(start + BATCH, row_count))
        dense = encoding.matrix([column.taken(batch) for column in columns], len(batch))
        everyone[batch] = neighbour_labels(known, known_labels, dense)
    return _by_size(encoding.tables(columns), everyone, k, jaccards, choice, evidence)


def _split(tables: Sequence[tuple[Matrix, Codes | None]], centres: Matrix) -> list[Matrix]:
    parts, start = [], 0
    for table, _ in tables:
        parts.append(centres[:, start : start + table.shape[1]])
        start += table.shape[1]
    return parts
