/* What a site knows of its results: small rows in place of records, of which thousands would not fit into memory. A row is a case of
 * one result; a group holds the rows that may be taken together: one device, case (comparability key), engine, version and build. */
#ifndef POCKETMARK_REPORTS_PAGE_SITE_BOARD_H
#define POCKETMARK_REPORTS_PAGE_SITE_BOARD_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/digest.h"
#include "reports/page/report.h"
#include "reports/page/site_slug.h"
#include "reports/page/site_walk.h"
#include "reports/record.h"

enum { BOARD_DECODE, BOARD_PREFILL, BOARD_FIRST, BOARD_ENERGY, BOARD_MEMORY, BOARD_FIGURES };

/* The field of each; the memory of a row is that of peak_rss_bytes where no other is known. */
extern const enum field site_board_fields[BOARD_FIGURES];

/* A value with its interval; NaN unknown. */
struct board_figure {
    double value, low, high;
};

struct board_result {
    char *path; /* of the file that it was read from */
    char *name; /* of it, for people */
    char *note; /* why nothing of it is in the tables; NULL: something is */
    char id[37], created[32];
    double time; /* of `created`, to sort by */
    char workload[64];
    char digest[DIGEST_HEX]; /* of the file */
    bool partial, virtual_machine;
    size_t device;
    size_t row_count, prediction_count;
    size_t left_cells; /* cases that were skipped or failed */
};

struct board_row {
    size_t result, group, launches;
    struct board_figure figures[BOARD_FIGURES];
    char scope[16]; /* of the energy, "" unknown */
};

struct board_group {
    char key[65];
    uint64_t engine_trait, build_trait, program_trait;
    size_t device, model;
    char *format, *parameters;   /* "q4_0", "p128 n32 d4096" */
    char *engine, *commit;       /* "cpu 0.1.0", "0123456789ab"; "" unknown */
    size_t first_row, row_count; /* in board.rows, newest first */
    size_t launches;             /* of all rows */
    struct board_figure
        figures[BOARD_FIGURES]; /* median and quartiles over rows; of a single one its own value and interval */
    char scope[16];             /* of the energy: of rows of another scope no energy is taken in */
    size_t next;                /* group of the same device; SIZE_MAX: none */
};

/* Results of one device and origin: real, emulated and imported figures are never taken together. */
struct board_device {
    char *key;
    char *name; /* unlike all others */
    char slug[SLUG_MAX];
    enum origin origin;
    size_t first_group; /* SIZE_MAX: none */
    size_t result_count, group_count;
};

struct board_model {
    char *name; /* whole */
    char slug[SLUG_MAX];
    size_t group_count;
};

/* A file of which nothing was taken. */
struct board_left {
    char *name, *why;
};

/* All lists are owned. Indices stay as they are; the orders say how to show them. */
struct site_board {
    struct board_result *results;
    struct board_row *rows;
    struct board_group *groups;
    struct board_device *devices;
    struct board_model *models;
    struct board_left *left;
    size_t result_count, row_count, group_count, device_count, model_count, left_count;
    size_t *newest;       /* results, the newest first */
    size_t *device_order; /* by name */
    size_t *model_order;
};

/* Reads all files, one at a time. Each that is no good goes to board->left, and to `warn` if that is not NULL. Of files of one
 * result the last counts. STATUS_FORMAT where not one is good; STATUS_MEMORY. site_board_close() in every case. */
enum status site_board_read(struct site_board *board, const struct site_files *files,
                            void (*warn)(const char *text, void *context), void *context, struct error *error);
void site_board_close(struct site_board *board);

#endif
