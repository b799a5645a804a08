/* runner/detect_show and detect_topology: groups, alignment, and the drawing in all its widths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/host.h"
#include "reports/text.h"
#include "runner/detect_show.h"
#include "runner/detect_topology.h"

#define MACHINES "tests/machines/"

static struct host *read_machine(const char *root)
{
    struct host *host = test_malloc(sizeof *host);
    struct error error = {.text = ""};

    assert_int_equal(host_read(host, root, &error), STATUS_OK);
    return host;
}

/* free() it. */
static char *draw(const struct host *host, struct writer_style style)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    detect_topology_print(host, &style, out);
    fclose(out);
    return text;
}

static void test_hybrid(void **state)
{
    static const char expected[] =
        "  ┌ package 0 ───────────────────────────────────────────────────────────────────┐\n"
        "  │ ┌ L3 24 MiB ───────────────────────────────────────────────────────────────┐ │\n"
        "  │ │ 6 performance cores, 2 threads each, 4.50–4.80 GHz, L2 2 MiB each        │ │\n"
        "  │ │                                                          processors 0-11 │ │\n"
        "  │ │ 2 × 4 efficient cores, 3.80 GHz, L2 2 MiB shared        processors 12-19 │ │\n"
        "  │ └──────────────────────────────────────────────────────────────────────────┘ │\n"
        "  │ 2 low-power cores, 2.50 GHz, L2 2 MiB shared                processors 20-21 │\n"
        "  └──────────────────────────────────────────────────────────────────────────────┘\n";
    struct host *host = read_machine(MACHINES "ultra-laptop");
    char *text = draw(host, (struct writer_style){.utf8 = true, .width = 82});

    (void)state;
    assert_string_equal(text, expected);
    free(text);
    test_free(host);
}

static void test_ascii(void **state)
{
    static const char expected[] = "  + package 0 -------------------------------------------------------+\n"
                                   "  | + L3 16 MiB ---------------------------------------------------+ |\n"
                                   "  | | 4 performance cores, 2 threads each, 5.16 GHz, L2 1 MiB each | |\n"
                                   "  | |                                         processors 0-3,12-15 | |\n"
                                   "  | +--------------------------------------------------------------+ |\n"
                                   "  | + L3 8 MiB ----------------------------------------------------+ |\n"
                                   "  | | 8 efficient cores, 2 threads each, 3.30 GHz, L2 1 MiB each   | |\n"
                                   "  | |                                        processors 4-11,16-23 | |\n"
                                   "  | +--------------------------------------------------------------+ |\n"
                                   "  +------------------------------------------------------------------+\n";
    struct host *host = read_machine(MACHINES "strix-laptop");
    char *text = draw(host, (struct writer_style){.width = 70});

    (void)state;
    assert_string_equal(text, expected);
    free(text);
    test_free(host);
}

/* Every line ends at the same column, colour or not, however narrow. */
static void expect_even(const char *text, size_t width)
{
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        char *copy = strndup(line, strcspn(line, "\n"));
        size_t columns = text_columns(copy);
        if (columns != width)
            fail_msg("%zu columns instead of %zu: %s", columns, width, copy);
        free(copy);
    }
}

static void test_widths(void **state)
{
    static const char *const names[] = {"dual-server", "pixel-phone", "raspberry-pi-5", "vm-bare", "ultra-laptop"};
    static const size_t widths[] = {20, 42, 60, 80, 100, 112, 500};

    (void)state;
    for (size_t m = 0; m < sizeof names / sizeof *names; m++) {
        char root[64];
        struct host *host;

        snprintf(root, sizeof root, MACHINES "%s", names[m]);
        host = read_machine(root);
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            size_t width = widths[w] < 42 ? 42 : widths[w] > 112 ? 112 : widths[w];
            char *text = draw(host, (struct writer_style){.utf8 = w % 2 == 0, .width = widths[w]});
            expect_even(text, width);
            free(text);
        }
        test_free(host);
    }
}

/* A large server: 2 packages of 4 nodes of 2 × 8 cores with two threads, in a drawing that fits a page. */
static void test_large_server(void **state)
{
    struct host *host = test_calloc(1, sizeof *host);
    size_t lines = 0;
    char *text;

    (void)state;
    host->numa_nodes = 8;
    host->core_kinds = 1;
    host->cpu_count = 256;
    for (unsigned i = 0; i < 256; i++) {
        unsigned core = i / 2;
        host->cpus[i] = (struct host_cpu){.os_index = core + i % 2 * 128,
                                          .core = core,
                                          .first_of_core = i % 2 == 0,
                                          .kind = -1,
                                          .package = (int)(core / 64),
                                          .node = (int)(core / 16),
                                          .l3 = (int)(core / 8),
                                          .l2 = (int)core,
                                          .l2_bytes = 1 << 20,
                                          .l3_bytes = 32 << 20};
        host->nodes[core / 16].logical_cpus++;
    }
    text = draw(host, (struct writer_style){.utf8 = true, .width = 100});
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 2 * (2 + 4 * 5));
    assert_non_null(strstr(text, "2 × L3 32 MiB, each with"));
    assert_non_null(strstr(text, "8 cores, 2 threads each, L2 1 MiB each"));
    assert_non_null(strstr(text, "processors 0-15,128-143"));
    free(text);
    test_free(host);
}

static void test_nothing(void **state)
{
    struct host *host = test_calloc(1, sizeof *host);
    char *text = draw(host, (struct writer_style){.width = 80});

    (void)state;
    assert_string_equal(text, "");
    free(text);
    host->cpu_count = 1; /* nothing known of it but that it is there */
    host->core_kinds = 1;
    host->cpus[0] = (struct host_cpu){.package = -1, .node = -1, .l3 = -1, .l2 = -1, .cluster = -1, .kind = -1};
    text = draw(host, (struct writer_style){.width = 60});
    assert_string_equal(text, "  1 core                                         processor 0\n");
    free(text);
    test_free(host);
}

/* ---- groups ------------------------------------------------------------------------------------------------------------ */

static char *show(const struct facts *facts, struct writer_style style)
{
    struct host *host = test_calloc(1, sizeof *host);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    detect_show(facts, host, &style, out);
    fclose(out);
    test_free(host);
    return text;
}

static void test_groups(void **state)
{
    struct facts facts = {0};
    char *text;

    (void)state;
    facts_text(&facts, "os.name", "system", "Debian");
    facts_text(&facts, "energy_sources[0].state", "rapl", "no permission");
    facts_text(&facts, "energy_sources[0].reason", "rapl: why", "run as root");
    facts_text(&facts, "accelerators[0].state", "NPU", "ready");
    facts_null(&facts, "accelerators[0].reason", NULL, "nothing is wrong");
    facts_integer(&facts, "memory.total_bytes", "installed", 8000000000);
    facts_integer(&facts, "memory.other_bytes", NULL, 1);
    facts_null(&facts, "memory.type", "type", "only root may");
    facts_text(&facts, "kind", "kind", "laptop");
    text = show(&facts, (struct writer_style){.width = 80});
    assert_string_equal(text, "Device\n"
                              "  kind       laptop\n"
                              "\n"
                              "Memory\n"
                              "  installed  8.00 GB\n"
                              "  type       unknown: only root may\n"
                              "\n"
                              "Accelerators\n"
                              "  NPU        ready\n"
                              "\n"
                              "Energy\n"
                              "  rapl       no permission: run as root\n"
                              "\n"
                              "Software\n"
                              "  system     Debian\n");
    assert_null(strchr(text, '\033'));
    free(text);
    text = show(&facts, (struct writer_style){.width = 80, .colour = true});
    assert_non_null(strstr(text, "\033[1mDevice\033[0m\n"));
    free(text);
    facts_free(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hybrid),       cmocka_unit_test(test_ascii),   cmocka_unit_test(test_widths),
        cmocka_unit_test(test_large_server), cmocka_unit_test(test_nothing), cmocka_unit_test(test_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
