#include "reports/chart_svg.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/emit.h"
#include "reports/text.h"

/* A stretch of the text; end is behind it. */
struct span {
    const char *at, *end;
};

static bool span_is(struct span span, const char *word)
{
    size_t length = strlen(word);

    return (size_t)(span.end - span.at) == length && memcmp(span.at, word, length) == 0;
}

static bool span_begins(struct span span, const char *word)
{
    size_t length = strlen(word);

    return (size_t)(span.end - span.at) >= length && memcmp(span.at, word, length) == 0;
}

static bool span_has(struct span span, const char *word)
{
    return memmem(span.at, (size_t)(span.end - span.at), word, strlen(word)) != NULL;
}

static void put(FILE *out, struct span span)
{
    fwrite(span.at, 1, (size_t)(span.end - span.at), out);
}

static bool blank(char sign)
{
    return sign == ' ' || sign == '\n' || sign == '\t' || sign == '\r';
}

/* Takes the next NAME="VALUE" off a tag; false where there is none. Spaces around the equals sign are gnuplot's way. */
static bool next_attribute(struct span *tag, struct span *name, struct span *value)
{
    const char *at = tag->at, *quote;

    while (at < tag->end && blank(*at))
        at++;
    name->at = at;
    while (at < tag->end && !blank(*at) && *at != '=' && *at != '/')
        at++;
    name->end = at;
    while (at < tag->end && (blank(*at) || *at == '='))
        at++;
    if (name->at == name->end || at >= tag->end || (*at != '"' && *at != '\'') ||
        !(quote = memchr(at + 1, *at, (size_t)(tag->end - at - 1))))
        return false;
    *value = (struct span){at + 1, quote};
    tag->at = quote + 1;
    return true;
}

/* What every page's rules allow: "fill:none; stroke:red" as attributes of their own. */
static void put_style(FILE *out, struct span style)
{
    while (style.at < style.end) {
        const char *end = memchr(style.at, ';', (size_t)(style.end - style.at));
        struct span part = {style.at, end ? end : style.end};
        const char *colon = memchr(part.at, ':', (size_t)(part.end - part.at));
        while (part.at < part.end && blank(*part.at))
            part.at++;
        if (colon && colon > part.at) {
            putc(' ', out);
            put(out, (struct span){part.at, colon});
            fputs("=\"", out);
            put(out, (struct span){colon + 1, part.end});
            putc('"', out);
        }
        style.at = end ? end + 1 : style.end;
    }
}

static void put_attribute(FILE *out, const char *id, struct span name, struct span value)
{
    const char *before = "";

    if (span_is(name, "style")) {
        put_style(out, value);
        return;
    }
    if (span_is(name, "font-family")) { /* told once, by the root */
        if (span_has(value, ":Bold"))
            fputs(" font-weight=\"bold\"", out);
        return;
    }
    putc(' ', out);
    put(out, name);
    fputs("=\"", out);
    if (span_is(name, "id"))
        fprintf(out, "%s-", id);
    else if (span_is(name, "xlink:href") || span_is(name, "href"))
        before = "#";
    else if (span_begins(value, "url(#"))
        before = "url(#";
    if (*before && span_begins(value, before)) {
        fprintf(out, "%s%s-", before, id);
        value.at += strlen(before);
    }
    put(out, value);
    putc('"', out);
}

/* The root comes anew, with all that tells what the picture is. */
static void put_root(FILE *out, const struct chart *chart, struct span tag)
{
    struct span name, value, box = {"", ""};
    char *title = text_copy(chart->title, TEXT_LINE), *finding = text_copy(chart->finding, TEXT_LINE);

    box.end = box.at;
    while (next_attribute(&tag, &name, &value))
        if (span_is(name, "viewBox"))
            box = value;
    fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"", out);
    put(out, box);
    fprintf(out, "\" role=\"img\" aria-labelledby=\"%s-title %s-desc\" font-family=\"system-ui, sans-serif\">\n",
            chart->id, chart->id);
    fprintf(out, "<title id=\"%s-title\">", chart->id);
    emit_xml_text(out, title ? title : "");
    fprintf(out, "</title>\n<desc id=\"%s-desc\">", chart->id);
    emit_xml_text(out, finding ? finding : "");
    fputs("</desc>\n", out);
    free(title);
    free(finding);
}

/* Writes a tag [at, end), both signs included. */
static void put_tag(FILE *out, const struct chart *chart, struct span tag)
{
    struct span inner = {tag.at + 1, tag.end - 1}, name, value;
    bool empty = inner.end > inner.at && inner.end[-1] == '/';

    if (span_begins(tag, "</")) {
        put(out, tag);
        return;
    }
    if (empty)
        inner.end--;
    name.at = inner.at;
    while (inner.at < inner.end && !blank(*inner.at))
        inner.at++;
    name.end = inner.at;
    if (span_is(name, "svg")) {
        put_root(out, chart, inner);
        return;
    }
    putc('<', out);
    put(out, name);
    while (next_attribute(&inner, &name, &value))
        put_attribute(out, chart->id, name, value);
    fputs(empty ? "/>" : ">", out);
}

/* Elements that are dropped with all they hold; NULL: this tag begins none. */
static const char *dropped_until(struct span tag)
{
    return span_begins(tag, "<?")        ? ">"
           : span_begins(tag, "<title>") ? "</title>"
           : span_begins(tag, "<desc>")  ? "</desc>"
           : span_begins(tag, "<filter") ? "</filter>"
                                         : NULL;
}

/* Blank lines and spaces at the beginnings of lines are left out, except in texts: those are on one line. */
static void put_between(FILE *out, struct span between)
{
    bool empty = true;

    for (const char *at = between.at; at < between.end; at++)
        empty &= blank(*at);
    for (const char *at = between.at; at < between.end && !empty;
         at++) /* gnuplot leaves ">" be, but "]]>" is no text */
        fputs(*at == '>' ? "&gt;" : (const char[]){*at, '\0'}, out);
    if (empty && between.at < between.end && memchr(between.at, '\n', (size_t)(between.end - between.at)))
        putc('\n', out);
}

/* False where the text ends within a tag or before the root does. */
static bool rewrite(FILE *out, const struct chart *chart, struct span rest)
{
    while (rest.at < rest.end) {
        const char *open = memchr(rest.at, '<', (size_t)(rest.end - rest.at)), *close, *until;
        struct span tag;
        if (!open || !(close = memchr(open, '>', (size_t)(rest.end - open))))
            return false;
        put_between(out, (struct span){rest.at, open});
        tag = (struct span){open, close + 1};
        rest.at = close + 1;
        if ((until = dropped_until(tag)) != NULL && *until == '<') {
            if (!(close = memmem(rest.at, (size_t)(rest.end - rest.at), until, strlen(until))))
                return false;
            rest.at = close + strlen(until);
        } else if (!until) {
            put_tag(out, chart, tag);
        }
        if (span_is(tag, "</svg>"))
            return true;
    }
    return false;
}

enum status chart_svg(const struct chart *chart, const char *svg, size_t length, struct picture *picture,
                      struct error *error)
{
    const char *root = memmem(svg, length, "<svg", 4);
    FILE *out;
    bool whole;

    *picture = (struct picture){0};
    if (!(out = open_memstream(&picture->bytes, &picture->length)))
        return error_set(error, STATUS_MEMORY, "%s: no memory for the chart", chart->id);
    whole = root && rewrite(out, chart, (struct span){root, svg + length});
    putc('\n', out);
    if (fclose(out) == 0 && whole)
        return STATUS_OK;
    free(picture->bytes);
    *picture = (struct picture){0};
    return whole ? error_set(error, STATUS_MEMORY, "%s: no memory for the chart", chart->id)
                 : error_set(error, STATUS_FAILED, "gnuplot drew no whole picture of %s, so the charts were left out",
                             chart->id);
}
