#include "runner/detect_topology.h"

#include <stdlib.h>
#include <string.h>

#include "devices/cpu_list.h"
#include "reports/table.h"
#include "reports/text.h"

enum { INDENT = 2, ROWS_MAX = 24, TEXT_MAX = 200, WIDTH_LEAST = 40, WIDTH_MOST = 110 };

/* Levels of boxes from the outside in; what stands in the innermost are rows. */
enum level { LEVEL_PACKAGE, LEVEL_NODE, LEVEL_L3, LEVELS };

/* A stretch of the host's processors, which are in the order of the machine's tree. */
struct range {
    size_t begin, end;
};

/* Cores that are alike: `groups` times `cores` that share a second-level cache. */
struct row {
    int kind;
    size_t groups, cores, threads;
    uint64_t l2_bytes, least_hertz, most_hertz;
    struct range range;
};

struct drawing {
    const struct host *host;
    const struct writer_style *style;
    FILE *out;
    size_t width;
    bool nodes; /* there is more than one with processors */
};

/* ---- lines ---------------------------------------------------------------------------------------------------------- */

static void put(const struct drawing *d, const char *utf8, const char *ascii)
{
    fputs(d->style->utf8 ? utf8 : ascii, d->out);
}

static void put_left(const struct drawing *d, size_t depth)
{
    fprintf(d->out, "%*s", INDENT, "");
    table_paint(d->out, d->style, PAINT_DIM);
    for (size_t i = 0; i < depth; i++)
        put(d, "│ ", "| ");
    table_paint(d->out, d->style, PAINT_NONE);
}

static void put_right(const struct drawing *d, size_t depth)
{
    table_paint(d->out, d->style, PAINT_DIM);
    for (size_t i = 0; i < depth; i++)
        put(d, " │", " |");
    table_paint(d->out, d->style, PAINT_NONE);
    fputc('\n', d->out);
}

/* Columns between the borders at that depth. */
static size_t room(const struct drawing *d, size_t depth)
{
    return d->width > 4 * depth ? d->width - 4 * depth : 0;
}

/* Text in the style's signs, cut to `columns`; free() it. */
static char *fitting(const struct drawing *d, const char *text, size_t columns)
{
    char *copy = text_copy(text, d->style->utf8 ? TEXT_LINE : TEXT_ASCII);

    if (copy)
        copy[text_bytes(copy, columns)] = '\0';
    return copy;
}

/* Left and right text on one line, or on two where they do not fit. */
static void put_line(const struct drawing *d, size_t depth, const char *left, const char *right)
{
    size_t columns = room(d, depth);
    char *a = fitting(d, left, columns), *b = fitting(d, right, columns > 2 ? columns - 2 : 0);

    if (a && b) {
        size_t used = text_columns(a) + text_columns(b);
        put_left(d, depth);
        if (used + 2 <= columns) {
            fprintf(d->out, "%s%*s%s", a, (int)(columns - used), "", b);
        } else {
            fprintf(d->out, "%s%*s", a, (int)(columns - text_columns(a)), "");
            put_right(d, depth);
            put_left(d, depth);
            fprintf(d->out, "%*s%s", (int)(columns - text_columns(b)), "", b);
        }
        put_right(d, depth);
    }
    free(a);
    free(b);
}

static void put_top(const struct drawing *d, size_t depth, const char *title)
{
    size_t columns = room(d, depth);
    char *text = fitting(d, title, columns > 6 ? columns - 6 : 0);
    size_t used = text ? text_columns(text) : 0;

    put_left(d, depth);
    put(d, "┌ ", "+ ");
    table_paint(d->out, d->style, PAINT_BOLD);
    fputs(text ? text : "", d->out);
    table_paint(d->out, d->style, PAINT_NONE);
    fputc(' ', d->out);
    for (size_t i = used + 4; i < columns; i++)
        put(d, "─", "-");
    put(d, "┐", "+");
    put_right(d, depth);
    free(text);
}

static void put_bottom(const struct drawing *d, size_t depth)
{
    put_left(d, depth);
    put(d, "└", "+");
    for (size_t i = 2; i < room(d, depth); i++)
        put(d, "─", "-");
    put(d, "┘", "+");
    put_right(d, depth);
}

/* ---- rows ----------------------------------------------------------------------------------------------------------- */

static bool rows_alike(const struct row *a, const struct row *b)
{
    return a->kind == b->kind && a->cores == b->cores && a->threads == b->threads && a->l2_bytes == b->l2_bytes;
}

/* The stretch of processors from `begin` that share a second-level cache, or are one core. */
static struct row take_group(const struct host *host, size_t begin, size_t end)
{
    const struct host_cpu *first = &host->cpus[begin];
    struct row row = {.kind = first->kind, .groups = 1, .l2_bytes = first->l2_bytes, .least_hertz = UINT64_MAX};
    size_t i = begin;

    for (; i < end; i++) {
        const struct host_cpu *cpu = &host->cpus[i];
        if (first->l2 >= 0 ? cpu->l2 != first->l2 : cpu->core != first->core)
            break;
        row.cores += cpu->first_of_core;
        row.least_hertz = cpu->max_hertz < row.least_hertz ? cpu->max_hertz : row.least_hertz;
        row.most_hertz = cpu->max_hertz > row.most_hertz ? cpu->max_hertz : row.most_hertz;
    }
    row.range = (struct range){begin, i};
    row.cores = row.cores ? row.cores : 1;
    row.threads = (i - begin) / row.cores;
    return row;
}

static size_t take_rows(const struct host *host, struct range range, struct row rows[ROWS_MAX])
{
    size_t count = 0;

    for (size_t at = range.begin; at < range.end;) {
        struct row row = take_group(host, at, range.end), *last = count ? &rows[count - 1] : NULL;

        at = row.range.end;
        if (last && rows_alike(last, &row)) {
            last->groups++;
            last->range.end = row.range.end;
            last->least_hertz = row.least_hertz < last->least_hertz ? row.least_hertz : last->least_hertz;
            last->most_hertz = row.most_hertz > last->most_hertz ? row.most_hertz : last->most_hertz;
        } else if (count < ROWS_MAX)
            rows[count++] = row;
    }
    return count;
}

/* Caches come in powers of two, and are told so. */
static void format_cache(char *text, size_t size, uint64_t bytes)
{
    if (bytes >= 1 << 20)
        snprintf(text, size, "%.4g MiB", (double)bytes / 0x1p20);
    else
        snprintf(text, size, "%.4g KiB", (double)bytes / 0x1p10);
}

static void append(char *text, const char *format, const char *part)
{
    size_t used = strlen(text);

    snprintf(text + used, TEXT_MAX - used, format, part);
}

static void describe_row(const struct host *host, const struct row *row, char text[TEXT_MAX])
{
    const struct host_kind *kind = &host->kinds[row->kind > 0 ? row->kind : 0];
    size_t cores = row->groups * row->cores;
    char part[64];

    snprintf(text, TEXT_MAX, "%zu ", cores);
    if (row->cores > 1 && row->groups > 1)
        snprintf(text, TEXT_MAX, "%zu × %zu ", row->groups, row->cores);
    append(text, host->core_kinds > 1 ? "%s " : "", core_type_name(kind->type));
    append(text, "core%s", cores == 1 ? "" : "s");
    append(text, kind->name[0] ? " %s" : "", kind->name);
    snprintf(part, sizeof part, "%zu", row->threads);
    append(text, row->threads > 1 ? ", %s threads each" : "", part);
    if (row->least_hertz && row->least_hertz < row->most_hertz)
        snprintf(part, sizeof part, "%.2f–%.2f GHz", (double)row->least_hertz / 1e9, (double)row->most_hertz / 1e9);
    else
        snprintf(part, sizeof part, "%.2f GHz", (double)row->most_hertz / 1e9);
    append(text, row->most_hertz ? ", %s" : "", part);
    format_cache(part, sizeof part, row->l2_bytes);
    append(text, row->l2_bytes ? ", L2 %s" : "", part);
    append(text, row->l2_bytes && cores > 1 ? " %s" : "", row->cores > 1 ? "shared" : "each");
}

static int by_number(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

    return (x > y) - (x < y);
}

/* Rows of `count` stretches that are alike: drawn as one, with the processors of all. */
static void draw_rows(const struct drawing *d, size_t depth, const struct range *ranges, size_t count)
{
    struct row rows[ROWS_MAX], other[ROWS_MAX];
    size_t row_count = take_rows(d->host, ranges[0], rows);

    for (size_t r = 0; r < row_count; r++) {
        unsigned numbers[HOST_CPUS_MAX];
        size_t number_count = 0;
        char left[TEXT_MAX], list[96], right[128];

        for (size_t k = 0; k < count; k++) {
            take_rows(d->host, ranges[k], other);
            for (size_t i = other[r].range.begin; i < other[r].range.end; i++)
                numbers[number_count++] = d->host->cpus[i].os_index;
        }
        qsort(numbers, number_count, sizeof *numbers, by_number);
        cpu_list_format(list, sizeof list, numbers, number_count);
        snprintf(right, sizeof right, "%s %s", number_count == 1 ? "processor" : "processors", list);
        describe_row(d->host, &rows[r], left);
        put_line(d, depth, left, right);
    }
}

/* ---- boxes ---------------------------------------------------------------------------------------------------------- */

static int key_of(const struct drawing *d, enum level level, const struct host_cpu *cpu)
{
    if (level == LEVEL_PACKAGE)
        return cpu->package;
    if (level == LEVEL_NODE)
        return d->nodes ? cpu->node : -1;
    return cpu->l3;
}

static bool ranges_alike(const struct host *host, struct range a, struct range b)
{
    struct row left[ROWS_MAX], right[ROWS_MAX];
    size_t count = take_rows(host, a, left);

    if (count != take_rows(host, b, right) || host->cpus[a.begin].l3_bytes != host->cpus[b.begin].l3_bytes)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!rows_alike(&left[i], &right[i]) || left[i].groups != right[i].groups)
            return false;
    return true;
}

static void name_box(const struct drawing *d, enum level level, const struct host_cpu *cpu, size_t count,
                     char title[TEXT_MAX])
{
    char part[48];

    if (level == LEVEL_PACKAGE)
        snprintf(title, TEXT_MAX, "package %d", cpu->package);
    else if (level == LEVEL_NODE && cpu->node < HOST_NODES_MAX)
        snprintf(title, TEXT_MAX, "NUMA node %u, %.3g GiB", d->host->nodes[cpu->node].os_index,
                 (double)d->host->nodes[cpu->node].memory_bytes / 0x1p30);
    else if (level == LEVEL_NODE)
        snprintf(title, TEXT_MAX, "NUMA node");
    else {
        format_cache(part, sizeof part, cpu->l3_bytes);
        if (count > 1)
            snprintf(title, TEXT_MAX, "%zu × L3 %s, each with", count, part);
        else
            snprintf(title, TEXT_MAX, "L3 %s", part);
    }
}

static struct range take_range(const struct drawing *d, enum level level, struct range within, size_t begin)
{
    int key = key_of(d, level, &d->host->cpus[begin]);
    size_t end = begin;

    while (end < within.end && key_of(d, level, &d->host->cpus[end]) == key)
        end++;
    return (struct range){begin, end};
}

/* Boxes of one level: each stretch of processors with the same key. Third-level caches that are alike share one box. */
static void draw(const struct drawing *d, enum level level, size_t depth, struct range within)
{
    if (level == LEVELS) {
        draw_rows(d, depth, &within, 1);
        return;
    }
    for (size_t at = within.begin; at < within.end;) {
        struct range alike[64] = {take_range(d, level, within, at)};
        const struct host_cpu *first = &d->host->cpus[at];
        size_t count = 1;
        char title[TEXT_MAX];

        at = alike[0].end;
        if (key_of(d, level, first) < 0) {
            draw(d, level + 1, depth, alike[0]);
            continue;
        }
        while (level == LEVEL_L3 && at < within.end && count < sizeof alike / sizeof *alike) {
            struct range next = take_range(d, level, within, at);
            if (key_of(d, level, &d->host->cpus[at]) < 0 || !ranges_alike(d->host, alike[0], next))
                break;
            alike[count++] = next;
            at = next.end;
        }
        name_box(d, level, first, count, title);
        put_top(d, depth, title);
        if (level == LEVEL_L3)
            draw_rows(d, depth + 1, alike, count);
        else
            draw(d, level + 1, depth + 1, alike[0]);
        put_bottom(d, depth);
    }
}

void detect_topology_print(const struct host *host, const struct writer_style *style, FILE *out)
{
    struct drawing d = {.host = host, .style = style, .out = out, .width = style->width - INDENT};
    size_t nodes = 0;

    if (!host->cpu_count)
        return;
    for (size_t i = 0; i < host->numa_nodes && i < HOST_NODES_MAX; i++)
        nodes += host->nodes[i].logical_cpus > 0;
    d.nodes = nodes > 1;
    d.width = d.width < WIDTH_LEAST ? WIDTH_LEAST : d.width > WIDTH_MOST ? WIDTH_MOST : d.width;
    draw(&d, LEVEL_PACKAGE, 0, (struct range){0, host->cpu_count});
}
