#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/page/writers.h"
#include "reports/text.h"
#include "tests/sample_page.h"

static char *written_page(const struct page *page, const char *charts_folder)
{
    struct page_style style = {.charts_folder = charts_folder};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct error error = {0};

    assert_non_null(out);
    assert_int_equal(page_writer_for_path("x.md")->write(page, &style, out, &error), STATUS_OK);
    assert_int_equal(fclose(out), 0);
    return text;
}

static char *written(const char *name, const char *charts_folder)
{
    struct page page;
    char *text;

    sample_page(&page, name);
    assert_false(page.failed);
    text = written_page(&page, charts_folder);
    page_close(&page);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void test_every_block(void **state)
{
    char *text = written("Example Core 7", NULL);

    (void)state;
    assert_true(strncmp(text, "# Example Core 7\n\n**virtual machine**\n\none result of 2026\n\n## In short\n", 71) ==
                0);
    assert_has(text, "\n\n**Example Core 7 writes 47.4 tokens per second.**\n\n");
    assert_has(text, "\n\n<sub>predicted: Example Core 7</sub>\n\n");
    assert_has(text, "\n\n> [!WARNING]\n> Example Core 7 was disturbed\n\n");
    assert_has(text, "\n- largest model that runs: ○ phi-4 q4_0, Example Core 7\n- processor: Example Core 7\n\n");
    assert_has(text, "\n- ✔ verified: Example Core 7\n- no energy source\n");
    assert_has(text, "\n[the result of Example Core 7](<a%20%28b%29.json>)\n");
    assert_has(text, "\n**Speed by format**\n\n| model | decode, tok/s | of roof | runs |\n|---|---:|---:|---|\n"
                     "| [Example Core 7](<results/a%20b.json>) | 47.4 ±1.4 | 88.1 % | ✔ yes |\n");
    assert_has(text, "\n<details><summary>Every launch</summary>\n\n| model ");
    assert_has(text, "| 36.4 ±1.4 | 88.1 % | ✖  |\n\n</details>\n");
    assert_has(text, "\n\nq4_0 is 1.83 times as fast as q8_0.\n");
    assert_null(strstr(text, "An empty section"));
    free(text);
}

static void test_charts_drawn(void **state)
{
    char *text = written("Example", NULL);

    (void)state;
    assert_null(strstr(text, "!["));
    assert_has(text, "\n\n      Decode by format\n      Decode, tokens per second\n      llama-3.2-1b q4_0  ███");
    free(text);
}

static void test_charts_linked(void **state)
{
    static const char *const folders[][2] = {{"", "<speed.svg>"},
                                             {"charts", "<charts/speed.svg>"},
                                             {"../a b/", "<../a%20b/speed.svg>"},
                                             {"x>y", "<x%3Ey/speed.svg>"}};

    (void)state;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *text = written("Example", folders[i][0]), link[64];
        snprintf(link, sizeof link, "\n![Decode by format](%s)\n", folders[i][1]);
        assert_has(text, link);
        assert_null(strstr(text, "█"));
        free(text);
    }
}

/* Every line that begins a block is ours: what came from outside stands behind it, escaped. */
static void test_hostile(void **state)
{
    char *text = written(SAMPLE_HOSTILE, NULL), *rest = text;

    (void)state;
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, " [x](y)"));
    assert_null(strstr(text, "@me"));
    assert_null(strstr(text, "\n# h"));
    assert_has(text, "# &lt;script>alert(1)&lt;/script> \\| \\[x\\](y) \\`c\\` \\*\\*b\\*\\* @&#8203;me # h ");
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        const char *at = line, *end = line + strlen(line);
        bool valid = true;
        size_t cells = 0;
        while (at < end) {
            uint32_t code = text_next(&at, end, &valid);
            assert_true(valid && code >= 0x20 && code != 0x202e);
        }
        for (at = line; *line == '|' && *at; at++)
            cells += *at == '|' && (at == line || at[-1] != '\\');
        assert_true(cells == 0 || cells == 5);
    }
    free(text);
}

static void test_words_that_would_begin_a_block(void **state)
{
    static const char *const words[][2] = {{"# a", "\\# a"},     {"- a", "\\- a"},    {"+ a", "\\+ a"},
                                           {"> a", "\\> a"},     {"---", "\\---"},    {"===", "\\==="},
                                           {"12. a", "12\\. a"}, {"3) a", "3\\) a"},  {"  \t# a", "\\# a"},
                                           {"1.5 a", "1.5 a"},   {"2026 a", "2026 a"}};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char want[64], *text;
        struct page page;
        page_open(&page, "t", "");
        page_section(&page, "s", "s");
        page_text(&page, BLOCK_TEXT, "%s", words[i][0]);
        page_item(&page, MARK_NONE, "%s", words[i][0]);
        text = written_page(&page, NULL);
        snprintf(want, sizeof want, "\n\n%s\n\n- %s\n", words[i][1], words[i][1]);
        assert_has(text, want);
        free(text);
        page_close(&page);
    }
}

static void test_registry(void **state)
{
    struct page_style style = {0};
    struct error warning = {0}, error = {0};
    struct page page;

    (void)state;
    assert_string_equal(page_writer_for_path("a/report.md")->name, "markdown");
    assert_string_equal(page_writer_for_path("r.txt")->name, "text");
    assert_null(page_writer_for_path("r.doc"));
    assert_null(page_writer_for_path(".md"));
    assert_null(page_writer_for_path(""));
    for (size_t i = 0; page_writers[i]; i++)
        assert_true(page_writers[i]->write && *page_writers[i]->summary && *page_writers[i]->suffix == '.');
    sample_page(&page, "Example");
    assert_int_equal(page_save(&page, &style, "r.doc", &warning, &error), STATUS_MISUSE);
    assert_int_equal(page_save(&page, &style, "/nonexistent/r.md", &warning, &error), STATUS_IO);
    assert_has(error.text, "/nonexistent/r.md: ");
    assert_int_equal(warning.status, STATUS_OK);
    page_close(&page);
}

/* A page that memory ran out on is not written, and what was there stays. */
static void test_without_memory(void **state)
{
    char path[] = "/tmp/pocketmark-page-XXXXXX.md", text[8] = "";
    struct page_style style = {0};
    struct error warning = {0}, error = {0};
    int file = mkstemps(path, 3);
    struct page page;

    (void)state;
    assert_true(file >= 0 && write(file, "before", 6) == 6);
    sample_page(&page, "Example");
    page.failed = true;
    assert_int_equal(page_save(&page, &style, path, &warning, &error), STATUS_MEMORY);
    assert_has(error.text, path);
    assert_int_equal(pread(file, text, sizeof text - 1, 0), 6);
    assert_string_equal(text, "before");
    page_close(&page);
    close(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_block),
        cmocka_unit_test(test_charts_drawn),
        cmocka_unit_test(test_charts_linked),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_words_that_would_begin_a_block),
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
