#include "devices/counters.h"

#include <fcntl.h>
#include <papi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What to count, in the order of preference; the first that the processor has is taken. The cache meant is the last
 * level. */
static const char *const event_names[COUNTER_COUNT][3] = {
    [COUNTER_CYCLES] = {"PAPI_TOT_CYC", "perf::CYCLES", NULL},
    [COUNTER_INSTRUCTIONS] = {"PAPI_TOT_INS", "perf::INSTRUCTIONS", NULL},
    [COUNTER_CACHE_MISSES] = {"PAPI_L3_TCM", "perf::LLC-LOAD-MISSES", "perf::CACHE-MISSES"},
};

struct counters {
    int events;                /* PAPI's event set, PAPI_NULL: none */
    int place[COUNTER_COUNT];  /* where the counter stands in the set, -1: absent */
    bool initialised, running; /* initialised: by us, so that we shut it down */
    char reason[256];
};

/* PAPI and its components print on their own account. Returns the descriptor to give back, -1 where nothing was
 * changed. */
static int stderr_silence(void)
{
    int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    fflush(stderr);
    if (kept >= 0 && nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    if (nowhere >= 0)
        close(nowhere);
    return kept;
}

static void stderr_restore(int kept)
{
    if (kept < 0)
        return;
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
}

static bool library_open(struct counters *counters)
{
    int version;

    if (PAPI_is_initialized() != PAPI_NOT_INITED)
        return true;
    version = PAPI_library_init(PAPI_VER_CURRENT);
    if (version != PAPI_VER_CURRENT) {
        snprintf(counters->reason, sizeof counters->reason, "PAPI cannot start: %s",
                 version > 0 ? "the library is of another version" : PAPI_strerror(version));
        return false;
    }
    counters->initialised = true;
    return true;
}

static void explain(struct counters *counters, int problem)
{
    const PAPI_component_info_t *component = PAPI_get_component_info(0);
    bool disabled = component && component->disabled_reason[0];

    snprintf(counters->reason, sizeof counters->reason, "no hardware counters: PAPI says \"%.150s\"%s",
             disabled ? component->disabled_reason : PAPI_strerror(problem),
             problem == PAPI_EPERM ? "; lower /proc/sys/kernel/perf_event_paranoid to 2" : "");
}

/* Threads that are created later count too; PAPI takes that option only once the set is tied to a component. */
static bool set_open(struct counters *counters)
{
    PAPI_option_t option;
    int problem;

    problem = PAPI_create_eventset(&counters->events);
    if (problem == PAPI_OK)
        problem = PAPI_assign_eventset_component(counters->events, 0);
    if (problem == PAPI_OK) {
        memset(&option, 0, sizeof option);
        option.inherit.inherit = PAPI_INHERIT_ALL;
        option.inherit.eventset = counters->events;
        problem = PAPI_set_opt(PAPI_INHERIT, &option);
    }
    if (problem != PAPI_OK)
        explain(counters, problem);
    return problem == PAPI_OK;
}

static void events_add(struct counters *counters)
{
    int count = 0, problem = PAPI_OK;

    for (int i = 0; i < COUNTER_COUNT; i++)
        for (int j = 0; j < 3 && event_names[i][j] && counters->place[i] < 0; j++) {
            int one = PAPI_add_named_event(counters->events, event_names[i][j]);

            if (one == PAPI_OK)
                counters->place[i] = count++;
            else if (problem == PAPI_OK)
                problem = one;
        }
    if (!count)
        explain(counters, problem);
}

struct counters *counters_open(void)
{
    struct counters *counters = calloc(1, sizeof *counters);
    int kept;

    if (!counters)
        return NULL;
    counters->events = PAPI_NULL;
    for (int i = 0; i < COUNTER_COUNT; i++)
        counters->place[i] = -1;
    kept = stderr_silence();
    if (library_open(counters) && set_open(counters))
        events_add(counters);
    stderr_restore(kept);
    return counters;
}

const char *counters_reason(const struct counters *counters)
{
    return counters->reason;
}

void counters_start(struct counters *counters)
{
    if (!counters->reason[0] && !counters->running)
        counters->running = PAPI_start(counters->events) == PAPI_OK;
}

void counters_stop(struct counters *counters, uint64_t values[COUNTER_COUNT], bool valid[COUNTER_COUNT])
{
    long long read[COUNTER_COUNT] = {0};
    bool well = counters->running && PAPI_stop(counters->events, read) == PAPI_OK;

    counters->running = false;
    for (int i = 0; i < COUNTER_COUNT; i++) {
        int place = counters->place[i];

        valid[i] = well && place >= 0 && read[place] >= 0;
        values[i] = valid[i] ? (uint64_t)read[place] : 0;
    }
    /* No program runs without instructions: counters that all stand still count nothing at all. */
    for (int i = COUNTER_CYCLES; i <= COUNTER_INSTRUCTIONS; i++)
        if (valid[i] && values[i] == 0)
            memset(valid, 0, COUNTER_COUNT * sizeof *valid);
}

void counters_close(struct counters *counters)
{
    uint64_t values[COUNTER_COUNT];
    bool valid[COUNTER_COUNT];

    if (!counters)
        return;
    if (counters->running)
        counters_stop(counters, values, valid);
    if (counters->events != PAPI_NULL) {
        PAPI_cleanup_eventset(counters->events);
        PAPI_destroy_eventset(&counters->events);
    }
    if (counters->initialised)
        PAPI_shutdown();
    free(counters);
}
