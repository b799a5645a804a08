/* Text and numbers as foreign formats want them. Text from outside may be any bytes: what is no UTF-8 becomes U+FFFD. */
#ifndef POCKETMARK_REPORTS_EMIT_H
#define POCKETMARK_REPORTS_EMIT_H

#include <stddef.h>
#include <stdio.h>

/* A JSON string with its quotes. */
void emit_json_text(FILE *out, const char *text);

/* Every digit that reads back the same; null for what is not finite. */
void emit_json_number(FILE *out, double value);

/* Content of an XML element, or of an attribute between double quotes. Controls that XML forbids become U+FFFD. */
void emit_xml_text(FILE *out, const char *text);

/* Text of an HTML page, or an attribute between quotes of either kind. Controls, and those that turn the direction of the text
 * around, become U+FFFD; ends of lines become blanks. */
void emit_html_text(FILE *out, const char *text);

/* Base64 after RFC 4648, with its padding, on one line. */
void emit_base64(FILE *out, const void *bytes, size_t count);

/* A field after RFC 4180, quoted where it must be, on one line. */
void emit_csv_text(FILE *out, const char *text);

/* The digits of emit_json_number; nothing for what is not finite. */
void emit_csv_number(FILE *out, double value);

/* An SQL string literal with its quotes, without controls. */
void emit_sql_text(FILE *out, const char *text);

/* The value of an OpenMetrics label, with its quotes. */
void emit_label_text(FILE *out, const char *text);

/* Markdown on one line: what it or HTML would read as markup is escaped, and an @ calls nobody. */
void emit_markdown_text(FILE *out, const char *text);

#endif
