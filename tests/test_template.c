#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/emit.h"
#include "reports/page/template.h"

static void assert_renders(const char *template, const struct template_value *values, const char *want)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    template_write(out, template, values);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, want);
    free(text);
}

static void test_values(void **state)
{
    static const struct template_value values[] = {
        {"a", "<b>'\"&", 0}, {"name", "{{a}} }}", 0}, {"none", NULL, 0}, {"cut", "ähnlich lang", 4},
        {"", "empty", 0},    {"fits", "ähnl", 4},     {NULL, NULL, 0}};

    (void)state;
    assert_renders("", values, "");
    assert_renders("no value { } }} {", values, "no value { } }} {");
    assert_renders("<i>{{a}}</i>{{{a}}}", values, "<i>&#60;b&#62;&#39;&#34;&#38;</i><b>'\"&");
    assert_renders("{{name}}{{{name}}}", values, "{{a}} }}{{a}} }}"); /* what a value holds is text */
    assert_renders("[{{none}}{{{none}}}]", values, "[]");
    assert_renders("{{cut}}|{{fits}}|{{{cut}}}", values, "ähn…|ähnl|ähnlich lang");
    assert_renders("{{unknown}} {{a", values, "{{unknown}} {{a");
    assert_renders("{{", values, "{{");
    assert_renders("{{{a}} {{}}", values, "{{{a}} empty"); /* two braces do not close three */
}

static void assert_html(const char *text, const char *want)
{
    const struct template_value values[] = {{"text", text, 0}, {NULL, NULL, 0}};

    assert_renders("{{text}}", values, want);
}

static void test_text_from_outside(void **state)
{
    (void)state;
    assert_html("模型 ±µ 🦙 שלום", "模型 ±µ 🦙 שלום");
    assert_html("a\nb\tc\r\xe2\x80\xa8"
                "d",
                "a b c  d");
    assert_html("\x1b[31m\x7f\xc2\x9b", "\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd");
    assert_html("\xff\xc0\xaf\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    /* right-to-left override and isolate; U+FFFE and U+1FFFF are no characters */
    assert_html("x\xe2\x80\xaey\xe2\x81\xa7z", "x\xef\xbf\xbdy\xef\xbf\xbdz");
    assert_html("\xef\xbf\xbe\xf0\x9f\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd");
    assert_html("\xe2\x80\xa9\xe2\x81\xa5", " \xe2\x81\xa5");
}

static void assert_base64(const char *bytes, size_t count, const char *want)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    assert_non_null(out);
    emit_base64(out, bytes, count);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, want);
    free(text);
}

/* RFC 4648, section 10, and the two last digits. */
static void test_base64(void **state)
{
    (void)state;
    assert_base64("", 0, "");
    assert_base64("f", 1, "Zg==");
    assert_base64("fo", 2, "Zm8=");
    assert_base64("foo", 3, "Zm9v");
    assert_base64("foobar", 6, "Zm9vYmFy");
    assert_base64("\xfb\xff\xfe\0", 4, "+//+AA==");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_text_from_outside),
        cmocka_unit_test(test_base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
