/* A stand-in for libnvidia-ml.so.1, loaded by POCKETMARK_NVML. It answers from the file that POCKETMARK_FAKE_NVML names, read anew
 * at each call: lines "init CODE", "count N", "handle0 CODE", "energy0 MILLIJOULES", "power0 MILLIWATTS"; an energy or a power
 * that has no line is not supported. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS = 0, NOT_SUPPORTED = 3 };

static int handles[8];

static int look_up(const char *key, unsigned long long *value)
{
    const char *path = getenv("POCKETMARK_FAKE_NVML");
    FILE *file = path ? fopen(path, "r") : NULL;
    char word[32];
    unsigned long long number;
    int found = 0;

    while (file && !found && fscanf(file, "%31s %llu", word, &number) == 2)
        if (strcmp(word, key) == 0) {
            *value = number;
            found = 1;
        }
    if (file)
        fclose(file);
    return found;
}

static int look_up_of(const char *what, const int *handle, unsigned long long *value)
{
    char key[32];

    snprintf(key, sizeof key, "%s%d", what, (int)(handle - handles));
    return look_up(key, value);
}

int nvmlInit_v2(void);
int nvmlShutdown(void);
const char *nvmlErrorString(int result);
int nvmlDeviceGetCount_v2(unsigned *count);
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device);
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules);
int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts);

int nvmlInit_v2(void)
{
    unsigned long long code = SUCCESS;

    look_up("init", &code);
    return (int)code;
}

int nvmlShutdown(void)
{
    return SUCCESS;
}

const char *nvmlErrorString(int result)
{
    return result == 9 ? "Driver Not Loaded" : result == 4 ? "Insufficient Permissions" : "Unknown Error";
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    unsigned long long number = 0;

    look_up("count", &number);
    *count = (unsigned)number;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device)
{
    unsigned long long code = SUCCESS;

    *device = &handles[index % 8];
    look_up_of("handle", *device, &code);
    return (int)code;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules)
{
    return look_up_of("energy", device, millijoules) ? SUCCESS : NOT_SUPPORTED;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts)
{
    unsigned long long number;

    if (!look_up_of("power", device, &number))
        return NOT_SUPPORTED;
    *milliwatts = (unsigned)number;
    return SUCCESS;
}
