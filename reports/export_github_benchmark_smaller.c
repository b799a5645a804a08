#include "reports/export.h"
#include "reports/github_benchmark.h"

static enum status smaller_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    (void)error;
    github_benchmark_write(records, count, BETTER_LOWER, out);
    return STATUS_OK;
}

const struct exporter export_github_benchmark_smaller = {
    "github-benchmark-smaller", "what should be small, for github-action-benchmark's tool customSmallerIsBetter", true,
    false, smaller_export};
