/*
 * welch - whether two kinds of samples are of the same mean, by Welch's
 * t-test. Beyond 4.5 either way it is hardly chance that they differ.
 */
#ifndef BENCH_WELCH_H
#define BENCH_WELCH_H

#include <stddef.h>

#define WELCH_KINDS 2

struct welch_sample {
	double value;
	unsigned kind; /* 0 or 1 */
};

/*
 * Sorts the samples. Returns the t that is farthest from 0: that of all of
 * them, or of those below one of the percentiles 99, 95, 90, 75 and 50, since
 * whatever disturbs makes long ones, which hide a small difference.
 */
double welch_worst(struct welch_sample *samples, size_t n);

/* Returns the median of a kind of samples that are sorted. */
double welch_median(
    const struct welch_sample *sorted, size_t n, unsigned kind);

#endif
