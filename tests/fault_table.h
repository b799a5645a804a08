/* The table of tests/faults.c, as the environment gives it. Included there alone. */
#ifndef POCKETMARK_TESTS_FAULT_TABLE_H
#define POCKETMARK_TESTS_FAULT_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FAULTS_MAX = 32, ERRNO_MAX = 140, SHORT_COUNT = -1 };

struct fault {
    const char *call, *path;
    int error; /* an errno value, or SHORT_COUNT */
    long nth;  /* 0: every call */
    bool onwards;
    atomic_long seen;
};

static struct fault faults[FAULTS_MAX];
static size_t fault_count;
static char table[4096];

static void table_refuse(const char *row, const char *why)
{
    fprintf(stderr, "faults: row '%s' of POCKETMARK_FAULTS: %s\n", row, why);
    _exit(99);
}

static int errno_from_name(const char *name)
{
    if (strcmp(name, "SHORT") == 0)
        return SHORT_COUNT;
    for (int error = 1; error < ERRNO_MAX; error++) {
        const char *known = strerrorname_np(error);
        if (known && strcmp(known, name) == 0)
            return error;
    }
    return 0;
}

static void row_read_nth(struct fault *fault, char *row, const char *original)
{
    char *field = strrchr(row, ':'), *end = NULL;
    if (!field || field[1] < '0' || field[1] > '9')
        return;
    fault->nth = strtol(field + 1, &end, 10);
    fault->onwards = *end == '+';
    if (fault->nth < 1 || strcmp(end, fault->onwards ? "+" : "") != 0)
        table_refuse(original, "the count must be a number from 1, with + for 'and all that follow'");
    *field = '\0';
}

static void row_read(struct fault *fault, char *row)
{
    static const char *const calls[] = {"open",   "opendir", "read", "write", "fsync",
                                        "rename", "mkdir",   "mmap", "fork",  NULL};
    char original[256];
    snprintf(original, sizeof original, "%s", row);
    row_read_nth(fault, row, original);
    char *path = strchr(row, ':'), *error = strrchr(row, ':');
    if (!path || path == error)
        table_refuse(original, "must be CALL:PATH:ERRNO[:NTH]");
    *path++ = '\0';
    *error++ = '\0';
    fault->call = row;
    fault->path = strcmp(path, "*") == 0 ? "" : path;
    fault->error = errno_from_name(error);
    size_t known = 0;
    while (calls[known] && strcmp(calls[known], row) != 0)
        known++;
    if (!calls[known])
        table_refuse(original, "no such call");
    if (!fault->error)
        table_refuse(original, "no such errno name");
    if (fault->error == SHORT_COUNT && strcmp(row, "read") != 0 && strcmp(row, "write") != 0)
        table_refuse(original, "SHORT is for read and write");
}

__attribute__((constructor)) static void table_read(void)
{
    const char *text = getenv("POCKETMARK_FAULTS");
    if (!text || !*text)
        return;
    if (strlen(text) >= sizeof table)
        table_refuse("(all)", "too long");
    strcpy(table, text);
    char *next = NULL;
    for (char *row = strtok_r(table, ",", &next); row; row = strtok_r(NULL, ",", &next)) {
        if (fault_count == FAULTS_MAX)
            table_refuse(row, "too many rows");
        row_read(&faults[fault_count], row);
        fault_count++;
    }
}

/* 0, an errno value, or SHORT_COUNT; counts the call. */
static int fault_of(const char *call, const char *path)
{
    for (size_t i = 0; i < fault_count; i++) {
        struct fault *fault = &faults[i];
        if (strcmp(fault->call, call) != 0 || !strstr(path, fault->path))
            continue;
        long seen = atomic_fetch_add(&fault->seen, 1) + 1;
        if (fault->nth == 0 || seen == fault->nth || (fault->onwards && seen > fault->nth))
            return fault->error;
    }
    return 0;
}

#endif
