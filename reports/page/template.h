/* Templates of pages: `{{name}}` stands for a text, which is escaped, `{{{name}}}` for markup that this program made. Nothing else
 * is known: parts that repeat are written one after the other. */
#ifndef POCKETMARK_REPORTS_PAGE_TEMPLATE_H
#define POCKETMARK_REPORTS_PAGE_TEMPLATE_H

#include <stdio.h>

struct template_value {
    const char *name, *text; /* text NULL: "" */
    size_t columns; /* `{{name}}`: a longer text is cut to so many characters, the last one "…"; 0: all of it */
};

/* Writes the template with its values, which end with a name of NULL. Of a name that is not among them the braces stay. Braces in
 * values are text. */
void template_write(FILE *out, const char *template, const struct template_value *values);

/* TEMPLATE(out, "<p>{{text}}</p>", {"text", text}, …) */
#define TEMPLATE(out, template, ...)                                                                                   \
    template_write(out, template, (const struct template_value[]){__VA_ARGS__, {NULL, NULL, 0}})

/* The files page.html, style.css and sort.js of this folder. */
extern const char template_page[], template_style[], template_sort[];

#endif
