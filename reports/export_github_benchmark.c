#include "reports/export.h"
#include "reports/github_benchmark.h"

static enum status bigger_export(const struct record *records, size_t count, FILE *out, struct error *error)
{
    (void)error;
    github_benchmark_write(records, count, BETTER_HIGHER, out);
    return STATUS_OK;
}

const struct exporter export_github_benchmark = {
    "github-benchmark", "what should be large, for github-action-benchmark's tool customBiggerIsBetter", true, false,
    bigger_export};
