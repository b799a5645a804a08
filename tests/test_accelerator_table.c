/* devices/accelerator_table: rows are well formed, and none hides another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "devices/accelerator_table.h"

static const struct accelerator_device *const devices = accelerator_devices;

/* What a device would tell of itself for this word to hold. */
struct told {
    char pci[32], class[8], compatible[96], soc[96], board[96], node[96];
    struct accelerator_identity identity;
};

static void put_part(struct told *told, const char *part)
{
    struct {
        const char *beginning;
        char *text;
        size_t size;
        const char **field;
    } fields[] = {
        {"pci:", told->pci, sizeof told->pci, &told->identity.pci},
        {"class:", told->class, sizeof told->class, &told->identity.class},
        {"of:", told->compatible, sizeof told->compatible, &told->identity.compatible},
        {"soc:", told->soc, sizeof told->soc, &told->identity.soc},
        {"board:", told->board, sizeof told->board, &told->identity.board},
        {"node:", told->node, sizeof told->node, &told->identity.node},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strncmp(part, fields[i].beginning, strlen(fields[i].beginning)) == 0) {
            snprintf(fields[i].text, fields[i].size, "%s", part + strlen(fields[i].beginning));
            *fields[i].field = fields[i].text;
            return;
        }
    fail_msg("'%s' is no part of a match", part);
}

/* The first row that it holds for; of what a board's name tells, which may be several, only rows of the same drivers. */
static const struct accelerator_device *find_first(const struct told *told, const char *stacks)
{
    if (!told->identity.soc)
        return accelerator_find(&told->identity);
    for (size_t i = 0; i < accelerator_device_count; i++)
        if (strcmp(devices[i].stacks, stacks) == 0 && accelerator_matches(devices[i].match, &told->identity))
            return &devices[i];
    return NULL;
}

/* Each word of each row leads to that row, so that no row before it takes its devices away. */
static void test_matches(void **state)
{
    (void)state;
    for (size_t i = 0; i < accelerator_device_count; i++) {
        const char *match = devices[i].match, *parts;
        char word[160], part[96];

        while (accelerator_next_word(&match, " ", word, sizeof word)) {
            struct told told = {.pci = ""};
            const struct accelerator_device *found;
            for (parts = word; accelerator_next_word(&parts, "&", part, sizeof part);)
                put_part(&told, part);
            found = find_first(&told, devices[i].stacks);
            if (found != &devices[i])
                fail_msg("'%s' of %s finds %s", word, devices[i].name, found ? found->name : "nothing");
        }
    }
}

static void test_identities(void **state)
{
    static const struct {
        struct accelerator_identity identity;
        const char *name; /* NULL: none */
    } cases[] = {
        {{.pci = "8086:7d1d:04", .class = "120000"}, "NPU 37xx (Meteor Lake)"},
        {{.pci = "8086:7d1d"}, "NPU 37xx (Meteor Lake)"},
        {{.pci = "8086:7d1"}, NULL},
        {{.pci = "8086:1502:04", .class = "020000"}, NULL},
        {{.pci = "1022:17f0:11"}, "XDNA 2 NPU (Strix Halo)"},
        {{.pci = "1022:17f0:20"}, "XDNA 2 NPU (Krackan)"},
        {{.pci = "1022:17f0:99"}, "XDNA 2 NPU"},
        {{.pci = "10de:2330:a1", .class = "030200"}, "GPU"},
        {{.pci = "10de:22ba:a1", .class = "040300"}, NULL},
        {{.pci = "10de:2330:a1", .class = ""}, NULL},
        {{.compatible = "arm,mali-bifrost", .board = "x rockchip,rk3588"}, "Mali-G610 (RK3588)"},
        {{.compatible = "rockchip,rk3566-mali arm,mali-bifrost", .board = "rockchip,rk3566"}, "Mali"},
        {{.compatible = "arm,mali-bifrost-x"}, NULL},
        {{.compatible = "", .soc = "", .node = ""}, NULL},
        {{.board = "rockchip,rk3588"}, NULL}, /* a condition alone matches nothing */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct accelerator_device *device = accelerator_find(&cases[i].identity);
        if (!device != !cases[i].name || (device && strcmp(device->name, cases[i].name) != 0))
            fail_msg("case %zu finds %s", i, device ? device->name : "nothing");
    }
}

static void test_devices(void **state)
{
    (void)state;
    for (size_t i = 0; i < accelerator_device_count; i++) {
        const struct accelerator_claim *claim = &devices[i].claim;
        const char *stacks = devices[i].stacks;
        char driver[32];

        while (accelerator_next_word(&stacks, " ", driver, sizeof driver))
            if (!accelerator_stack_of(driver))
                fail_msg("%s: no stack of the driver %s", devices[i].name, driver);
        if (claim->most_tops == 0)
            assert_null(claim->source);
        else if (claim->least_tops <= 0 || claim->least_tops > claim->most_tops || !claim->source)
            fail_msg("%s: the claim is not whole", devices[i].name);
        assert_true(strlen(devices[i].name) < sizeof((struct accelerator *)0)->name);
        assert_true(strlen(devices[i].vendor) < sizeof((struct accelerator *)0)->vendor);
    }
}

static bool is_used(const char *driver)
{
    for (size_t i = 0; i < accelerator_device_count; i++) {
        const char *stacks = devices[i].stacks;
        char word[32];
        while (accelerator_next_word(&stacks, " ", word, sizeof word))
            if (strcmp(word, driver) == 0)
                return true;
    }
    return false;
}

/* Every stack is one that a device names, has all its remedies, and the names that fit where they are put. */
static void test_stacks(void **state)
{
    (void)state;
    for (size_t i = 0; i < accelerator_stack_count; i++) {
        const struct accelerator_stack *stack = &accelerator_stacks[i];
        const char *choices = stack->nodes;
        char choice[160];

        if (!is_used(stack->driver))
            fail_msg("no device is driven by %s", stack->driver);
        assert_ptr_equal(accelerator_stack_of(stack->driver), stack);
        assert_true(stack->load && *stack->load && stack->install && *stack->install && *stack->runtime);
        assert_true(strlen(stack->driver) < sizeof((struct accelerator *)0)->driver);
        while (accelerator_next_word(&choices, "|", choice, sizeof choice))
            if (strcmp(choice, "accel") != 0 && strcmp(choice, "render") != 0 && strncmp(choice, "dev/", 4) != 0)
                fail_msg("%s: '%s' is no node", stack->driver, choice);
    }
}

static void test_words(void **state)
{
    const char *list = " | a||b ", *empty = "";
    char word[4], cut[2];

    (void)state;
    assert_true(accelerator_next_word(&list, " |", word, sizeof word));
    assert_string_equal(word, "a");
    assert_true(accelerator_next_word(&list, " |", word, sizeof word));
    assert_string_equal(word, "b");
    assert_false(accelerator_next_word(&list, " |", word, sizeof word));
    assert_false(accelerator_next_word(&empty, " ", word, sizeof word));
    list = "long next";
    assert_true(accelerator_next_word(&list, " ", cut, sizeof cut));
    assert_string_equal(cut, "l");
    assert_true(accelerator_next_word(&list, " ", word, sizeof word));
    assert_string_equal(word, "nex");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches), cmocka_unit_test(test_identities), cmocka_unit_test(test_devices),
        cmocka_unit_test(test_stacks),  cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
