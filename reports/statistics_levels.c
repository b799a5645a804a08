/* Launches and the repetitions within them: Kalibera and Jones, "Rigorous benchmarking in reasonable time", 2013. */
#include <math.h>

#include "reports/statistics.h"

/* A finite sum over powers of cos θ, tan θ = t/√ν (Abramowitz and Stegun, 26.7.3 and 26.7.4). */
double statistics_student_within(double t, size_t degrees)
{
    double angle = atan(t / sqrt((double)degrees)), cosine = cos(angle), term, sum;
    bool odd = degrees % 2;

    if (degrees == 1)
        return 2 * angle / M_PI;
    sum = term = odd ? cosine : 1;
    for (size_t k = odd ? 3 : 2; k < degrees; k += 2) {
        term *= cosine * cosine * (double)(k - 1) / (double)k;
        sum += term;
    }
    return odd ? 2 / M_PI * (angle + sin(angle) * sum) : sin(angle) * sum;
}

/* t with P(|T| ≤ t) = confidence. */
static double student_quantile(double confidence, size_t degrees)
{
    double low = 0, high = 1;

    while (statistics_student_within(high, degrees) < confidence)
        high *= 2;
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if (statistics_student_within(middle, degrees) < confidence)
            low = middle;
        else
            high = middle;
    }
    return high;
}

static double mean_of(const double *values, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

struct two_level statistics_two_level(const double *values, size_t launches, size_t repetitions, double launch_cost,
                                      double repetition_cost)
{
    double grand, means = 0, within = 0, half, per_launch = (double)repetitions;
    struct two_level result = {{NAN, NAN, NAN}, NAN, NAN, NAN};

    if (launches < 2 || !repetitions)
        return result;
    grand = mean_of(values, launches * repetitions);
    for (size_t i = 0; i < launches; i++) {
        double own = mean_of(values + i * repetitions, repetitions);
        means += (own - grand) * (own - grand) / (double)(launches - 1);
        for (size_t j = 0; j < repetitions; j++)
            within += pow(values[i * repetitions + j] - own, 2) / ((double)launches * fmax(1, per_launch - 1));
    }
    half = student_quantile(0.95, launches - 1) * sqrt(means / (double)launches);
    result.mean = (struct interval){grand, grand - half, grand + half};
    result.within_variance = within;
    result.between_variance = means - within / per_launch;
    result.repetitions_per_launch = INFINITY;
    if (result.between_variance > 0)
        result.repetitions_per_launch =
            fmax(1, ceil(sqrt(launch_cost / repetition_cost * within / result.between_variance) - 1e-9));
    return result;
}
