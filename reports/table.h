/* Tables for a terminal: aligned by columns of characters, narrowed to fit by shorter bars and fewer columns. */
#ifndef POCKETMARK_REPORTS_TABLE_H
#define POCKETMARK_REPORTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "reports/writer.h"

struct table_column {
    const char *title, *subtitle;
    bool right, bar;
    int expendable; /* the largest is left out first; 0: never */
};

struct table_cell {
    char *text;
    double share; /* of the bar, NaN: none */
};

struct table {
    const struct table_column *columns; /* the caller's */
    size_t column_count;
    struct table_cell *cells; /* row by row */
    size_t cell_count, cell_capacity;
    struct writer_style style;
    bool failed; /* out of memory: nothing is printed */
};

void table_open(struct table *table, const struct table_column *columns, size_t count,
                const struct writer_style *style);

/* The next cell, left to right, row by row. */
void table_add(struct table *table, const char *text, double share);

/* Prints with an indent of two. False: out of memory. */
bool table_print(const struct table *table, FILE *out);

/* Is there room for that column? */
bool table_shows(const struct table *table, size_t column);

void table_close(struct table *table);

/* Colour and plain style around what is printed; nothing without colour. */
enum table_paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_BAR, PAINT_WARN };
void table_paint(FILE *out, const struct writer_style *style, enum table_paint paint);

/* Text in the style's signs, words wrapped at the style's width; lines after the first begin with `indent` spaces, the first is
 * at column `column` already. Ends with a line break. */
void table_wrap(FILE *out, const struct writer_style *style, size_t column, size_t indent, const char *text);

#endif
