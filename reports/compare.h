/* Comparison of results: the first is the base, every other one a candidate. Cells are matched by their parameters as requested;
 * one factor may differ between base and candidate, and it is named. */
#ifndef POCKETMARK_REPORTS_COMPARE_H
#define POCKETMARK_REPORTS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/base.h"
#include "reports/record.h"
#include "reports/statistics.h"

/* Worst first. */
enum verdict {
    VERDICT_REGRESSED,      /* Holm's p < 0.01, worse by delta or more, and the interval excludes 1 */
    VERDICT_INCONCLUSIVE,   /* neither; the reason says what it would take */
    VERDICT_NOT_COMPARABLE, /* one side has no such figure, or it means something else there */
    VERDICT_EQUIVALENT,     /* the whole interval lies within ± delta */
    VERDICT_IMPROVED,       /* as regressed, the other way */
    VERDICT_COUNT
};

/* "regressed", "inconclusive", "not comparable", … */
const char *verdict_name(enum verdict verdict);

/* What may differ between two results. */
enum factor {
    FACTOR_NONE, /* nothing: the same run again */
    FACTOR_DEVICE,
    FACTOR_BUILD,
    FACTOR_ENGINE,
    FACTOR_MODEL,
    FACTOR_FORMAT,
    FACTOR_THREADS,
    FACTOR_OPTION, /* any other parameter; its name is in factor_name */
};

enum { COMPARE_TEXT_MAX = 256, COMPARE_LAUNCHES_LEAST = 6 };

struct compare_options {
    const enum field *fields; /* NULL: compare_headline */
    size_t field_count;
    bool allow_mixed; /* more factors than one may differ, and results of any origin are taken */
    double delta_ratio
        [FIELD_COUNT]; /* smallest change that matters; NaN: the field's own, at most 0.02 where interleaved */
};

/* The headline fields and the fields' own deltas. */
void compare_options_default(struct compare_options *options);

extern const enum field compare_headline[];
extern const size_t compare_headline_count;

/* A candidate and the base it is set against. In a result compared with itself both are the same record, and there is a pair for
 * each two values of the factor. */
struct comparison_pair {
    const struct record *base, *candidate;
    char base_name[COMPARE_TEXT_MAX], candidate_name[COMPARE_TEXT_MAX];
    enum factor factor;
    char factor_name[64]; /* "device", "build", "kv_type" */
    char base_value[COMPARE_TEXT_MAX], candidate_value[COMPARE_TEXT_MAX];
    bool interleaved; /* launches took turns: rounds are paired */
    bool foreign;     /* one side was imported: unverified */
    bool mixed;       /* more factors differ than the one that is named */
};

/* One cell and field, base against candidate. */
struct comparison_row {
    const struct cell *base, *candidate; /* in the callers' records */
    size_t pair;                         /* index */
    enum field field;
    enum verdict verdict;
    char reason[COMPARE_TEXT_MAX]; /* why inconclusive or not comparable; "" else */
    struct interval ratio;         /* candidate ÷ base, Hodges–Lehmann with 95 % interval; NaN unknown */
    double p, p_holm;              /* Mann–Whitney, and corrected over all rows of the comparison; NaN: no test */
    bool disturbed;                /* inconclusive because of flagged noise, whatever the interval says */
    size_t base_launches, candidate_launches;
    double delta_ratio;      /* smallest change that matters here */
    double detectable_ratio; /* smallest change that these launches could have shown; NaN unknown */
    double needed_launches;  /* a side, to show a change of delta_ratio; NaN unknown */
};

struct comparison {
    struct comparison_pair *pairs; /* owned */
    size_t pair_count;
    struct comparison_row *rows; /* owned; worst first */
    size_t row_count, row_capacity;
    char **notes; /* owned: recorded differences, cells without a partner, noise */
    size_t note_count, note_capacity;
    size_t verdicts[VERDICT_COUNT]; /* rows of each */
};

/* Compares `count` > 0 records under these names (file names, for texts); a single one is compared with itself, over the one
 * factor in which its cells differ. The records must outlive the comparison. STATUS_UNLIKE: a second factor differs, an origin is
 * not fit, no cell is common, or a record is there twice; the text names factors and values. comparison_close() in every case. */
enum status comparison_make(struct comparison *comparison, const struct record *const *records,
                            const char *const *names, size_t count, const struct compare_options *options,
                            struct error *error);

/* How much worse the candidate is, as a ratio: 0.05 for 5 % slower, or 5 % more bytes; below 0 if it is better; NaN unknown. */
double comparison_loss(const struct comparison_row *row);

void comparison_close(struct comparison *comparison);

#endif
