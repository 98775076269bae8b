#include "welch.h"

#include <math.h>
#include <stdlib.h>

static int
by_value(const void *a, const void *b)
{
	double x = ((const struct welch_sample *)a)->value;
	double y = ((const struct welch_sample *)b)->value;

	return (x > y) - (x < y);
}

static double
t_of(const struct welch_sample *samples, size_t n)
{
	double mean[WELCH_KINDS] = { 0 }, m2[WELCH_KINDS] = { 0 };
	double count[WELCH_KINDS] = { 0 }, error;

	for (size_t i = 0; i < n; i++) {
		unsigned k = samples[i].kind;
		double delta = samples[i].value - mean[k];

		count[k]++;
		mean[k] += delta / count[k];
		m2[k] += delta * (samples[i].value - mean[k]);
	}
	error = sqrt(m2[0] / (count[0] - 1) / count[0] +
		     m2[1] / (count[1] - 1) / count[1]);
	/* None at all: all that are left took the same time. */
	return mean[0] == mean[1] ? 0 : (mean[0] - mean[1]) / error;
}

double
welch_worst(struct welch_sample *samples, size_t n)
{
	static const unsigned percent[] = { 100, 99, 95, 90, 75, 50 };
	double worst = 0;

	qsort(samples, n, sizeof samples[0], by_value);
	for (size_t i = 0; i < sizeof percent / sizeof percent[0]; i++) {
		double t = t_of(samples, n * percent[i] / 100);

		if (fabs(t) > fabs(worst))
			worst = t;
	}
	return worst;
}

double
welch_median(const struct welch_sample *sorted, size_t n, unsigned kind)
{
	size_t of_kind = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		of_kind += sorted[i].kind == kind;
	for (size_t i = 0; i < n; i++)
		if (sorted[i].kind == kind && at++ == of_kind / 2)
			return sorted[i].value;
	return 0;
}
